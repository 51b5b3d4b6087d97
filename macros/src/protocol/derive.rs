//! The code beside a struct: every callback goes to the inner field, or nowhere, unless an `impl` block with
//! `#[asyncio::protocol(overrides)]` handles it.
//!
//! The two attributes do not see each other. They meet in a method call: a type's own methods are found before those of a
//! trait, so a hidden method that the `impl` block adds wins over the one of the same name that the struct brings.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote, quote_spanned};
use syn::{Field, ItemStruct, Member};

use super::callbacks::{Answer, Callback, STREAM};
use super::expand::{argument_name, callback_name, conditions, hidden_name, signature};
use super::parse::inner_field;
use crate::errors::Errors;
use crate::place::Place;

pub(super) fn expand(mut item: ItemStruct, mut errors: Errors) -> TokenStream {
    let inner = inner_field(&mut item, &mut errors).map(|(index, field)| Inner::new(index, &field));
    let conditions = conditions(&item.attrs);
    let name = &item.ident;
    let (parameters, arguments, _) = item.generics.split_for_impl();
    let written = item.generics.where_clause.iter().flat_map(|clause| &clause.predicates);
    let needs = inner.as_ref().map(|inner| &inner.needs);
    let alive = (!item.generics.params.is_empty()).then(|| quote!(Self: 'static,));
    let predicates = quote!(#(#written,)* #alive #needs);
    let clause = (!predicates.is_empty()).then(|| quote!(where #predicates));
    let declared = STREAM.iter().map(|callback| signature(callback, &hidden_name(callback), |_| true));
    let inherited = STREAM.iter().map(|callback| inherited(callback, inner.as_ref()));
    let callbacks = STREAM.iter().map(find);
    quote! {
        #errors
        #item
        #(#conditions)*
        const _: () = {
            #[allow(dead_code)]
            trait Inherited {
                #(#declared;)*
            }
            #[automatically_derived]
            impl #parameters Inherited for #name #arguments #clause {
                #(#inherited)*
            }
            #[automatically_derived]
            impl #parameters ::asyncio::__private::Protocol for #name #arguments #clause {
                #(#callbacks)*
            }
        };
    }
}

/// The field that the callbacks go to.
struct Inner {
    member: Member,
    /// Its type is a protocol: asked for where the user wrote the type.
    needs: TokenStream,
}

impl Inner {
    fn new(index: usize, field: &Field) -> Self {
        let member = field.ident.clone().map_or(Member::from(index), Member::Named);
        let inner_type = &field.ty;
        let Place { first, .. } = Place::over(inner_type);
        Self { member, needs: quote_spanned!(first=> #inner_type: ::asyncio::__private::Protocol,) }
    }
}

/// What happens to a callback that is not overridden.
fn inherited(callback: &Callback, inner: Option<&Inner>) -> TokenStream {
    let name = callback_name(callback);
    let signature = signature(callback, &hidden_name(callback), |_| inner.is_some());
    let body = if let Some(Inner { member, .. }) = inner {
        let given = callback.arguments.iter().map(|argument| argument_name(*argument));
        quote!(::asyncio::__private::Protocol::#name(&mut self.#member, #(#given),*))
    } else {
        let value = if callback.answer == Answer::Bool { quote!(false) } else { quote!(()) };
        quote!(::asyncio::__private::core::result::Result::Ok(#value))
    };
    quote!(#signature { #body })
}

/// The callback itself: the overriding method if there is one, else the inherited one.
fn find(callback: &Callback) -> TokenStream {
    let signature = signature(callback, &callback_name(callback), |_| true);
    let hidden = hidden_name(callback).into_token_stream();
    let given = callback.arguments.iter().map(|argument| argument_name(*argument));
    quote!(#signature { self.#hidden(#(#given),*) })
}
