//! What `#[asyncio::remote]` becomes, and what it says about mistakes.

use proc_macro2::TokenStream;
use quote::quote;

use super::remote;
use super::signature::number;
use crate::tests::{assert_contains, sentences};

#[test]
fn the_users_function_stays_whole_inside() {
    let function = quote!(
        fn thumb(image: Vec<u8>, (width, _): (u32, u32)) -> Result<Vec<u8>> {
            shrink(image, width)
        }
    );
    let expansion = remote(quote!(), quote!(#[doc = " Shrinks."] #[inline(never)] pub(crate) #function));
    assert_contains(&expansion, &quote!(#[inline(never)] #function));
    assert_contains(
        &expansion,
        &quote!(#[doc = " Shrinks."] #[allow(non_upper_case_globals)] pub(crate) static thumb: ::asyncio::RemoteFunction<fn(Vec<u8>, (u32, u32)) -> Result<Vec<u8> > >),
    );
}

#[test]
fn an_async_function_is_expanded_without_the_word() {
    let expansion = remote(
        quote!(),
        quote!(
            async fn work() {
                rest().await
            }
        ),
    );
    assert_eq!(sentences(&expansion).len(), 1);
    assert_contains(&expansion, &quote!(static work: ::asyncio::RemoteFunction<fn() -> ()>));
}

#[test]
fn all_mistakes_are_told_at_once_and_the_function_is_kept() {
    let function = quote!(
        fn work(text: &str, list: (u8, &[u8]), more: impl Copy) -> &'static str {
            text
        }
    );
    let expansion = remote(quote!(debug), function.clone());
    assert_eq!(sentences(&expansion).len(), 5, "{:#?}", sentences(&expansion));
    assert_contains(&expansion, &function);
}

#[test]
fn a_number_stands_for_the_types_and_for_nothing_else() {
    let of = |tokens: TokenStream| number(&syn::parse2(tokens).expect("a signature"));
    let plain = of(quote!(fn f(a: Vec<u8>, b: u32) -> Result<u8>));
    assert_eq!(plain, of(quote!(fn g(other: Vec<u8>, _: u32) -> Result<u8>)));
    let others = [
        quote!(fn f(a: Vec<u8>) -> Result<u8>),
        quote!(fn f(a: Vec<u8>, b: u64) -> Result<u8>),
        quote!(fn f(a: u32, b: Vec<u8>) -> Result<u8>),
        quote!(fn f(a: Vec<u8>, b: u32) -> Result<u16>),
        quote!(fn f(a: (Vec<u8>, u32)) -> Result<u8>),
        quote!(fn f(a: Vec<u8>, b: u32)),
    ];
    for other in others {
        assert_ne!(plain, of(other.clone()), "{other}");
    }
}
