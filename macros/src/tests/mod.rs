//! What the tests of all macros share: expanding in process, and reading the result.

mod half_typed;
mod snapshots;

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use syn::LitStr;

/// Expands one macro as the compiler would.
pub(crate) fn expand(name: &str, arguments: TokenStream, item: TokenStream) -> TokenStream {
    match name {
        "main" => crate::main::main(arguments, item),
        "test" => crate::test::test(arguments, item),
        "coroutine" => crate::coroutine::coroutine(arguments, item),
        "protocol" => crate::protocol::protocol(arguments, item),
        "remote" => crate::remote::remote(arguments, item),
        other => panic!("there is no macro `{other}`"),
    }
}

/// The sentences of all `compile_error!`s in an expansion, at any depth.
pub(crate) fn sentences(expansion: &TokenStream) -> Vec<String> {
    let tokens: Vec<TokenTree> = expansion.clone().into_iter().collect();
    let mut found = Vec::new();
    for (index, token) in tokens.iter().enumerate() {
        let TokenTree::Group(group) = token else { continue };
        let is_error = index >= 2 && tokens[index - 2].to_string() == "compile_error";
        if is_error {
            found.push(syn::parse2::<LitStr>(group.stream()).expect("holds a sentence").value());
        } else {
            found.extend(sentences(&group.stream()));
        }
    }
    found
}

/// An expansion without its `compile_error!`s.
pub(crate) fn without_errors(expansion: TokenStream) -> TokenStream {
    let tokens: Vec<TokenTree> = expansion.into_iter().collect();
    let mut kept: Vec<TokenTree> = Vec::new();
    for token in tokens {
        let ends_error = matches!(&token, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace)
            && matches!(kept.as_slice(), [.., word, _] if word.to_string() == "compile_error");
        if ends_error {
            // `::core::compile_error!`
            kept.truncate(kept.len() - 7);
        } else {
            kept.push(token);
        }
    }
    kept.into_iter().collect()
}

/// Asserts that an expansion holds `tokens`, one after the other.
#[track_caller]
pub(crate) fn assert_contains(expansion: &TokenStream, tokens: &TokenStream) {
    let (expansion, tokens) = (flat(expansion), flat(tokens));
    assert!(expansion.contains(&tokens), "this is missing:\n    {tokens}\nin:\n    {expansion}");
}

/// The tokens as text, the same however they were typed: one blank between any two, and no comma before a bracket closes or
/// a body begins.
pub(crate) fn flat(tokens: &TokenStream) -> String {
    let mut text = String::new();
    let mut tokens = tokens.clone().into_iter().peekable();
    while let Some(token) = tokens.next() {
        let before_end = match tokens.peek() {
            None => true,
            Some(TokenTree::Group(group)) => group.delimiter() == Delimiter::Brace,
            Some(_) => false,
        };
        match token {
            TokenTree::Punct(comma) if comma.as_char() == ',' && before_end => {}
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ("( ", ") "),
                    Delimiter::Bracket => ("[ ", "] "),
                    Delimiter::Brace => ("{ ", "} "),
                    Delimiter::None => ("", ""),
                };
                text.extend([open, &flat(&group.stream()), close]);
            }
            token => text.extend([&token.to_string(), " "]),
        }
    }
    text
}
