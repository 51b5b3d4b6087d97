//! `finally! { … }`: found in a coroutine's outermost block, refused everywhere else.
//!
//! The body is not parsed. Its outermost tokens are walked, and `finally!` counts where a statement may begin: first in the
//! block, after a `;`, or after a `}`. Everything that follows it is what it guards. Inside brackets it can have no meaning,
//! since the statements after it are not the coroutine's.

use proc_macro2::{Delimiter, Group, Ident, Punct, TokenStream, TokenTree};
use quote::quote;

use crate::errors::Errors;

/// What to do when `finally!` stands where it cannot work.
const ELSEWHERE: &str = "`finally!` stands only in the outermost block of a `#[asyncio::coroutine]`: \
     here write `asyncio::with_cleanup(&mut state, async |s| …, async |s| …).await`";

/// A run of statements, up to its first `finally!`.
#[derive(Clone, Debug)]
pub(crate) struct Statements {
    pub(crate) plain: TokenStream,
    pub(crate) guard: Option<Box<Guard>>,
}

/// A `finally!` and the statements that it guards, which may hold the next one.
#[derive(Clone, Debug)]
pub(crate) struct Guard {
    /// The word `finally`: where the clean-up is, for reports at run time.
    pub(crate) word: Ident,
    /// `{ … }`: the clean-up.
    pub(crate) cleanup: Group,
    pub(crate) rest: Statements,
}

/// Cuts a coroutine's body at the `finally!`s of its outermost block. `None` when there is none anywhere: the body then
/// stays the very tokens that the user wrote.
pub(crate) fn cut(body: TokenStream, errors: &mut Errors) -> Option<Statements> {
    let tokens: Vec<TokenTree> = body.into_iter().collect();
    let mut found = Errors::default();
    let statements = cut_tokens(&tokens, &mut found);
    let untouched = statements.guard.is_none() && found.is_empty();
    errors.append(found);
    (!untouched).then_some(statements)
}

