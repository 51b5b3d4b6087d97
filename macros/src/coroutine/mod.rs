//! `#[asyncio::coroutine]`: an async function whose calls are values with a name and a place.

mod expand;
mod parse;
#[cfg(test)]
mod tests;

use proc_macro2::TokenStream;

use crate::errors::Errors;
use crate::item::Item;

const NAME: &str = "#[asyncio::coroutine]";

/// Expands the attribute: `arguments` stood in its parentheses, `item` below it.
pub(crate) fn coroutine(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    if !arguments.is_empty() {
        errors.push(&arguments, format!("`{NAME}` takes no arguments: remove the parentheses"));
    }
    match Item::parse(item.clone()) {
        Item::Function(function) => {
            let model = parse::Coroutine::new(*function, &mut errors);
            expand::expand(&model, &errors)
        }
        Item::HalfTyped => item,
        Item::Other => crate::item::misplaced(&item, NAME, "an `async fn`", &mut errors),
    }
}
