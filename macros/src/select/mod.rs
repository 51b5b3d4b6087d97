//! `select!`: a branch a future, of which the first to end runs its arm.

mod expand;
mod parse;
#[cfg(test)]
mod tests;

use proc_macro2::TokenStream;

/// Expands the macro.
pub(crate) fn select(input: TokenStream) -> TokenStream {
    match syn::parse2::<parse::Select>(input) {
        Ok(select) => expand::expand(&select),
        Err(error) => error.to_compile_error(),
    }
}