/// What the macro `finally!` itself expands to: nothing cut it out, so it stands in the wrong place.
pub(crate) fn elsewhere() -> TokenStream {
    quote!(::core::compile_error! { #ELSEWHERE })
}

fn cut_tokens(tokens: &[TokenTree], errors: &mut Errors) -> Statements {
    let found = (0..tokens.len()).find_map(|at| {
        let may_begin = at == 0 || ends_statement(&tokens[at - 1]);
        may_begin.then(|| Invocation::at(&tokens[at..])).flatten().map(|invocation| (at, invocation))
    });
    let Some((at, Invocation { length, word, bang, block })) = found else {
        return Statements { plain: refuse(tokens, errors), guard: None };
    };
    let mut after = &tokens[at + length..];
    if let [TokenTree::Punct(semicolon), rest @ ..] = after {
        if semicolon.as_char() == ';' {
            after = rest;
        }
    }
    if after.is_empty() {
        let sentence = "nothing follows this `finally!`, so it guards nothing: move it above the statements that it cleans up after";
        errors.push(quote!(#word #bang), sentence);
    }
    let inside: Vec<TokenTree> = block.stream().into_iter().collect();
    let mut cleanup = Group::new(Delimiter::Brace, refuse(&inside, errors));
    cleanup.set_span(block.span());
    let guard = Guard { word, cleanup, rest: cut_tokens(after, errors) };
    Statements { plain: refuse(&tokens[..at], errors), guard: Some(Box::new(guard)) }
}

/// Whether a statement may begin after this token.
fn ends_statement(token: &TokenTree) -> bool {
    match token {
        TokenTree::Punct(sign) => sign.as_char() == ';',
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
        _ => false,
    }
}

/// `finally! { … }`, with or without `asyncio::` before it.
struct Invocation {
    /// How many tokens it takes.
    length: usize,
    word: Ident,
    bang: Punct,
    block: Group,
}

impl Invocation {
    fn at(tokens: &[TokenTree]) -> Option<Self> {
        let leading = usize::from(are_colons(tokens)) * 2;
        let path = match &tokens[leading..] {
            [TokenTree::Ident(krate), rest @ ..] if krate == "asyncio" && are_colons(rest) => leading + 3,
            _ if leading == 0 => 0,
            _ => return None,
        };
        match &tokens[path..] {
            [TokenTree::Ident(word), TokenTree::Punct(bang), TokenTree::Group(block), ..]
                if word == "finally" && bang.as_char() == '!' =>
            {
                Some(Self { length: path + 3, word: word.clone(), bang: bang.clone(), block: block.clone() })
            }
            _ => None,
        }
    }
}

fn are_colons(tokens: &[TokenTree]) -> bool {
    let is_colon = |token: &TokenTree| matches!(token, TokenTree::Punct(sign) if sign.as_char() == ':');
    matches!(tokens, [first, second, ..] if is_colon(first) && is_colon(second))
}

/// Reports every `finally!` in here, however deep, and leaves only its block in its place, so that the rest of the function
/// stays as it is. Bodies of other coroutines are theirs to look at.
fn refuse(tokens: &[TokenTree], errors: &mut Errors) -> TokenStream {
    let mut kept = Vec::with_capacity(tokens.len());
    let mut another = Another::No;
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        let after_path = at > 0 && matches!(&tokens[at - 1], TokenTree::Punct(sign) if sign.as_char() == ':');
        if let Some(found) = Invocation::at(&tokens[at..]).filter(|_| !after_path) {
            let (word, bang) = (&found.word, &found.bang);
            errors.push(quote!(#word #bang), ELSEWHERE);
            kept.push(TokenTree::Group(Group::new(Delimiter::Brace, found.block.stream())));
            at += found.length;
            continue;
        }
        another = another.after(token, tokens.get(at + 1));
        match token {
            TokenTree::Group(group) if another != Another::BodyNext => kept.push(refuse_in_group(group, errors)),
            token => kept.push(token.clone()),
        }
        if another == Another::BodyNext && is_brace(token) {
            another = Another::No;
        }
        at += 1;
    }
    kept.into_iter().collect()
}

/// Looks inside brackets; they stay the very same tokens when there is nothing to report.
fn refuse_in_group(group: &Group, errors: &mut Errors) -> TokenTree {
    let inside: Vec<TokenTree> = group.stream().into_iter().collect();
    let mut found = Errors::default();
    let stream = refuse(&inside, &mut found);
    if found.is_empty() {
        return TokenTree::Group(group.clone());
    }
    errors.append(found);
    let mut changed = Group::new(group.delimiter(), stream);
    changed.set_span(group.span());
    TokenTree::Group(changed)
}

/// Whether the next `{ … }` is not part of this coroutine's own statements.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Another {
    No,
    /// An attribute `coroutine` or the word `macro_rules` stood before: what follows has its own outermost block.
    BodyNext,
}

impl Another {
    fn after(self, token: &TokenTree, next: Option<&TokenTree>) -> Self {
        match (token, next) {
            (TokenTree::Punct(sign), _) if sign.as_char() == ';' => Self::No,
            (TokenTree::Punct(sign), Some(TokenTree::Group(attribute))) if sign.as_char() == '#' => {
                if ends_with_coroutine(attribute) {
                    Self::BodyNext
                } else {
                    self
                }
            }
            (TokenTree::Ident(word), _) if word == "macro_rules" => Self::BodyNext,
            _ => self,
        }
    }
}

fn ends_with_coroutine(attribute: &Group) -> bool {
    matches!(attribute.stream().into_iter().last(), Some(TokenTree::Ident(word)) if word == "coroutine")
}

fn is_brace(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(body: TokenStream) -> (Option<Statements>, Errors) {
        let mut errors = Errors::default();
        let statements = cut(body, &mut errors);
        (statements, errors)
    }

    fn guard_in(body: TokenStream) -> (String, Guard) {
        let (statements, errors) = run(body);
        assert!(errors.is_empty());
        let statements = statements.expect("found");
        (statements.plain.to_string(), *statements.guard.expect("found"))
    }

    #[test]
    fn a_body_without_it_stays_the_same_tokens() {
        let (statements, errors) = run(quote!(let x = f(|| { finally(1) }).await?; other::finally! { 1 } x.finally));
        assert!(statements.is_none() && errors.is_empty());
    }

    #[test]
    fn it_is_found_with_any_path_and_with_or_without_a_semicolon() {
        for body in [
            quote!(let a = 1; finally! { b } c),
            quote!(let a = 1; asyncio::finally! { b } c),
            quote!(let a = 1; ::asyncio::finally! { b }; c),
            quote!(let a = 1; finally!(b); c),
        ] {
            let (plain, guard) = guard_in(body);
            assert_eq!(plain, quote!(let a = 1;).to_string());
            assert_eq!(guard.cleanup.to_string(), quote!({ b }).to_string());
            assert_eq!(guard.rest.plain.to_string(), "c");
        }
    }

    #[test]
    fn two_of_them_nest() {
        let (_, outer) = guard_in(quote!(finally! { a } if x { y } finally! { b } z));
        assert_eq!(
            outer.rest.plain.to_string(),
            quote!(if x {
                y
            })
            .to_string()
        );
        let inner = outer.rest.guard.expect("found");
        assert_eq!(inner.rest.plain.to_string(), "z");
    }

    #[test]
    fn elsewhere_it_is_refused_once_each() {
        for body in [
            quote!(if x {
                finally! { a }
                b
            }),
            quote!(let y = finally! { a };),
            quote!(
                f(async {
                    asyncio::finally! { a }
                    b
                })
                .await
            ),
            quote!(finally! { finally! { a } b } c),
            quote!(
                async fn inner() {
                    finally! { a }
                    b
                }
            ),
            quote!(
                #[asyncio::coroutine]
                async fn inner();,
                if x {
                    finally! { a }
                    b
                }
            ),
        ] {
            let (_, errors) = run(body);
            assert_eq!(errors.sentences(), [ELSEWHERE]);
        }
        let (_, errors) = run(quote!(work().await; finally! { a }));
        assert!(errors.sentences()[0].starts_with("nothing follows"));
    }

    #[test]
    fn a_coroutine_inside_looks_after_its_own() {
        let (statements, errors) = run(quote! {
            #[asyncio::coroutine]
            async fn inner() { finally! { a } b }
            macro_rules! clean { () => { finally! { a } } }
            inner().await
        });
        assert!(statements.is_none() && errors.is_empty());
    }
}
