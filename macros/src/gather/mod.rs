//! `gather!`: things of different types at once, and all their results as a tuple.

mod expand;
mod parse;
#[cfg(test)]
mod tests;

use proc_macro2::TokenStream;

/// Expands the macro.
pub(crate) fn gather(input: TokenStream) -> TokenStream {
    match syn::parse2::<parse::Gather>(input) {
        Ok(gather) => expand::expand(&gather),
        Err(error) => error.to_compile_error(),
    }
}
