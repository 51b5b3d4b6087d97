//! `#[asyncio::remote]`: a function that other processes can call.

mod expand;
mod signature;
#[cfg(test)]
mod tests;
mod validate;

use proc_macro2::TokenStream;

use crate::errors::Errors;
use crate::item::Item;

const NAME: &str = "#[asyncio::remote]";

/// Expands the attribute: `arguments` stood in its parentheses, `item` below it.
pub(crate) fn remote(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    if !arguments.is_empty() {
        errors.push(&arguments, format!("`{NAME}` takes no arguments: remove the parentheses"));
    }
    match Item::parse(item.clone()) {
        Item::Function(mut function) => {
            if validate::validate(&mut function, &mut errors) {
                expand::expand(&function, &errors)
            } else {
                // What it would become cannot be said; as it is, it can at least be called.
                quote::quote!(#errors #function)
            }
        }
        Item::HalfTyped => item,
        Item::Other => crate::item::misplaced(&item, NAME, "a free function", &mut errors),
    }
}
