//! The plain `main` that starts a loop, runs the user's and turns what it returns into an exit code.

use proc_macro2::TokenStream;
use quote::quote;

use super::parse::Options;
use crate::entry::{self, Plan};
use crate::errors::Errors;
use crate::item::Function;

pub(super) fn expand(function: Function, options: &Options, errors: &Errors) -> TokenStream {
    let debug = options.debug.as_ref().map(|on| quote!(.debug(#on)));
    let strict = options.strict.as_ref().map(|on| quote!(.strict(#on)));
    let plan = Plan {
        attributes: TokenStream::new(),
        output: quote!(-> ::asyncio::__private::std::process::ExitCode),
        runner: quote!(::asyncio::__private::run_main),
        options: quote!(::asyncio::__private::MainOptions::new() #debug #strict),
    };
    if errors.is_empty() {
        entry::wrap(&function, &plan)
    } else {
        let item = entry::fallback(function, &plan);
        quote!(#errors #item)
    }
}
