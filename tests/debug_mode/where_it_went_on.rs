//! Where a task waited before it was slow, or failed.

use std::time::Duration;

use asyncio::testing::VirtualClock;
use asyncio::{Error, EventLoop, Result};
use log::Level;

use crate::support::log::{collect, collected};
use crate::support::net::running;
use crate::support::reports::Reports;
use crate::support::tasks::{HOUR, tick, ticks};

#[test]
fn a_slow_step_is_logged_with_the_await_that_it_went_on_from() {
    let clock = VirtualClock::new();
    let event_loop = EventLoop::builder().clock(clock.clone()).debug(true).build().unwrap();
    collect();
    #[asyncio::coroutine]
    async fn parses(clock: VirtualClock) {
        asyncio::sleep(Duration::from_secs(1)).await;
        clock.advance(Duration::from_millis(300));
    }
    event_loop.run_until_complete(parses(clock)).unwrap();
    let warnings = collected(Level::Warn);
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].contains(", which had waited in sleep() ← parses() called at "), "{warnings:?}");
    assert!(warnings[0].ends_with(", took 0.300 seconds"), "{warnings:?}");
    event_loop.close().unwrap();
}

#[asyncio::coroutine]
async fn fails_late() -> Result<()> {
    tick().await;
    Err(Error::value_error("lost"))
}

#[asyncio::test]
async fn a_lost_failure_says_where_its_task_waited_last() {
    let texts = std::rc::Rc::new(std::cell::RefCell::new(Vec::new()));
    let noted = texts.clone();
    running().set_exception_handler(move |_, report| noted.borrow_mut().push(report.to_string()));
    drop(asyncio::create_task(fails_late()));
    ticks(4).await;
    let text = texts.take().concat();
    assert!(text.starts_with("ASY0004: Task exception was never retrieved\nexception: ValueError: lost\n"), "{text}");
    assert!(text.contains("\nlast_await: it waited in sleep() ← fails_late() called at "), "{text}");
}

#[asyncio::test]
async fn the_failure_of_a_detached_task_is_nobody_s_concern() {
    let reports = Reports::here();
    asyncio::create_task(fails_late()).detach();
    let done = asyncio::create_task(fails_late());
    ticks(4).await;
    done.detach();
    let cancelled = asyncio::create_task(asyncio::sleep(HOUR));
    let handle = cancelled.as_any();
    cancelled.detach();
    handle.cancel();
    ticks(4).await;
    assert!(reports.all().is_empty(), "{:?}", reports.messages());
}
