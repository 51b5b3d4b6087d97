//! `#[asyncio::test]`: a test that runs on a loop of its own.

mod expand;
mod parse;
#[cfg(test)]
mod tests;

use proc_macro2::TokenStream;

use crate::errors::Errors;
use crate::item::{Function, Item};

const NAME: &str = "#[asyncio::test]";

/// Expands the attribute: `arguments` stood in its parentheses, `item` below it.
pub(crate) fn test(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let options = parse::options(arguments, &mut errors);
    match Item::parse(item.clone()) {
        Item::Function(mut function) => {
            function.refuse_twice("test", &mut errors);
            refuse_plain_test(&mut function, &mut errors);
            crate::entry::validate(&mut function, NAME, "a test", &mut errors);
            expand::expand(*function, &options, &errors)
        }
        Item::HalfTyped => item,
        Item::Other => crate::item::misplaced(&item, NAME, "an `async fn`", &mut errors),
    }
}

/// With `#[test]` as well, the test would run twice.
fn refuse_plain_test(function: &mut Function, errors: &mut Errors) {
    function.attributes.retain(|attribute| {
        let plain = attribute.path().is_ident("test");
        if plain {
            errors.push(attribute, format!("remove `#[test]`: `{NAME}` makes this function a test already"));
        }
        !plain
    });
}
