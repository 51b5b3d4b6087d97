//! A timeout says where: what was waited for when the deadline passed.

use asyncio::{Error, Lock, Result};

use crate::support::tasks::{HOUR, seconds, tick};

#[asyncio::coroutine]
async fn query(lock: Lock) -> Result<()> {
    lock.acquire().await
}

#[asyncio::coroutine]
async fn get_user(lock: Lock) -> Result<()> {
    query(lock).await
}

#[asyncio::test(virtual_time)]
async fn the_error_names_what_was_waited_for_and_the_coroutines() {
    let lock = Lock::new();
    let _guard = lock.hold().await.unwrap();
    let line = line!() + 1;
    let error = asyncio::timeout(seconds(5), get_user(lock)).await.unwrap_err();
    let text = error.to_string();
    let start = "TimeoutError: the deadline passed while it waited for a lock ← query() called at ";
    assert!(text.starts_with(start), "{text}");
    assert!(text.contains(&format!("← get_user() called at {}:{line}:", file!())), "{text}");
    assert!(!text.contains("the_error_names"), "what is around the timeout does not belong to it: {text}");
    assert!(std::error::Error::source(&error).is_some());
}

#[asyncio::test(virtual_time)]
async fn what_cleans_up_hides_not_what_was_waited_for() {
    let error = asyncio::timeout(seconds(5), async {
        let clean = async |_: &mut ()| asyncio::sleep(seconds(1)).await;
        asyncio::with_cleanup(&mut (), async |_: &mut _| query(held().await).await, clean).await
    });
    let text = error.await.unwrap_err().to_string();
    assert!(text.contains("for a lock ← query() called at "), "{text}");
}

/// A lock that somebody holds for good.
async fn held() -> Lock {
    let lock = Lock::new();
    lock.acquire().await.unwrap();
    lock
}

#[asyncio::test(virtual_time)]
async fn all_branches_are_named() {
    let error = asyncio::timeout(seconds(5), async {
        asyncio::select! {
            got = query(held().await) => got,
            () = asyncio::sleep(HOUR) => Ok(()),
        }
    });
    let text = error.await.unwrap_err().to_string();
    assert!(text.contains("waited in select! (for a lock ← query() called at "), "{text}");
    assert!(text.ends_with("; in sleep())"), "{text}");
}

#[asyncio::test(virtual_time)]
async fn where_nothing_is_known_nothing_is_said() {
    let error = asyncio::timeout(seconds(5), async {
        std::future::pending::<()>().await;
        Ok::<_, Error>(())
    });
    assert_eq!(error.await.unwrap_err().to_string(), "TimeoutError");
    assert_eq!(asyncio::TimeoutError::new().to_string(), "TimeoutError");
}

#[asyncio::test(virtual_time)]
async fn an_outer_deadline_names_what_waits_inside_of_an_inner_one() {
    let inner = asyncio::timeout(seconds(9), query(held().await));
    let text = asyncio::wait_for(inner, seconds(5)).await.unwrap_err().to_string();
    assert!(text.contains("for a lock ← query() called at "), "{text}");
    tick().await;
}
