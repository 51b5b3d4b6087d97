//! `#[asyncio::protocol]`: callbacks of a connection as plain methods, or forwarded to a field.

mod callbacks;
mod derive;
mod expand;
mod framing;
mod parse;
#[cfg(test)]
mod tests;
mod types;
mod validate;

use proc_macro2::TokenStream;
use quote::quote;

use self::callbacks::Kind;
use self::parse::{ImplBlock, Options, Target};
use crate::errors::Errors;

const NAME: &str = "#[asyncio::protocol]";

/// Expands the attribute: `arguments` stood in its parentheses, `item` below it.
pub(crate) fn protocol(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let options = parse::options(arguments, &mut errors);
    match Target::parse(item.clone()) {
        Target::Handlers(block) => handlers(*block, &options, &item, errors),
        Target::Derive(item) => {
            if let Some(word) = &options.overrides {
                let sentence = "`overrides` belongs to an `impl` block beside the struct: remove it here";
                errors.push(word, sentence);
            }
            if let Some(framing) = &options.framing {
                framing.refuse_on_a_struct(&mut errors);
            }
            derive::expand(*item, errors)
        }
        Target::HalfTyped => item,
        Target::Other => crate::item::misplaced(&item, NAME, "an `impl` block or a `struct`", &mut errors),
    }
}

fn handlers(mut block: ImplBlock, options: &Options, item: &TokenStream, mut errors: Errors) -> TokenStream {
    let (kind, handlers) = validate::validate(&mut block, options, &mut errors);
    if block.of_trait.is_some() {
        // Some other trait's methods: as inherent ones they would be missing where that trait is needed.
        return quote!(#errors #item);
    }
    let generated = if options.overrides.is_some() && kind == Kind::Stream {
        expand::overrides(&block, &handlers)
    } else {
        expand::protocol(&block, kind, options.framing.as_ref(), &handlers)
    };
    if errors.is_empty() {
        quote!(#item #generated)
    } else {
        let repaired = expand::repaired(&block);
        quote!(#errors #repaired #generated)
    }
}
