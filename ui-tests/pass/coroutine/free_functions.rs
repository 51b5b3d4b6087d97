#![deny(warnings, missing_docs, unused_qualifications)]
//! Arguments of every form, lifetimes, generics.

use std::fmt::Display;

/// Documentation is kept.
#[asyncio::coroutine]
#[inline]
pub async fn documented(mut count: u8, #[cfg(any())] absent: Absent, #[allow(unused)] unused: u8) -> u8 {
    count += 1;
    count
}

#[asyncio::coroutine]
async fn nothing() {}

#[asyncio::coroutine]
async fn elided(text: &str, lines: &mut Vec<String>) -> usize {
    lines.push(text.to_owned());
    lines.len()
}

#[asyncio::coroutine]
async fn borrowed(text: &str) -> &str {
    &text[1..]
}

#[asyncio::coroutine]
async fn named<'a>(text: &'a str, _other: &str) -> &'a str {
    text
}

#[asyncio::coroutine]
async fn generic<T, const N: usize>(values: [T; N]) -> String
where
    T: Display,
{
    values.iter().map(ToString::to_string).collect()
}

#[asyncio::coroutine]
async fn opaque_arguments(value: impl Display, change: &dyn Fn(u8) -> u8, each: impl Fn(u8) -> u8) -> String {
    format!("{value}{}{}", change(1), each(1))
}

struct Point {
    x: u8,
    y: u8,
}

#[asyncio::coroutine]
async fn patterns((a, b): (u8, u8), [c, ..]: [u8; 3], _: u8, Point { x, ref y }: Point) -> u8 {
    a + b + c + x + y
}

#[asyncio::coroutine]
async fn r#match(r#type: u8) -> u8 {
    #![allow(non_upper_case_globals)]
    const one: u8 = 1;
    r#type + one
}

#[asyncio::main]
async fn main() {
    assert_eq!(documented(1, 2).await, 2);
    nothing().await;
    let mut lines = Vec::new();
    assert_eq!(elided("one", &mut lines).await, 1);
    assert_eq!(borrowed("abc").await, "bc");
    assert_eq!(named("a", "b").await, "a");
    assert_eq!(generic([1, 2]).await, "12");
    assert_eq!(opaque_arguments(1, &|x| x + 1, |x| x + 2).await, "123");
    assert_eq!(patterns((1, 2), [3, 4, 5], 9, Point { x: 1, y: 1 }).await, 8);
    let call = r#match(3);
    assert_eq!(call.name(), "match");
    assert_eq!(call.await, 4);
}
