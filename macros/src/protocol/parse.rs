//! What `#[asyncio::protocol]` stands on: an `impl` block, its functions with unparsed bodies, or a struct.

use proc_macro2::{Group, TokenStream, TokenTree};
use quote::ToTokens;
use syn::parse::{Parse, ParseStream, Parser};
use syn::{Attribute, Field, Generics, Ident, ItemStruct, Meta, Path, Token, Type};

use super::framing::Framing;
use crate::args::Arguments;
use crate::errors::Errors;
use crate::item::Function;

/// The item below the attribute.
#[derive(Debug)]
pub(super) enum Target {
    Handlers(Box<ImplBlock>),
    Derive(Box<ItemStruct>),
    /// An `impl` or a struct that does not parse yet: rustc says what is missing, as soon as it sees the item again.
    HalfTyped,
    Other,
}

/// An `impl` block as the user wrote it.
#[derive(Clone, Debug)]
pub(super) struct ImplBlock {
    pub(super) attributes: Vec<Attribute>,
    pub(super) unsafety: Option<Token![unsafe]>,
    pub(super) impl_token: Token![impl],
    /// With the `where` clause.
    pub(super) generics: Generics,
    /// `Protocol for`, which should not be there.
    pub(super) of_trait: Option<(Path, Token![for])>,
    pub(super) self_type: Type,
    pub(super) braces: Group,
    pub(super) entries: Vec<Entry>,
}

/// One thing in an `impl` block.
#[derive(Clone, Debug)]
pub(super) enum Entry {
    Function(Box<Function>),
    /// A token of something else, or of something half typed.
    Other(TokenTree),
}

/// What stands in the attribute's parentheses.
#[derive(Debug, Default)]
pub(super) struct Options {
    /// The `impl` block overrides callbacks of a struct that has `#[asyncio::protocol]` itself.
    pub(super) overrides: Option<Ident>,
    /// `lines`, `delimited` or `length_prefixed`.
    pub(super) framing: Option<Framing>,
}

pub(super) fn options(tokens: TokenStream, errors: &mut Errors) -> Options {
    let known = ["overrides", "lines", "delimited", "length_prefixed", "max"];
    let mut arguments = Arguments::parse(tokens, super::NAME, &known, errors);
    let overrides = arguments.word("overrides", errors);
    Options { overrides, framing: Framing::parse(&mut arguments, errors) }
}

impl Target {
    pub(super) fn parse(tokens: TokenStream) -> Self {
        let is = |keyword: &str| {
            let top_level = tokens.clone().into_iter();
            top_level
                .take_while(|token| !is_body(token))
                .any(|token| matches!(token, TokenTree::Ident(word) if word == keyword))
        };
        if let Ok(block) = Parser::parse2(ImplBlock::parse, tokens.clone()) {
            return Self::Handlers(Box::new(block));
        }
        if let Ok(item) = syn::parse2::<ItemStruct>(tokens.clone()) {
            return Self::Derive(Box::new(item));
        }
        let elsewhere = ["enum", "union", "trait", "fn", "mod"];
        if (is("impl") || is("struct")) && !elsewhere.iter().any(|word| is(word)) {
            Self::HalfTyped
        } else {
            Self::Other
        }
    }
}

fn is_body(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Group(group) if group.delimiter() == proc_macro2::Delimiter::Brace)
}

impl Parse for ImplBlock {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let attributes = input.call(Attribute::parse_outer)?;
        let (unsafety, impl_token) = (input.parse()?, input.parse()?);
        let mut generics: Generics = if begins_generics(input) { input.parse()? } else { Generics::default() };
        let first: Type = input.parse()?;
        let (of_trait, self_type) = if input.peek(Token![for]) {
            let Type::Path(path) = first else { return Err(input.error("a trait is a path")) };
            (Some((path.path, input.parse()?)), input.parse()?)
        } else {
            (None, first)
        };
        generics.where_clause = input.parse()?;
        if !input.peek(syn::token::Brace) {
            return Err(input.error("an `impl` block ends with its brackets"));
        }
        let braces: Group = input.parse()?;
        let entries = entries.parse2(braces.stream())?;
        Ok(Self { attributes, unsafety, impl_token, generics, of_trait, self_type, braces, entries })
    }
}

/// Whether `<` begins generic parameters, and not a type like `<T as Trait>::Type`.
fn begins_generics(input: ParseStream<'_>) -> bool {
    let parameter = input.peek2(Ident) || input.peek2(syn::Lifetime);
    let ends = input.peek3(Token![:]) || input.peek3(Token![,]) || input.peek3(Token![>]) || input.peek3(Token![=]);
    let other = input.peek2(Token![>]) || input.peek2(Token![#]) || input.peek2(Token![const]);
    input.peek(Token![<]) && (other || parameter && ends)
}

/// Functions where they parse, single tokens where they do not.
fn entries(input: ParseStream<'_>) -> syn::Result<Vec<Entry>> {
    use syn::parse::discouraged::Speculative;
    let mut entries = Vec::new();
    while !input.is_empty() {
        let ahead = input.fork();
        entries.push(if let Ok(function) = Function::parse_first(&ahead) {
            input.advance_to(&ahead);
            Entry::Function(Box::new(function))
        } else {
            Entry::Other(input.parse()?)
        });
    }
    Ok(entries)
}

impl ToTokens for Entry {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        match self {
            Self::Function(function) => function.to_tokens(tokens),
            Self::Other(token) => token.to_tokens(tokens),
        }
    }
}

/// The field marked `#[protocol(inner)]` and all marks taken away.
pub(super) fn inner_field(item: &mut ItemStruct, errors: &mut Errors) -> Option<(usize, Field)> {
    let mut inner = None;
    for (index, field) in item.fields.iter_mut().enumerate() {
        let (marks, others): (Vec<_>, Vec<_>) =
            field.attrs.drain(..).partition(|mark| mark.path().is_ident("protocol"));
        field.attrs = others;
        for mark in marks {
            if !says_inner(&mark) {
                errors.push(&mark, "a field that receives the callbacks is marked `#[protocol(inner)]`: write that");
            } else if inner.is_some() {
                errors.push(&mark, "the callbacks go to one inner protocol, and a field above is it: remove this mark");
            } else {
                inner = Some((index, field.clone()));
            }
        }
    }
    inner
}

fn says_inner(mark: &Attribute) -> bool {
    matches!(&mark.meta, Meta::List(list) if list.tokens.to_string() == "inner")
}
