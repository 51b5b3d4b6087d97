//! What `main` and `test` share: the user's async function stays whole inside a plain function that runs it.
//!
//! Keeping it whole, its `async fn` and return type included, leaves rustc the one that speaks about its body: one error a
//! mistake, on the user's own line. Attributes that rustc knows (lints, `cfg`, docs) go on the plain function and cover both;
//! attribute macros, which are about an async function, go inside with it.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{Attribute, Safety, Token};

use crate::errors::Errors;
use crate::item::Function;
use crate::place::Place;

/// How the plain function differs from macro to macro.
pub(crate) struct Plan {
    /// Attributes that the macro adds.
    pub(crate) attributes: TokenStream,
    /// What the plain function returns: an arrow and a type, or nothing.
    pub(crate) output: TokenStream,
    /// The function of `__private` that runs the async function.
    pub(crate) runner: TokenStream,
    /// Its first argument.
    pub(crate) options: TokenStream,
}

/// Refuses what cannot be started: `what` is "the main function" or "a test".
pub(crate) fn validate(function: &mut Function, macro_name: &str, what: &str, errors: &mut Errors) {
    let signature = &function.signature;
    let name = &signature.ident;
    if signature.asyncness.is_none() {
        errors.push(signature.fn_token, format!("`{macro_name}` runs an async function: write `async fn {name}`"));
    }
    if !signature.inputs.is_empty() {
        errors.push(&signature.inputs, format!("{what} takes no arguments: write `async fn {name}()`"));
    }
    if !signature.generics.params.is_empty() {
        errors.push(&signature.generics, format!("{what} has no generic parameters: write `async fn {name}()`"));
    } else if let Some(clause) = &signature.generics.where_clause {
        errors.push(clause, format!("{what} has no `where` clause: remove it"));
    }
    function.refuse_qualifiers(macro_name, errors);
}

/// The plain function around the user's.
pub(crate) fn wrap(function: &Function, plan: &Plan) -> TokenStream {
    let (outer, inner) = sort(&function.attributes);
    let Plan { attributes, output, runner, options } = plan;
    let (visibility, name) = (&function.visibility, &function.signature.ident);
    let text = unraw(name);
    let (signature, body) = (&function.signature, &function.body);
    let place = function.output().map_or(Place::at(name.span()), Place::over);
    let call = place.call(runner.clone(), quote!(#options, &#text, #name));
    quote! {
        #(#outer)*
        #attributes
        #visibility fn #name() #output {
            #(#inner)*
            #signature #body
            #call
        }
    }
}

/// What stands in for the expansion when something is wrong: the same plain function, and the user's inside it in the form
/// it should have had, so that nothing else fails.
pub(crate) fn fallback(mut function: Function, plan: &Plan) -> TokenStream {
    if function.signature.receiver().is_some() {
        return function.into_token_stream();
    }
    let fn_token = function.signature.fn_token;
    function.signature.asyncness.get_or_insert(Token![async](fn_token.span));
    function.signature.constness = None;
    function.signature.abi = None;
    function.signature.safety = Safety::Default;
    let (outer, inner) = sort(&function.attributes);
    let Plan { attributes, output, .. } = plan;
    let Function { visibility, signature, body, .. } = &function;
    let name = &signature.ident;
    quote! {
        #(#outer)*
        #attributes
        #visibility fn #name() #output {
            #(#inner)*
            #[allow(dead_code)]
            #signature #body
            ::asyncio::__private::core::unreachable!()
        }
    }
}

/// Attributes for the plain function, then those that stay with the async one.
fn sort(attributes: &[Attribute]) -> (Vec<&Attribute>, Vec<&Attribute>) {
    attributes.iter().partition(|attribute| {
        let first = attribute.path().segments.first().map(|segment| segment.ident.to_string());
        first.is_some_and(|first| {
            let alone = attribute.path().segments.len() == 1;
            if alone { OF_RUSTC.contains(&first.as_str()) } else { OF_TOOLS.contains(&first.as_str()) }
        })
    })
}

/// The attributes of the language that may stand on a function.
const OF_RUSTC: [&str; 20] = [
    "allow",
    "bench",
    "cfg",
    "cfg_attr",
    "cold",
    "deny",
    "deprecated",
    "doc",
    "expect",
    "export_name",
    "forbid",
    "ignore",
    "inline",
    "link_section",
    "must_use",
    "no_mangle",
    "should_panic",
    "target_feature",
    "test",
    "warn",
];

/// The first words of attributes that tools read.
const OF_TOOLS: [&str; 4] = ["clippy", "diagnostic", "rustfmt", "rust_analyzer"];

/// A name without `r#`.
pub(crate) fn unraw(name: &syn::Ident) -> String {
    let text = name.to_string();
    text.strip_prefix("r#").map_or(text.clone(), ToOwned::to_owned)
}
