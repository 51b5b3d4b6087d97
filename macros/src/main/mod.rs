//! `#[asyncio::main]`: the function where the program starts.

mod expand;
mod parse;
#[cfg(test)]
mod tests;

use proc_macro2::TokenStream;

use crate::errors::Errors;
use crate::item::Item;

const NAME: &str = "#[asyncio::main]";

/// Expands the attribute: `arguments` stood in its parentheses, `item` below it.
pub(crate) fn main(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let options = parse::options(arguments, &mut errors);
    match Item::parse(item.clone()) {
        Item::Function(mut function) => {
            function.refuse_twice("main", &mut errors);
            crate::entry::validate(&mut function, NAME, "the main function", &mut errors);
            expand::expand(*function, &options, &errors)
        }
        Item::HalfTyped => item,
        Item::Other => crate::item::misplaced(&item, NAME, "an `async fn`", &mut errors),
    }
}
