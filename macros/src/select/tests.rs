//! What `select!` says to what it does not understand, and what it makes of the rest.

use proc_macro2::TokenStream;
use quote::quote;

use super::select;
use crate::tests::{assert_contains, sentences};

#[track_caller]
fn says(input: TokenStream, sentence: &str) {
    let found = sentences(&select(input));
    assert!(found.len() == 1 && found[0].contains(sentence), "{found:?}");
}

#[test]
fn branches_nest_in_their_order() {
    let expansion = select(quote!(a = first() => 1, keep b = &mut second => { 2 } _ = third() => 3));
    assert_contains(
        &expansion,
        &quote!(branch(
            first(),
            ::asyncio::__private::kept(&mut second, ::asyncio::__private::branch(third(), ::asyncio::__private::Last))
        )),
    );
    assert_contains(&expansion, &quote!(let a = value; 1));
}

#[test]
fn a_variable_may_be_called_keep() {
    let expansion = select(quote!(keep = first() => keep,));
    assert_contains(&expansion, &quote!(let keep = value; keep));
    assert_contains(&expansion, &quote!(branch(first(), ::asyncio::__private::Last)));
}

#[test]
fn what_is_missing_is_named() {
    says(quote!(), "nothing to select from");
    says(quote!(future() => 1), "after the pattern comes");
    says(quote!(_ = future()), "after the future comes `=> what to do,`");
    says(quote!(_ = a() => 1 _ = b() => 2), "comes a `,`");
}

#[test]
fn what_others_have_is_refused_with_the_way_to_write_it() {
    says(quote!(biased; _ = a() => 1), "delete `biased;`");
    says(quote!(_ = a() => 1, else => 2), "there is no `else` branch");
    says(quote!(_ = a(), if ready => 1), "a branch has no condition");
}
