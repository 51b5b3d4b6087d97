//! The arguments of `#[asyncio::main]`: `debug` and `strict`.

use proc_macro2::TokenStream;

use crate::args::Arguments;
use crate::errors::Errors;

/// What the user asked for; `None` leaves it to the runtime.
#[derive(Debug, Default)]
pub(super) struct Options {
    pub(super) debug: Option<TokenStream>,
    pub(super) strict: Option<TokenStream>,
}

pub(super) fn options(tokens: TokenStream, errors: &mut Errors) -> Options {
    let mut arguments = Arguments::parse(tokens, super::NAME, &["debug", "strict"], errors);
    Options { debug: arguments.switch("debug", errors), strict: arguments.switch("strict", errors) }
}
