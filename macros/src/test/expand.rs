//! The plain `#[test]` that starts a loop, runs the user's and fails as it says.

use proc_macro2::{Literal, TokenStream};
use quote::quote;

use super::parse::Options;
use crate::entry::{self, Plan};
use crate::errors::Errors;
use crate::item::Function;

pub(super) fn expand(function: Function, options: &Options, errors: &Errors) -> TokenStream {
    let timeout = options.timeout.map(|limit| {
        let seconds = Literal::u64_unsuffixed(limit.as_secs());
        let nanoseconds = Literal::u32_unsuffixed(limit.subsec_nanos());
        quote!(.timeout(::asyncio::__private::core::time::Duration::new(#seconds, #nanoseconds)))
    });
    let virtual_time = options.virtual_time.as_ref().map(|on| quote!(.virtual_time(#on)));
    let debug = options.debug.as_ref().map(|on| quote!(.debug(#on)));
    let output = &function.signature.output;
    let plan = Plan {
        attributes: quote!(#[::asyncio::__private::core::prelude::v1::test]),
        output: quote!(#output),
        runner: quote!(::asyncio::__private::run_test),
        options: quote!(::asyncio::__private::TestOptions::new() #timeout #virtual_time #debug),
    };
    if errors.is_empty() {
        entry::wrap(&function, &plan)
    } else {
        let item = entry::fallback(function, &plan);
        quote!(#errors #item)
    }
}
