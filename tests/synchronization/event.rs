//! `Event`.

use std::time::Duration;

use asyncio::{Error, Event, Task};

use crate::support::journal::Journal;
use crate::support::quiet::tick;

fn waiting(event: &Event, journal: &Journal, name: &'static str) -> Task<()> {
    let (event, journal) = (event.clone(), journal.clone());
    asyncio::create_task(async move {
        event.wait().await?;
        journal.note(name);
        Ok::<_, Error>(())
    })
}

fn shown(event: &Event) -> String {
    format!("{event:?}")
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn all_who_wait_go_on_in_their_order() -> asyncio::Result<()> {
    // CPython: test_locks.EventTests.test_wait, test_repr
    let (event, journal) = (Event::new(), Journal::default());
    assert!(!event.is_set());
    let tasks = ["1", "2", "3"].map(|name| waiting(&event, &journal, name));
    tick().await;
    assert!(journal.entries().is_empty());
    assert_eq!(shown(&event), "<Event unset, waiters: 3>");
    event.set();
    tick().await;
    assert_eq!(journal.entries(), ["1", "2", "3"]);
    assert_eq!(shown(&event), "<Event set, waiters: 0>");
    for task in tasks {
        task.await?;
    }
    Ok(())
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn what_is_set_is_not_waited_for() -> asyncio::Result<()> {
    // CPython: test_locks.EventTests.test_wait_on_set
    let event = Event::new();
    event.set();
    let later = asyncio::create_task(async {});
    event.wait().await?;
    assert!(!later.done(), "no tick has passed");
    Ok(())
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn clearing_unsets_and_setting_twice_is_harmless() -> asyncio::Result<()> {
    // CPython: test_locks.EventTests.test_clear
    let event = Event::default();
    event.set();
    event.set();
    assert!(event.is_set());
    event.clear();
    event.clear();
    assert!(!event.is_set());
    assert!(asyncio::timeout(Duration::from_secs(1), event.wait()).await.unwrap_err().is_timeout());
    Ok(())
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn set_and_cleared_at_once_it_releases_those_who_waited_and_nobody_else() -> asyncio::Result<()> {
    // CPython: test_locks.EventTests.test_clear_with_waiters
    let (event, journal) = (Event::new(), Journal::default());
    let first = waiting(&event, &journal, "first");
    tick().await;
    event.set();
    event.clear();
    let second = waiting(&event, &journal, "second");
    event.set();
    event.set();
    event.clear();
    assert!(!event.is_set());
    tick().await;
    assert_eq!(journal.entries(), ["first"]);
    assert!(!second.done(), "it came when the event was cleared");
    event.set();
    second.await?;
    first.await
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn cancelled_in_its_three_moments_a_waiter_leaves_and_the_event_stays() -> asyncio::Result<()> {
    // CPython: test_locks.EventTests.test_wait_cancel
    let (event, journal) = (Event::new(), Journal::default());
    let unborn = waiting(&event, &journal, "unborn");
    unborn.cancel();
    let suspended = waiting(&event, &journal, "suspended");
    let released = waiting(&event, &journal, "released");
    tick().await;
    assert!(unborn.cancelled());
    suspended.cancel();
    tick().await;
    assert!(suspended.cancelled());
    assert_eq!(shown(&event), "<Event unset, waiters: 1>");
    event.set();
    released.cancel();
    tick().await;
    assert!(released.cancelled());
    assert!(journal.entries().is_empty());
    assert_eq!(shown(&event), "<Event set, waiters: 0>");
    event.wait().await
}
