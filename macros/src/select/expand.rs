//! The code of a `select!`.
//!
//! Branches and values are lists of pairs, so that there may be any number. Arms run after everything was awaited, in the
//! function that the macro stands in: they may await, return and break.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;

use super::parse::{Branch, Select};

pub(super) fn expand(select: &Select) -> TokenStream {
    let private = quote!(::asyncio::__private);
    let value = Ident::new("value", Span::mixed_site());
    let mut futures = quote!(#private::Last);
    for Branch { keep, future, .. } in select.branches.iter().rev() {
        let maker = Ident::new(if *keep { "kept" } else { "branch" }, future.span());
        // The span of the future, so that what it lacks is said there, and once.
        futures = quote_spanned!(future.span()=> ::asyncio::__private::#maker(#future, #futures));
    }
    let arms = select.branches.iter().enumerate().map(|(index, Branch { pattern, arm, .. })| {
        let mut place = quote!(#private::Selected::This(#value));
        for _ in 0..index {
            place = quote!(#private::Selected::Later(#place));
        }
        quote!(#place => { let #pattern = #value; #arm })
    });
    let mut rest = quote!(#value);
    for _ in &select.branches {
        rest = quote!(#private::Selected::Later(#rest));
    }
    quote! {{
        let #value = #private::select(#futures).await;
        match #value {
            #(#arms)*
            #rest => match #value {},
        }
    }}
}
