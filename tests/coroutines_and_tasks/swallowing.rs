//! What cannot swallow a cancel: code that knows nothing of it.

use std::panic::AssertUnwindSafe;

use asyncio::{Error, Result, Task};
use futures::FutureExt;

use crate::support::journal::Journal;
use crate::support::tasks::{Dropped, HOUR, tick, ticks};

/// Tries again and again, whatever the error: the helper that everybody has.
async fn retry<T>(mut attempt: impl AsyncFnMut() -> Result<T>) -> T {
    loop {
        match attempt().await {
            Ok(value) => return value,
            Err(_) => tick().await,
        }
    }
}

async fn ends_cancelled<T: 'static>(task: Task<T>) {
    ticks(3).await;
    assert!(task.cancel());
    ticks(3).await;
    assert!(task.done(), "somebody swallowed it");
    assert!(task.cancelled());
}

#[asyncio::test(virtual_time)]
async fn a_retry_loop_around_a_sleep_is_left() {
    ends_cancelled(asyncio::create_task(async {
        retry(async || {
            asyncio::sleep(HOUR).await;
            Err::<(), _>(Error::runtime_error("try again"))
        })
        .await;
    }))
    .await;
}

#[asyncio::test(virtual_time)]
async fn a_retry_loop_that_fails_at_once_is_left() {
    ends_cancelled(asyncio::create_task(async {
        retry(async || Err::<(), _>(Error::runtime_error("try again"))).await;
    }))
    .await;
}

#[asyncio::test(virtual_time)]
async fn a_retry_loop_around_a_task_is_left_though_the_task_ends_with_an_error() {
    // The relayed cancel comes back as `CancelledError` of the inner task, which this must not see as one more error.
    let journal = Journal::default();
    let notes = journal.clone();
    ends_cancelled(asyncio::create_task(async move {
        retry(async || {
            notes.note("attempt");
            asyncio::create_task(asyncio::sleep(HOUR)).await
        })
        .await;
    }))
    .await;
    assert_eq!(journal.entries(), ["attempt"]);
}

#[asyncio::test(virtual_time)]
async fn a_retry_loop_goes_on_when_somebody_else_cancels_the_inner_task() {
    let journal = Journal::default();
    let notes = journal.clone();
    let task = asyncio::create_task(async move {
        retry(async || {
            notes.note("attempt");
            let inner = asyncio::create_task(async { Ok::<_, Error>(7) });
            if notes.entries().len() < 3 {
                inner.cancel();
            }
            inner.await
        })
        .await;
    });
    task.await.unwrap();
    assert_eq!(journal.entries(), ["attempt"; 3]);
}

#[asyncio::test(virtual_time)]
async fn a_catch_all_is_left() {
    ends_cancelled(asyncio::create_task(async {
        loop {
            let failing = async {
                asyncio::sleep(HOUR).await;
                Err::<u8, _>(Error::value_error("no"))
            };
            let _ = failing.await.unwrap_or_default();
        }
        #[expect(unreachable_code, reason = "says what the block gives")]
        Ok::<_, Error>(())
    }))
    .await;
}

#[asyncio::test(virtual_time)]
async fn a_question_mark_sees_nothing_of_it() {
    let journal = Journal::default();
    let notes = journal.clone();
    let guard = Dropped::noted(&journal, "dropped");
    ends_cancelled(asyncio::create_task(async move {
        let _guard = guard;
        let attempt = async {
            asyncio::create_task(asyncio::sleep(HOUR)).await?;
            Ok::<_, Error>(())
        };
        let outcome = attempt.await;
        notes.note(format!("{outcome:?}"));
        Ok::<_, Error>(())
    }))
    .await;
    assert_eq!(journal.entries(), ["dropped"]);
}

#[asyncio::test(virtual_time)]
async fn a_foreign_catch_unwind_is_left() {
    ends_cancelled(asyncio::create_task(async {
        loop {
            let _ = AssertUnwindSafe(asyncio::sleep(HOUR)).catch_unwind().await;
        }
        #[expect(unreachable_code, reason = "says what the block gives")]
        Ok::<_, Error>(())
    }))
    .await;
}

#[asyncio::test(virtual_time)]
async fn an_endless_loop_of_yields_is_left() {
    ends_cancelled(asyncio::create_task(async {
        loop {
            tick().await;
        }
        #[expect(unreachable_code, reason = "says what the block gives")]
        Ok::<_, Error>(())
    }))
    .await;
}
