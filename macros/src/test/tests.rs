//! What `#[asyncio::test]` becomes, and what it says about mistakes.

use std::time::Duration;

use quote::quote;

use super::parse::duration;
use super::test;
use crate::tests::{assert_contains, sentences};

#[test]
fn it_is_a_plain_test_around_the_users_function() {
    let expansion = test(
        quote!(timeout = "1.5s", virtual_time),
        quote!(
            #[should_panic(expected = "no")]
            #[ignore]
            async fn r#loop() -> Result<(), E> {
                work().await
            }
        ),
    );
    assert_contains(&expansion, &quote!(#[should_panic(expected = "no")] #[ignore]));
    assert_contains(&expansion, &quote!(#[::asyncio::__private::core::prelude::v1::test] fn r#loop() -> Result<(), E>));
    assert_contains(
        &expansion,
        &quote!(
            async fn r#loop() -> Result<(), E> {
                work().await
            }
        ),
    );
    assert_contains(
        &expansion,
        &quote!(.timeout(::asyncio::__private::core::time::Duration::new(1, 500000000)).virtual_time(true)),
    );
    assert_contains(&expansion, &quote!("loop", r#loop));
}

#[test]
fn timeouts_are_numbers_with_units() {
    for (text, expected) in [
        ("5s", Duration::from_secs(5)),
        ("250ms", Duration::from_millis(250)),
        ("1m", Duration::from_secs(60)),
        (" 2 min ", Duration::from_secs(120)),
        ("0.1s", Duration::from_millis(100)),
    ] {
        assert_eq!(duration(text), Ok(expected), "{text}");
    }
    for (text, part) in [
        ("5", "no unit"),
        ("", "no unit"),
        ("s", "a number and a unit"),
        ("1h", "`h` is not a unit"),
        ("-1s", "`-1s` is not a unit"),
        ("0ms", "no test ends in no time"),
        ("99999999999999999999m", "too long"),
    ] {
        let sentence = duration(text).expect_err(text);
        assert!(sentence.contains(part), "{text}: {sentence}");
    }
}

#[test]
fn a_wrong_test_is_still_one_test() {
    let expansion = test(
        quote!(timeout = 5),
        quote!(
            #[test]
            fn answers(a: u8) {
                check()
            }
        ),
    );
    assert_eq!(sentences(&expansion).len(), 4);
    assert_contains(
        &expansion,
        &quote!(
            async fn answers(a: u8) {
                check()
            }
        ),
    );
    assert_eq!(expansion.to_string().matches("v1 :: test").count(), 1);
}
