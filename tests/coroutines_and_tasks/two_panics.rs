//! Two panics of one thing: the first is its end, and the second reaches the exception handler.

use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

use asyncio::{Error, Result, Scope, create_task, sleep, with_cleanup};

use crate::support::reports::Reports;
use crate::support::tasks::{seconds, tick};

/// Panics when it is polled, and again when it is dropped.
struct Twice<T>(PhantomData<T>);

impl<T> Future for Twice<T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<T> {
        panic!("in the code");
    }
}

impl<T> Drop for Twice<T> {
    fn drop(&mut self) {
        panic!("in a destructor");
    }
}

struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("in a destructor");
    }
}

/// What a task ends with of which two things panic, and what is reported with it.
async fn outcome(body: impl Future<Output = ()> + 'static) -> [String; 2] {
    let reports = Reports::here();
    let Err(Error::Panic(first)) = create_task(body).await else { panic!("the body panics") };
    let report = reports.one();
    assert_eq!((report.message.as_str(), report.code), ("a panic came after another one", Some("ASY0003")));
    let Some(Error::Panic(second)) = &report.exception else { panic!("{report:?}") };
    assert!(second.location().unwrap().contains("two_panics.rs"), "{second:?}");
    [first.message().to_owned(), second.message().to_owned()]
}

const BOTH: [&str; 2] = ["in the code", "in a destructor"];

#[asyncio::test]
async fn of_a_task() {
    assert_eq!(outcome(Twice(PhantomData)).await, BOTH);
}

#[asyncio::test(virtual_time)]
async fn of_two_branches() {
    let body = async {
        asyncio::select! {
            () = async { let _bomb = Bomb; sleep(seconds(9)).await } => {}
            () = async { tick().await; panic!("in the code") } => {}
        }
    };
    // The order of the branches decides, not that of the panics.
    assert_eq!(outcome(body).await, ["in a destructor", "in the code"]);
}

#[asyncio::test]
async fn of_one_branch() {
    let body = async {
        asyncio::select! {
            () = Twice(PhantomData) => {}
            () = std::future::pending() => {}
        }
    };
    assert_eq!(outcome(body).await, BOTH);
}

#[asyncio::test]
async fn of_what_stands_before_a_clean_up() {
    let body = async { with_cleanup(&mut (), |_: &mut ()| Twice(PhantomData), async |_| tick().await).await };
    assert_eq!(outcome(body).await, BOTH);
}

#[asyncio::test]
async fn of_the_body_of_a_scope() {
    let body = async {
        let _: Result<()> = asyncio::scope(|_: &Scope<'_>| Twice(PhantomData)).await;
    };
    assert_eq!(outcome(body).await, BOTH);
}
