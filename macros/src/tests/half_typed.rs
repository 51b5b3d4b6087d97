//! Every macro over every prefix of a body and of a signature, as an editor sees them while somebody types.
//!
//! Brackets are always closed: neither rustc nor an editor hands a macro anything else.

use proc_macro2::{Group, TokenStream, TokenTree};
use quote::quote;

use super::{assert_contains, expand, flat, sentences, without_errors};

/// All prefixes of the tokens, cut inside brackets too, from nothing to everything.
fn cuts(tokens: &TokenStream) -> Vec<TokenStream> {
    let tokens: Vec<TokenTree> = tokens.clone().into_iter().collect();
    let mut cuts = Vec::new();
    for end in 0..tokens.len() {
        let before: TokenStream = tokens[..end].iter().cloned().collect();
        cuts.push(before.clone());
        if let TokenTree::Group(group) = &tokens[end] {
            for inside in self::cuts(&group.stream()) {
                let group = Group::new(group.delimiter(), inside);
                cuts.push(quote!(#before #group));
            }
        }
    }
    cuts.push(tokens.into_iter().collect());
    cuts
}

fn body() -> TokenStream {
    quote! {
        let (reader, mut lines) = (open(path).await?, Vec::<String>::new());
        for line in reader.lines() {
            match line? {
                text if text.is_empty() => continue,
                text => lines.push(format!("{}: {text}", lines.len() + 1)),
            }
        }
        let work = async move |limit: usize| { asyncio::sleep(delay(limit)).await; limit };
        self.total += work(lines.len()).await as u64;
        Ok(())
    }
}

/// Expands `signature { cut }` for every cut: the signature and the body are still there, what parsed still parses, and the
/// macro has nothing to say.
#[track_caller]
fn survives(name: &str, item: impl Fn(&TokenStream) -> TokenStream, kept: &TokenStream) {
    for cut in cuts(&body()) {
        let item = item(&cut);
        let expansion = expand(name, TokenStream::new(), item.clone());
        assert_eq!(sentences(&expansion), [""; 0], "an error of ours over {item}");
        assert_contains(&expansion, kept);
        assert_contains(&expansion, &quote!({ #cut }));
        if syn::parse2::<syn::File>(item).is_ok() {
            assert!(syn::parse2::<syn::File>(expansion).is_ok(), "valid before, invalid after: {cut}");
        }
    }
}

#[test]
fn a_half_typed_main_keeps_its_signature() {
    let item = |body: &TokenStream| quote!(#[cfg(unix)] pub async fn main() -> asyncio::Result<()> { #body });
    survives("main", item, &quote!(async fn main() -> asyncio::Result<()>));
}

#[test]
fn a_half_typed_test_keeps_its_signature() {
    let item = |body: &TokenStream| quote!(#[ignore] async fn reads() -> asyncio::Result<()> { #body });
    survives("test", item, &quote!(async fn reads() -> asyncio::Result<()>));
}

#[test]
fn a_half_typed_coroutine_keeps_its_signature() {
    let item = |body: &TokenStream| quote!(async fn read<'a, P: Into<PathBuf>>(path: P, count: &'a mut u64) -> asyncio::Result<()> { #body });
    survives(
        "coroutine",
        item,
        &quote!(fn read<'a, P: Into<PathBuf>>(path: P, count: &'a mut u64) -> ::asyncio::Coroutine),
    );
}

#[test]
fn a_half_typed_handler_keeps_its_signature() {
    let item = |body: &TokenStream| {
        quote! {
            impl<T: 'static> Echo<T> {
                fn data_received(&mut self, transport: &Transport, data: &[u8]) -> asyncio::Result<()> { #body }
                fn connection_lost(&mut self, exc: Option<&Error>) { self.lost = true; }
            }
        }
    };
    let kept = quote!(fn data_received(&mut self, transport: &Transport, data: &[u8]) -> asyncio::Result<()>);
    survives("protocol", item, &kept);
}

/// Items cut anywhere, the signature included. Nothing that was typed is lost, and where the compiler will complain about
/// the item itself the macro is silent.
#[test]
fn a_half_typed_item_is_handed_on_as_it_is() {
    let function = quote! {
        #[must_use]
        pub(crate) async fn read<'a, T: Into<PathBuf>>(path: T, (a, b): (&'a str, [u8; 4])) -> asyncio::Result<Vec<T>>
        where T: Clone
        { Ok(vec![path]) }
    };
    let handlers = quote! {
        impl<T: 'static> Echo<T> where T: Clone {
            const LIMIT: usize = 5;
            fn connection_made(&mut self, transport: &Transport) {}
            fn eof_received(&self) -> bool { true }
            pub(crate) fn helper(self) -> T { self.0 }
        }
    };
    let derived = quote! { pub struct Logged<P> where P: Clone { #[protocol(inner)] pub inner: P, count: [usize; 4] } };
    for (name, item) in [
        (
            "main",
            quote!(
                async fn main() -> Result<(), Box<dyn Error>> {}
            ),
        ),
        (
            "test",
            quote!(
                #[ignore]
                async fn reads() -> Result<(), Box<dyn Error>> {}
            ),
        ),
        ("coroutine", function),
        ("protocol", handlers),
        ("protocol", derived),
    ] {
        for cut in cuts(&item) {
            let expansion = expand(name, TokenStream::new(), cut.clone());
            let valid = syn::parse2::<syn::File>(cut.clone()).is_ok();
            let names_item = cut.to_string().contains("fn ")
                || cut.to_string().contains("struct")
                || cut.to_string().contains("impl");
            if valid && names_item {
                assert!(syn::parse2::<syn::File>(expansion.clone()).is_ok(), "{name}: {cut}\nbecame {expansion}");
            } else if names_item {
                let same = flat(&without_errors(expansion.clone()));
                assert!(same.contains(&last_words(&cut)), "{name}: {cut}\nbecame {expansion}");
                assert!(sentences(&expansion).len() <= 1, "{name}: {cut}\nbecame {expansion}");
            }
        }
    }
}

/// The innermost tokens at the cut.
fn last_words(cut: &TokenStream) -> String {
    match cut.clone().into_iter().last() {
        Some(TokenTree::Group(group)) if !group.stream().is_empty() => last_words(&group.stream()),
        Some(token) => flat(&token.into()),
        None => String::new(),
    }
}
