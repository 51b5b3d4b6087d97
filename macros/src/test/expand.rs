//! The plain `#[test]` that starts a loop, runs the user's and fails as it says.

use proc_macro2::{Literal, TokenStream};
use quote::{ToTokens, quote};

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
    let seed = options.seed.as_ref().map(|seed| quote!(.seed(#seed)));
    let seeds = options.seeds.as_ref().map(|seeds| quote!(.seeds(#seeds)));
    // With seeds it runs several times, so there is no one value to return.
    let (output, runner) = if seed.is_some() || seeds.is_some() {
        (quote!(), quote!(run_seeds))
    } else {
        (function.signature.output.to_token_stream(), quote!(run_test))
    };
    let plan = Plan {
        attributes: quote!(#[::asyncio::__private::core::prelude::v1::test]),
        output,
        runner: quote!(::asyncio::__private::#runner),
        options: quote!(::asyncio::__private::TestOptions::new() #timeout #virtual_time #debug #seed #seeds),
    };
    if errors.is_empty() {
        entry::wrap(&function, &plan)
    } else {
        let item = entry::fallback(function, &plan);
        quote!(#errors #item)
    }
}
