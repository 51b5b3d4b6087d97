//! Where generated code claims to stand.
//!
//! Generated tokens normally stand at the attribute, and so would the arrow of a type error about them. Laid over the part of
//! the user's code that decides their type, they bring the arrow there. Names in them are still looked up as the macro's own.

use proc_macro2::{Delimiter, Group, Span, TokenStream};
use quote::ToTokens;

/// The first and the last token of a piece of the user's code; the compiler shows all that is between.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) first: Span,
    pub(crate) last: Span,
}

impl Place {
    /// Over `tokens`, which must not be empty.
    pub(crate) fn over(tokens: impl ToTokens) -> Self {
        let mut spans = tokens.to_token_stream().into_iter().map(|token| token.span());
        let first = spans.next().unwrap_or_else(Span::call_site);
        Self::between(first, spans.last().unwrap_or(first))
    }

    /// At one token.
    pub(crate) fn at(span: Span) -> Self {
        Self::between(span, span)
    }

    fn between(first: Span, last: Span) -> Self {
        let laid_over = |span| Span::mixed_site().located_at(span);
        Self { first: laid_over(first), last: laid_over(last) }
    }

    /// A call of `path` with `arguments`, laid over this place from end to end. The arguments stay where they are.
    pub(crate) fn call(self, path: TokenStream, arguments: TokenStream) -> TokenStream {
        let path = path.into_iter().map(|mut token| {
            token.set_span(self.first);
            token
        });
        let mut brackets = Group::new(Delimiter::Parenthesis, arguments);
        brackets.set_span(self.last);
        path.chain([brackets.into()]).collect()
    }
}

/// `{ … }` around other tokens, in the place of the user's brackets.
pub(crate) fn braced(stream: TokenStream, place: Span) -> Group {
    let mut group = Group::new(Delimiter::Brace, stream);
    group.set_span(place);
    group
}
