//! The arguments of an attribute: `name` or `name = value`, with commas between them.
//!
//! Names and values keep their places, so that an error points at the one that is wrong. A value is any run of tokens up to
//! the next comma; the macro that asks for it says what it may be.

use proc_macro2::{Delimiter, Ident, Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Lit, LitBool, LitInt, LitStr};

use crate::errors::Errors;
use crate::suggest::nearest;

/// A value and the place where the user wrote it.
#[derive(Clone, Debug)]
pub(crate) struct Spanned<T> {
    pub(crate) value: T,
    pub(crate) span: Span,
}

/// The arguments that are known and stand once; all others are in the errors already.
#[derive(Debug)]
pub(crate) struct Arguments {
    macro_name: &'static str,
    list: Vec<Argument>,
}

#[derive(Debug)]
struct Argument {
    name: Ident,
    /// What follows the `=`; not empty. `None` when there is no `=`.
    value: Option<TokenStream>,
}

impl Arguments {
    /// Reads the tokens between the attribute's parentheses. `known` are the names that `macro_name` understands.
    pub(crate) fn parse(tokens: TokenStream, macro_name: &'static str, known: &[&str], errors: &mut Errors) -> Self {
        let mut list: Vec<Argument> = Vec::new();
        for piece in split_at_commas(tokens) {
            let Some(mut argument) = Argument::parse(piece, errors) else { continue };
            let name = argument.name.to_string();
            if !known.contains(&name.as_str()) {
                let meant = nearest(&name, known.iter().copied());
                errors.push(&argument.name, unknown(macro_name, &name, known, meant));
                // The rest of the expansion is what it would be with the right word.
                let Some(meant) = meant else { continue };
                argument.name = Ident::new(meant, argument.name.span());
                list.push(argument);
            } else if list.iter().any(|other| other.name == argument.name) {
                errors.push(&argument.name, format!("the argument `{name}` stands here twice: remove one"));
            } else {
                list.push(argument);
            }
        }
        Self { macro_name, list }
    }

    /// A switch: `name`, `name = true`, `name = false`, or any expression of type `bool` that is not a literal.
    pub(crate) fn switch(&mut self, name: &str, errors: &mut Errors) -> Option<TokenStream> {
        let argument = self.take(name)?;
        let Some(value) = argument.value else {
            return Some(LitBool::new(true, argument.name.span()).to_token_stream());
        };
        if matches!(syn::parse2::<Lit>(value.clone()), Ok(literal) if !matches!(literal, Lit::Bool(_))) {
            errors.push(&value, format!("`{name}` is a switch: write `{name}`, `{name} = true` or `{name} = false`"));
            return None;
        }
        Some(value)
    }

    /// A string: `name = "text"`. `example` is the argument as one would write it.
    pub(crate) fn text(&mut self, name: &str, example: &str, errors: &mut Errors) -> Option<Spanned<String>> {
        let argument = self.take(name)?;
        let Some(value) = argument.value else {
            errors.push(&argument.name, format!("`{name}` needs a value: write `{example}`"));
            return None;
        };
        if let Ok(text) = syn::parse2::<LitStr>(value.clone()) {
            Some(Spanned { value: text.value(), span: text.span() })
        } else {
            let name_of_macro = self.macro_name;
            errors.push(&value, format!("`{name}` of `{name_of_macro}` is a string: write `{example}`"));
            None
        }
    }

    /// A whole number: `name = 5`. `example` is the argument as one would write it.
    pub(crate) fn number(&mut self, name: &str, example: &str, errors: &mut Errors) -> Option<LitInt> {
        let argument = self.take(name)?;
        let Some(value) = argument.value else {
            errors.push(&argument.name, format!("`{name}` needs a value: write `{example}`"));
            return None;
        };
        let number = syn::parse2::<LitInt>(value.clone()).ok().filter(|number| number.base10_parse::<u64>().is_ok());
        if number.is_none() {
            errors.push(&value, format!("`{name}` is a whole number: write `{example}`"));
        }
        number
    }

    /// A word without a value.
    pub(crate) fn word(&mut self, name: &str, errors: &mut Errors) -> Option<Ident> {
        let argument = self.take(name)?;
        if let Some(value) = argument.value {
            errors.push(value, format!("`{name}` has no value: write `{name}` alone"));
        }
        Some(argument.name)
    }

