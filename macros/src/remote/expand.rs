//! The `static` of the function's name: the function itself inside, and beside it what lets a worker find it.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Attribute, FnArg, ReturnType, Type};

use super::signature::number;
use crate::entry::unraw;
use crate::errors::Errors;
use crate::item::Function;
use crate::place::Place;

pub(super) fn expand(function: &Function, errors: &Errors) -> TokenStream {
    let (outer, inner): (Vec<&Attribute>, Vec<&Attribute>) = function.attributes.iter().partition(|a| is_of_item(a));
    let Function { visibility, signature, body, .. } = function;
    let name = &signature.ident;
    let text = unraw(name);
    let number = number(signature);
    let types: Vec<&Type> = signature
        .inputs
        .iter()
        .filter_map(|input| match input {
            FnArg::Typed(argument) => Some(&*argument.ty),
            FnArg::Receiver(_) => None,
        })
        .collect();
    let output = match &signature.output {
        ReturnType::Default => quote!(()),
        ReturnType::Type(_, output) => quote!(#output),
    };
    let pointer = quote!(fn(#(#types),*) -> #output);
    let path = quote!(::asyncio::__private::core::concat!(::asyncio::__private::core::module_path!(), "::", #text));
    // Laid over the signature, so that the arrow of what its types lack is there.
    let place = Place::over(quote!(#name #(#types)* #output));
    let answer = place.call(quote!(::asyncio::__private::answer), quote!(#name as #pointer, arguments));
    quote! {
        #errors
        #(#outer)*
        #[allow(non_upper_case_globals)]
        #visibility static #name: ::asyncio::RemoteFunction<#pointer> = {
            #(#inner)*
            #signature #body
            ::asyncio::__private::inventory::submit! {
                ::asyncio::__private::Entry::new(
                    #path,
                    #number,
                    ::asyncio::__private::core::concat!(
                        ::asyncio::__private::core::file!(), ":", ::asyncio::__private::core::line!()
                    ),
                    |arguments| #answer,
                )
            }
            ::asyncio::RemoteFunction::new(#path, #number, #name as #pointer)
        };
    }
}

/// Whether an attribute is about the item that others see, and not about the function inside.
fn is_of_item(attribute: &Attribute) -> bool {
    const OF_ITEMS: [&str; 5] = ["cfg", "cfg_attr", "deprecated", "doc", "expect"];
    const OF_BOTH: [&str; 4] = ["allow", "deny", "forbid", "warn"];
    OF_ITEMS.iter().chain(&OF_BOTH).any(|name| attribute.path().is_ident(name))
}
