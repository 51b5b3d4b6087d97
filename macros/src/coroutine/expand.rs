//! The plain function that makes the coroutine.

use proc_macro2::{Group, Ident, Span, TokenStream, TokenTree};
use quote::{quote, quote_spanned};

use super::parse::{Coroutine, Output, Statements};
use crate::entry::unraw;
use crate::errors::Errors;
use crate::finally;
use crate::place::braced;

pub(super) fn expand(model: &Coroutine, errors: &Errors) -> TokenStream {
    let Coroutine { attributes, visibility, signature, output, .. } = model;
    let Output { arrow, result, .. } = output;
    let caller = tracks_caller(model);
    let (fn_token, name, generics) = (&signature.fn_token, &signature.ident, &signature.generics);
    let (inputs, clause) = (&signature.inputs, &signature.generics.where_clause);
    let body = body(model);
    // The word `impl` comes from here, so it captures every lifetime, whatever edition the user writes in. An async function
    // may give a future (a task, say) without a remark from clippy, and so may this one.
    quote! {
        #errors
        #(#attributes)*
        #caller
        #[allow(clippy::async_yields_async)]
        #visibility #fn_token #name #generics (#inputs)
            #arrow ::asyncio::Coroutine<impl ::asyncio::__private::core::future::Future<Output = #result>>
        #clause
        #body
    }
}

fn tracks_caller(model: &Coroutine) -> Option<TokenStream> {
    let written = model.attributes.iter().any(|attribute| attribute.path().is_ident("track_caller"));
    (!written).then(|| quote!(#[track_caller]))
}

fn body(model: &Coroutine) -> TokenStream {
    let Some(body) = &model.body else { return quote!(;) };
    let name = unraw(&model.signature.ident);
    let moves = &model.moves;
    let fake = fake_return(&model.output);
    let statements = match body {
        Statements::Plain(body) => body.clone(),
        Statements::Cut { cut, place } => braced(guarded(cut, &fake), *place),
    };
    let future = quote_spanned! {Span::mixed_site().located_at(model.place)=>
        // A block in a `match` is not taken for one with needless brackets, and it is the body's own brackets that stay.
        async move { #moves #fake match () { () => #statements } }
    };
    let caller = quote!(::asyncio::__private::core::panic::Location::caller());
    let call = model.output.place.call(quote!(::asyncio::__private::coroutine), quote!(&#name, #caller, #future));
    quote!({ #call })
}

/// An async block has no return type to write; a `return` that never runs fixes it, and with it what the body may be
/// coerced to.
fn fake_return(output: &Output) -> TokenStream {
    if !output.nameable {
        return TokenStream::new();
    }
    let result = infer_lifetimes(output.result.clone());
    let value = Ident::new("__result", output.place.first);
    // The compiler's notes about the type point at `value`.
    quote! {
        if let ::asyncio::__private::core::option::Option::Some(#value)
            = ::asyncio::__private::core::option::Option::None::<#result>
        {
            return #value;
        }
    }
}

/// The type with its lifetimes left to the compiler: a mistake in one of them is the signature's, and told there once.
fn infer_lifetimes(result: TokenStream) -> TokenStream {
    // The names that a `for<…>` brings cannot be left out.
    if result.clone().into_iter().any(|token| matches!(token, TokenTree::Ident(word) if word == "for")) {
        return result;
    }
    let mut after_quote = false;
    let infer = |token| {
        let is_name = after_quote;
        after_quote = matches!(&token, TokenTree::Punct(sign) if sign.as_char() == '\'');
        match token {
            TokenTree::Ident(name) if is_name && name != "static" => Ident::new("_", name.span()).into(),
            TokenTree::Group(group) => {
                let mut inferred = Group::new(group.delimiter(), infer_lifetimes(group.stream()));
                inferred.set_span(group.span());
                inferred.into()
            }
            token => token,
        }
    };
    result.into_iter().map(infer).collect()
}

/// The statements up to the first `finally!`, then the rest under its guard, then the clean-up.
fn guarded(cut: &finally::Statements, fake: &TokenStream) -> TokenStream {
    let plain = &cut.plain;
    let Some(guard) = &cut.guard else { return plain.clone() };
    let cleanup = &guard.cleanup;
    let rest = guarded(&guard.rest, fake);
    let outcome = Ident::new("__outcome", Span::mixed_site());
    // With the user's own place, `caller()` names the line of the `finally!` and not that of the attribute.
    let place = quote_spanned!(guard.word.span()=> ::asyncio::__private::core::panic::Location::caller());
    quote! {
        #plain
        let #outcome = ::asyncio::__private::guarded(#place, async { #fake #rest }).await;
        match () { () => #cleanup }
        #outcome.resume().await
    }
}
