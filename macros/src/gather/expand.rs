//! The code of a `gather!`.
//!
//! The children are a list of pairs, so that there may be any number; a closure makes a tuple of their results.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;

use super::parse::Gather;

pub(super) fn expand(gather: &Gather) -> TokenStream {
    let Gather { children, return_exceptions } = gather;
    let private = quote!(::asyncio::__private);
    let names: Vec<Ident> =
        (0..children.len()).map(|index| format_ident!("result{index}", span = Span::mixed_site())).collect();
    let tasks = children.iter().rev().fold(quote!(()), |rest, child| {
        // The span of the child, so that what it lacks is said there, and once.
        let task = quote_spanned!(child.span()=> ::asyncio::__private::child(#child));
        quote_spanned!(child.span()=> (#task, #rest))
    });
    let pairs = names.iter().rev().fold(quote!(()), |rest, name| quote!((#name, #rest)));
    let tuple = quote!((#(#names,)*));
    if *return_exceptions {
        quote!(#private::gather(#tasks).return_exceptions().map(|#pairs| #tuple))
    } else {
        quote!(#private::gather(#tasks).map(|#pairs| #tuple))
    }
}
