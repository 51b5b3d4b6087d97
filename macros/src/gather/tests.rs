//! What `gather!` makes of its arguments.

use proc_macro2::TokenStream;
use quote::quote;

use super::gather;
use crate::tests::{assert_contains, sentences};

#[track_caller]
fn says(input: TokenStream, sentence: &str) {
    let found = sentences(&gather(input));
    assert!(found.len() == 1 && found[0].contains(sentence), "{found:?}");
}

#[test]
fn children_begin_in_order_and_come_back_as_a_tuple() {
    let expansion = gather(quote!(a(), b));
    assert_contains(&expansion, &quote!((::asyncio::__private::child(a()), (::asyncio::__private::child(b), ()))));
    assert_contains(&expansion, &quote!(|(result0, (result1, ()))| (result0, result1,)));
}

#[test]
fn return_exceptions_is_the_one_named_argument() {
    assert_contains(&gather(quote!(a, return_exceptions = true)), &quote!(.return_exceptions()));
    says(quote!(a, timeout = 3), "unknown argument");
    says(quote!(a, return_exceptions = flag), "write `true` or `false`");
    says(quote!(return_exceptions = true, a), "put this before");
    says(quote!(a, return_exceptions = true, return_exceptions = true), "twice");
}
