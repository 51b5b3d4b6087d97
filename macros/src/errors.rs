//! The mistakes found while one macro expands, kept until all are known and reported at once.
//!
//! A macro that stopped at its first mistake would make the user compile once a mistake. Each error keeps the tokens it is
//! about, so that the arrow sits on what has to change.

use std::fmt::Display;

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;

/// A list of sentences, each with its place.
#[derive(Debug, Default)]
pub(crate) struct Errors(Vec<syn::Error>);

impl Errors {
    /// Adds a mistake whose arrow underlines all of `tokens`, which must not be empty.
    pub(crate) fn push(&mut self, tokens: impl ToTokens, sentence: impl Display) {
        self.0.push(syn::Error::new_spanned(tokens, sentence));
    }

    /// Adds a mistake at one place.
    pub(crate) fn push_at(&mut self, place: Span, sentence: impl Display) {
        self.0.push(syn::Error::new(place, sentence));
    }

    /// Adds all of `others`.
    pub(crate) fn append(&mut self, mut others: Self) {
        self.0.append(&mut others.0);
    }

    /// Whether nothing is wrong.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The sentences, for tests that look at them without a compiler.
    #[cfg(test)]
    pub(crate) fn sentences(&self) -> Vec<String> {
        self.0.iter().map(ToString::to_string).collect()
    }
}

/// One `compile_error!` a mistake; it may stand beside items, in an `impl`, in a trait and in a function.
impl ToTokens for Errors {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        tokens.extend(self.0.iter().map(syn::Error::to_compile_error));
    }
}