    /// Any tokens, with the argument's name: `name = value`. `example` is the argument as one would write it.
    pub(crate) fn tokens(&mut self, name: &str, example: &str, errors: &mut Errors) -> Option<(Ident, TokenStream)> {
        let argument = self.take(name)?;
        if argument.value.is_none() {
            errors.push(&argument.name, format!("`{name}` needs a value: write `{example}`"));
        }
        Some((argument.name, argument.value?))
    }

    fn take(&mut self, name: &str) -> Option<Argument> {
        let index = self.list.iter().position(|argument| argument.name == name)?;
        Some(self.list.remove(index))
    }
}

impl Argument {
    fn parse(piece: Vec<TokenTree>, errors: &mut Errors) -> Option<Self> {
        let mut tokens = piece.into_iter();
        let name = match tokens.next()? {
            TokenTree::Ident(name) => name,
            other => {
                errors.push(other, "an argument begins with its name: write `name` or `name = value`");
                return None;
            }
        };
        match tokens.next() {
            None => Some(Self { name, value: None }),
            Some(TokenTree::Punct(sign)) if sign.as_char() == '=' => {
                let value: TokenStream = tokens.collect();
                if value.is_empty() {
                    errors.push(sign, format!("a value is missing: write it after `{name} =`"));
                    return None;
                }
                Some(Self { name, value: Some(value) })
            }
            Some(other) => {
                errors.push(other, format!("after `{name}` comes `=` and its value, or a comma and the next argument"));
                None
            }
        }
    }
}

/// The sentence for a name that the macro does not know.
fn unknown(macro_name: &str, name: &str, known: &[&str], meant: Option<&str>) -> String {
    let list = known.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    match meant {
        Some(meant) => format!("`{macro_name}` has no argument `{name}`: write `{meant}`"),
        None => format!("`{macro_name}` has no argument `{name}`: write one of {list}, or remove it"),
    }
}

/// The pieces between top-level commas, empty ones left out; commas inside parentheses belong to their piece.
fn split_at_commas(tokens: TokenStream) -> Vec<Vec<TokenTree>> {
    let mut pieces = vec![Vec::new()];
    for token in tokens {
        match token {
            TokenTree::Punct(comma) if comma.as_char() == ',' => pieces.push(Vec::new()),
            // A macro that passes the user's value on wraps it in an invisible group.
            TokenTree::Group(group) if group.delimiter() == Delimiter::None => {
                pieces.last_mut().expect("starts with one piece").extend(group.stream());
            }
            token => pieces.last_mut().expect("starts with one piece").push(token),
        }
    }
    pieces.retain(|piece| !piece.is_empty());
    pieces
}

#[cfg(test)]
mod tests {
    use quote::quote;

    use super::{Arguments, Errors};

    fn parse(tokens: proc_macro2::TokenStream) -> (Arguments, Errors) {
        let mut errors = Errors::default();
        let arguments = Arguments::parse(tokens, "#[asyncio::test]", &["timeout", "debug"], &mut errors);
        (arguments, errors)
    }

    #[test]
    fn switches_are_bare_or_have_a_value() {
        let (mut arguments, mut errors) = parse(quote!(debug = cfg!(a, b)));
        let value = arguments.switch("debug", &mut errors).expect("is there");
        assert_eq!(value.to_string(), quote!(cfg!(a, b)).to_string());
        let (mut arguments, _) = parse(quote!(debug, timeout = "5s",));
        assert_eq!(arguments.switch("debug", &mut errors).expect("is there").to_string(), "true");
        assert_eq!(arguments.text("timeout", "", &mut errors).expect("is there").value, "5s");
        assert!(arguments.switch("debug", &mut errors).is_none(), "each argument is taken once");
        assert!(errors.is_empty());
    }

    #[test]
    fn all_mistakes_are_found_in_one_go() {
        let (mut arguments, mut errors) = parse(quote!(debgu = 1, 7, debug, timeout = , x y, colour));
        assert!(arguments.switch("debug", &mut errors).is_none(), "it is taken for the misspelled one");
        let sentences = errors.sentences();
        assert_eq!(sentences.len(), 7, "{sentences:#?}");
        assert!(sentences[0].ends_with("write `debug`"), "{}", sentences[0]);
        assert!(sentences[5].contains("write one of `timeout`, `debug`"), "{}", sentences[5]);
    }
}
