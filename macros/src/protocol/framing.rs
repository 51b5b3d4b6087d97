//! The arguments `lines`, `delimited`, `length_prefixed` and `max`.

use proc_macro2::{Ident, TokenStream};
use quote::quote;
use syn::{Lit, LitByteStr};

use super::callbacks::Kind;
use crate::args::Arguments;
use crate::errors::Errors;

/// How frames are told apart, as the user wrote it.
#[derive(Debug)]
pub(super) struct Framing {
    /// The argument that says so.
    pub(super) word: Ident,
    pub(super) kind: Kind,
    value: TokenStream,
    max: Option<TokenStream>,
}

impl Framing {
    pub(super) fn parse(arguments: &mut Arguments, errors: &mut Errors) -> Option<Self> {
        let lines = arguments.word("lines", errors).map(|word| (word, Kind::Lines, quote!(lines())));
        let delimited = arguments.tokens("delimited", "delimited = b\"\\0\"", errors).map(|(word, value)| {
            let delimiter = delimiter(value, errors);
            (word, Kind::Frames, quote!(delimited(#delimiter)))
        });
        let prefixed = arguments.tokens("length_prefixed", "length_prefixed = u32", errors).map(|(word, value)| {
            let (width, order) = prefix(value, errors);
            let path = quote!(::asyncio::__private);
            (word, Kind::Frames, quote!(length_prefixed(#path::PrefixWidth::#width, #path::ByteOrder::#order)))
        });
        let mut found = [lines, delimited, prefixed].into_iter().flatten();
        let first = found.next();
        for (word, ..) in found {
            errors.push(&word, format!("frames are told apart in one way: remove `{word}`, or the other one"));
        }
        let max = max(arguments, first.is_some(), errors);
        first.map(|(word, kind, value)| Self { word, kind, value, max })
    }

    /// The expression for it.
    pub(super) fn value(&self) -> TokenStream {
        let Self { value, max, .. } = self;
        let max = max.as_ref().map(|max| quote!(.max(#max)));
        quote!(::asyncio::__private::Framing::#value #max)
    }

    /// The callback that receives the frames.
    pub(super) fn receiver(&self) -> &'static str {
        if self.kind == Kind::Lines { "line_received" } else { "frame_received" }
    }

    pub(super) fn refuse_on_a_struct(&self, errors: &mut Errors) {
        let Self { word, .. } = self;
        let receiver = self.receiver();
        errors.push(word, format!("`{word}` belongs to the `impl` block with `{receiver}`: move the attribute there"));
    }
}

fn delimiter(value: TokenStream, errors: &mut Errors) -> LitByteStr {
    match syn::parse2::<LitByteStr>(value.clone()) {
        Ok(bytes) if !bytes.value().is_empty() => return bytes,
        Ok(bytes) => errors.push(bytes, "a delimiter has at least one byte: write for example `b\"\\0\"`"),
        Err(_) => errors.push(value, "the delimiter is a string of bytes: write for example `b\"\\0\"`"),
    }
    LitByteStr::new(b"\0", proc_macro2::Span::call_site())
}

/// `u32`, `u32 be`, `u32 le`.
fn prefix(value: TokenStream, errors: &mut Errors) -> (Ident, Ident) {
    let words: Vec<String> = value.clone().into_iter().map(|token| token.to_string()).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let width = match words.first() {
        Some(&"u16") => "U16",
        Some(&"u64") => "U64",
        _ => "U32",
    };
    let order = if words.get(1) == Some(&"le") { "Little" } else { "Big" };
    if !matches!(words[..], ["u16" | "u32" | "u64"] | ["u16" | "u32" | "u64", "be" | "le"]) {
        errors.push(
            value,
            "the length is a `u16`, `u32` or `u64`, most significant byte first unless `le` follows: write for example \
             `length_prefixed = u32` or `length_prefixed = u32 le`",
        );
    }
    let ident = |name| Ident::new(name, proc_macro2::Span::call_site());
    (ident(width), ident(order))
}

fn max(arguments: &mut Arguments, framed: bool, errors: &mut Errors) -> Option<TokenStream> {
    let (word, value) = arguments.tokens("max", "max = 1024", errors)?;
    if !framed {
        let sentence = "`max` limits frames, and there are none: write `lines`, `delimited` or `length_prefixed` too, or remove it";
        errors.push(word, sentence);
        return None;
    }
    if matches!(syn::parse2::<Lit>(value.clone()), Ok(literal) if !matches!(literal, Lit::Int(_))) {
        errors.push(&value, "`max` is a number of bytes: write for example `max = 1024`");
        return None;
    }
    Some(value)
}
