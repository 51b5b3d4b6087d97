//! A function whose body stays a group of tokens.
//!
//! The body is never parsed: a mistake in it is rustc's to report, in rustc's words and on the user's line, and an editor
//! keeps completing in a body that is half typed.

use proc_macro2::{Group, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::parse::{Parse, ParseStream, Parser};
use syn::{Attribute, ReturnType, Signature, Token, Type, Visibility};

use crate::errors::Errors;

/// A function as the user wrote it.
#[derive(Clone, Debug)]
pub(crate) struct Function {
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) visibility: Visibility,
    pub(crate) signature: Signature,
    pub(crate) body: Body,
}

/// What stands after the signature.
#[derive(Clone, Debug)]
pub(crate) enum Body {
    /// `{ … }`, unparsed.
    Block(Group),
    /// `;`, as in a trait.
    Missing(Token![;]),
}

/// What an attribute for functions was put on.
#[derive(Debug)]
pub(crate) enum Item {
    /// A function, its signature understood.
    Function(Box<Function>),
    /// A function whose signature does not parse yet: rustc says what is missing, as soon as it sees the item again.
    HalfTyped,
    /// Something else: a struct, a module, a closure.
    Other,
}

impl Item {
    /// Looks at the item under the attribute.
    pub(crate) fn parse(tokens: TokenStream) -> Self {
        match Parser::parse2(Function::parse, tokens.clone()) {
            Ok(function) => Self::Function(Box::new(function)),
            Err(_) if mentions_fn(tokens) => Self::HalfTyped,
            Err(_) => Self::Other,
        }
    }
}

impl Parse for Function {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let function = Self::parse_first(input)?;
        if input.is_empty() { Ok(function) } else { Err(input.error("a function ends with its body")) }
    }
}

impl Function {
    /// Parses a function and leaves what follows it alone.
    pub(crate) fn parse_first(input: ParseStream<'_>) -> syn::Result<Self> {
        Ok(Self {
            attributes: input.call(Attribute::parse_outer)?,
            visibility: input.parse()?,
            signature: input.parse()?,
            body: Body::parse(input)?,
        })
    }

    /// The type after the arrow, if there is one.
    pub(crate) fn output(&self) -> Option<&Type> {
        match &self.signature.output {
            ReturnType::Default => None,
            ReturnType::Type(_, output) => Some(output),
        }
    }

    /// Refuses `const`, `unsafe` and `extern`, which no coroutine can be, with the arrow on the word to remove.
    pub(crate) fn refuse_qualifiers(&self, macro_name: &str, errors: &mut Errors) {
        let Signature { constness, safety, abi, .. } = &self.signature;
        if let Some(word) = constness {
            errors.push(word, format!("remove `const`: what `{macro_name}` makes cannot run while compiling"));
        }
        if let syn::Safety::Unsafe(word) = safety {
            errors.push(
                word,
                format!("remove `unsafe`: `{macro_name}` takes safe functions, with `unsafe` blocks inside"),
            );
        }
        if let Some(abi) = abi {
            errors.push(abi, format!("remove `extern`: what `{macro_name}` makes is called from Rust only"));
        }
    }

    /// Finds a second `#[asyncio::NAME]` below the first.
    pub(crate) fn refuse_twice(&mut self, name: &str, errors: &mut Errors) {
        self.attributes.retain(|attribute| {
            let twice = is_ours(attribute, name);
            if twice {
                errors.push(attribute, format!("`#[asyncio::{name}]` stands here twice: remove this one"));
            }
            !twice
        });
    }
}

impl ToTokens for Function {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        tokens.extend(self.attributes.iter().map(ToTokens::to_token_stream));
        self.visibility.to_tokens(tokens);
        self.signature.to_tokens(tokens);
        self.body.to_tokens(tokens);
    }
}

impl Body {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        if input.peek(Token![;]) {
            return input.parse().map(Self::Missing);
        }
        if !input.peek(syn::token::Brace) {
            return Err(input.error("a function ends with its body"));
        }
        input.parse().map(Self::Block)
    }
}

impl ToTokens for Body {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        match self {
            Self::Block(group) => group.to_tokens(tokens),
            Self::Missing(semicolon) => semicolon.to_tokens(tokens),
        }
    }
}

/// Whether an attribute is `#[asyncio::NAME]`, under whatever name the crate was imported.
pub(crate) fn is_ours(attribute: &Attribute, name: &str) -> bool {
    let segments = &attribute.path().segments;
    segments.len() == 2 && segments[0].ident == "asyncio" && segments[1].ident == name
}

/// Whether `fn` stands outside of every bracket.
fn mentions_fn(tokens: TokenStream) -> bool {
    tokens.into_iter().any(|token| matches!(token, TokenTree::Ident(word) if word == "fn"))
}

/// The answer to an attribute on the wrong kind of item: the item as it was, and what the attribute stands on.
pub(crate) fn misplaced(item: &TokenStream, macro_name: &str, home: &str, errors: &mut Errors) -> TokenStream {
    let sentence = format!("`{macro_name}` stands on {home}: move it there, or remove it");
    match keyword(item) {
        Some(word) => errors.push(word, sentence),
        None => errors.push_at(Span::call_site(), sentence),
    }
    quote!(#errors #item)
}

/// The word that says what kind of item this is.
fn keyword(item: &TokenStream) -> Option<TokenTree> {
    const WORDS: [&str; 12] =
        ["struct", "enum", "union", "trait", "impl", "mod", "const", "static", "type", "use", "extern", "fn"];
    let is_keyword =
        |token: &TokenTree| matches!(token, TokenTree::Ident(word) if WORDS.iter().any(|known| word == known));
    item.clone().into_iter().find(is_keyword)
}
