//! `ui-tests/expand/`: each `NAME.rs` beside `NAME.expanded.rs`, which is its expansion, laid out by rustfmt.
//!
//! Only the tokens are compared. `ASYNCIO_BLESS=1 cargo test -p asyncio-macros` writes the expansions anew.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs};

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

use super::{expand, flat};

#[test]
fn the_expansions_are_those_that_are_written_down() {
    let cases = cases();
    assert!(cases.len() >= 6, "only {} cases in ui-tests/expand", cases.len());
    for case in cases {
        let expanded = case.with_extension("expanded.rs");
        let expansion = expand_all(read(&case));
        if env::var_os("ASYNCIO_BLESS").is_some() {
            fs::write(&expanded, formatted(&expansion)).expect("the directory can be written to");
        }
        assert_eq!(flat(&read(&expanded)), flat(&expansion), "{} has changed", expanded.display());
    }
}

/// Every `NAME.rs` of the directory that is not an expansion.
fn cases() -> Vec<PathBuf> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ui-tests/expand");
    let mut cases: Vec<PathBuf> = fs::read_dir(directory)
        .expect("the directory is there")
        .map(|entry| entry.expect("can be listed").path())
        .filter(|path| path.to_string_lossy().ends_with(".rs") && !path.to_string_lossy().ends_with(".expanded.rs"))
        .collect();
    cases.sort();
    cases
}

fn read(path: &Path) -> TokenStream {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    text.parse().unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Expands every `#[asyncio::…]` item, and leaves the rest.
fn expand_all(tokens: TokenStream) -> TokenStream {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut expansion = TokenStream::new();
    let mut at = 0;
    while at < tokens.len() {
        let attribute = tokens.get(at + 1).filter(|_| tokens[at].to_string() == "#").and_then(ours);
        let Some((name, arguments)) = attribute else {
            expansion.extend([in_brackets(&tokens[at])]);
            at += 1;
            continue;
        };
        let length = 1 + tokens[at + 2..].iter().position(ends_item).expect("an item ends");
        let item = tokens[at + 2..at + 2 + length].iter().cloned().collect();
        expansion.extend(expand(&name, arguments, item));
        at += 2 + length;
    }
    expansion
}

fn in_brackets(token: &TokenTree) -> TokenTree {
    match token {
        TokenTree::Group(group) => Group::new(group.delimiter(), expand_all(group.stream())).into(),
        token => token.clone(),
    }
}

fn ends_item(token: &TokenTree) -> bool {
    match token {
        TokenTree::Punct(sign) => sign.as_char() == ';',
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
        _ => false,
    }
}

/// The name and the arguments of `[asyncio::NAME(ARGUMENTS)]`.
fn ours(brackets: &TokenTree) -> Option<(String, TokenStream)> {
    let TokenTree::Group(group) = brackets else { return None };
    let tokens: Vec<TokenTree> = group.stream().into_iter().collect();
    match tokens.as_slice() {
        [TokenTree::Ident(krate), _, _, name, rest @ ..] if krate == "asyncio" => {
            let arguments = match rest {
                [TokenTree::Group(arguments)] => arguments.stream(),
                _ => TokenStream::new(),
            };
            Some((name.to_string(), arguments))
        }
        _ => None,
    }
}

fn formatted(expansion: &TokenStream) -> String {
    let mut rustfmt = Command::new("rustfmt")
        .args(["--edition", "2024"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("rustfmt is installed");
    let input = rustfmt.stdin.take().expect("is piped");
    { input }.write_all(expansion.to_string().as_bytes()).expect("rustfmt reads it");
    let output = rustfmt.wait_with_output().expect("rustfmt ends");
    assert!(output.status.success(), "an expansion does not parse: {expansion}");
    String::from_utf8(output.stdout).expect("source is UTF-8")
}
