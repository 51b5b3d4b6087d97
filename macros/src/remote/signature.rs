//! The number that stands for a signature: caller and worker must mean the same function.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{FnArg, Signature};

/// FNV-1a, the number of a text in one line: nobody attacks it, and it stays the same from build to build.
const BASIS: u64 = 0xcbf2_9ce4_8422_2325;
const PRIME: u64 = 0x0000_0100_0000_01b3;

/// The number of the types of the arguments and of the result, as they are written.
pub(super) fn number(signature: &Signature) -> u64 {
    let mut number = BASIS;
    for input in &signature.inputs {
        if let FnArg::Typed(argument) = input {
            add_tokens(&mut number, argument.ty.to_token_stream());
        }
        add(&mut number, ",");
    }
    add_tokens(&mut number, signature.output.to_token_stream());
    number
}

fn add_tokens(number: &mut u64, tokens: TokenStream) {
    for token in tokens {
        match token {
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Brace => ("{", "}"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::None => ("", ""),
                };
                add(number, open);
                add_tokens(number, group.stream());
                add(number, close);
            }
            // One by one: how tokens are spaced is nobody's promise.
            token => add(number, &token.to_string()),
        }
    }
}

fn add(number: &mut u64, text: &str) {
    for byte in text.bytes().chain([b' ']) {
        *number = (*number ^ u64::from(byte)).wrapping_mul(PRIME);
    }
}
