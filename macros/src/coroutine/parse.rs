//! What a coroutine is made of: a plain signature, the names to move into the body, the result, and the statements.
//!
//! Every mistake found here has a meaning that the user surely had (`async` forgotten, `-> !`), so the model is always whole
//! and the expansion is the same with and without errors.

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote};
use syn::{
    Attribute, FnArg, Pat, PatIdent, PatType, ReceiverKind, ReturnType, Safety, Signature, Token, Type, Visibility,
};

use crate::errors::Errors;
use crate::finally;
use crate::item::{Body, Function};
use crate::place::{Place, braced};

/// The model of one `#[asyncio::coroutine]`.
#[derive(Debug)]
pub(super) struct Coroutine {
    /// All of the user's; lints and docs on the outer function cover the body too.
    pub(super) attributes: Vec<Attribute>,
    pub(super) visibility: Visibility,
    /// Not async any more, its arguments plain names, its return type not yet the coroutine's.
    pub(super) signature: Signature,
    /// What the body begins with: the arguments, each moved in and given the user's pattern.
    pub(super) moves: TokenStream,
    pub(super) output: Output,
    /// `None` for a method that a trait requires.
    pub(super) body: Option<Statements>,
    /// Where the user wrote `async`, for errors about the future as a whole.
    pub(super) place: Span,
}

/// What stands between the body's brackets.
#[derive(Debug)]
pub(super) enum Statements {
    /// The very tokens that the user wrote, brackets included.
    Plain(Group),
    /// With `finally!`s taken out; `place` is that of the brackets.
    Cut { cut: finally::Statements, place: Span },
}

/// The type that awaiting the coroutine gives.
#[derive(Debug)]
pub(super) struct Output {
    pub(super) arrow: Token![->],
    pub(super) result: TokenStream,
    /// Where the user wrote the type, or would write it.
    pub(super) place: Place,
    /// Whether the type can be written inside the body; `impl Trait` cannot.
    pub(super) nameable: bool,
}

impl Coroutine {
    pub(super) fn new(mut function: Function, errors: &mut Errors) -> Self {
        let name = &function.signature.ident;
        if function.signature.asyncness.is_none() {
            let sentence = format!("`{}` makes a coroutine of an async function: write `async fn {name}`", super::NAME);
            errors.push(function.signature.fn_token, sentence);
        }
        function.refuse_qualifiers(super::NAME, errors);
        function.refuse_twice("coroutine", errors);
        let output = Output::new(&function.signature, errors);
        let Function { mut attributes, visibility, mut signature, body } = function;
        let body = match body {
            Body::Block(group) => Some(Statements::new(group, &mut attributes, errors)),
            Body::Missing(_) => None,
        };
        let place = signature.asyncness.map_or(signature.fn_token.span, |word| word.span);
        signature.asyncness = None;
        signature.constness = None;
        signature.abi = None;
        signature.safety = Safety::Default;
        let moves = if body.is_some() { move_arguments(&mut signature) } else { TokenStream::new() };
        Self { attributes, visibility, signature, moves, output, body, place }
    }
}

impl Statements {
    fn new(mut body: Group, attributes: &mut Vec<Attribute>, errors: &mut Errors) -> Self {
        let place = body.span();
        let (inner, stream) = split_inner_attributes(body.stream());
        if !inner.is_empty() {
            body = braced(stream, place);
            attributes.extend(inner);
        }
        match finally::cut(body.stream(), errors) {
            Some(cut) => Self::Cut { cut, place },
            None => Self::Plain(body),
        }
    }
}

impl Output {
    fn new(signature: &Signature, errors: &mut Errors) -> Self {
        match &signature.output {
            ReturnType::Default => {
                let place = Place::at(signature.paren_token.span.close());
                Self { arrow: Token![->](Span::mixed_site()), result: quote!(()), place, nameable: true }
            }
            ReturnType::Type(arrow, output) if matches!(**output, Type::Never(_)) => {
                errors.push(output, "a coroutine cannot have the type `!`: write `std::convert::Infallible`");
                let result = quote!(::asyncio::__private::core::convert::Infallible);
                Self { arrow: *arrow, result, place: Place::over(output), nameable: true }
            }
            ReturnType::Type(arrow, output) => {
                let result = output.to_token_stream();
                let nameable = !mentions_impl(result.clone());
                Self { arrow: *arrow, result, place: Place::over(output), nameable }
            }
        }
    }
}

fn mentions_impl(tokens: TokenStream) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(word) => word == "impl",
        TokenTree::Group(group) => mentions_impl(group.stream()),
        _ => false,
    })
}

/// `#![…]` at the start of a body may not stand in a block that is a value: it goes on the function, which means the same.
fn split_inner_attributes(body: TokenStream) -> (Vec<Attribute>, TokenStream) {
    let mut tokens: Vec<TokenTree> = body.into_iter().collect();
    let mut attributes = Vec::new();
    while let [TokenTree::Punct(hash), TokenTree::Punct(bang), TokenTree::Group(content), ..] = tokens.as_slice() {
        if hash.as_char() != '#' || bang.as_char() != '!' || content.delimiter() != Delimiter::Bracket {
            break;
        }
        let outer = quote!(#hash #content);
        let Ok(parsed) = syn::parse::Parser::parse2(Attribute::parse_outer, outer) else { break };
        attributes.extend(parsed);
        tokens.drain(..3);
    }
    (attributes, tokens.into_iter().collect())
}

/// Turns every argument of the signature into a plain name and gives the statements that move all of them into the body,
/// used or not, in order: they are dropped when the coroutine ends, as an async function's are, and not when it is called.
fn move_arguments(signature: &mut Signature) -> TokenStream {
    let mut moves = TokenStream::new();
    for (index, argument) in signature.inputs.iter_mut().enumerate() {
        moves.extend(match argument {
            FnArg::Receiver(receiver) => match receiver.kind {
                // A reference is a copy; whether the body uses it makes no difference.
                ReceiverKind::Reference(..) => TokenStream::new(),
                _ => {
                    let word = receiver.self_token;
                    quote!(let _ = &#word;)
                }
            },
            FnArg::Typed(typed) => move_argument(typed, index),
        });
    }
    moves
}

fn move_argument(typed: &mut PatType, index: usize) -> TokenStream {
    // `cfg` decides about both places; a lint is about the user's name, which ends up inside.
    let (inside, outside): (Vec<_>, Vec<_>) = typed.attrs.drain(..).partition(is_lint);
    let conditions: Vec<_> = outside.iter().filter(|attribute| attribute.path().is_ident("cfg")).cloned().collect();
    typed.attrs = outside;
    match &mut *typed.pat {
        Pat::Ident(PatIdent { attrs, by_ref: None, mutability, ident, subpat: None }) if attrs.is_empty() => {
            let mutability = mutability.take();
            quote!(#(#conditions)* #(#inside)* let #mutability #ident = #ident;)
        }
        pattern => {
            let name: Ident = format_ident!("__argument{index}", span = Span::mixed_site());
            let pattern = std::mem::replace(pattern, Pat::Verbatim(name.to_token_stream()));
            quote! {
                #(#conditions)* let #name = #name;
                #(#conditions)* #(#inside)* let #pattern = #name;
            }
        }
    }
}

fn is_lint(attribute: &Attribute) -> bool {
    ["allow", "expect", "warn", "deny", "forbid"].iter().any(|word| attribute.path().is_ident(word))
}
