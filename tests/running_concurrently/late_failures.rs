//! Children of a gather that fail after its outcome was given: nobody's concern.

use std::time::Duration;

use asyncio::{Error, Result, create_task, gather, sleep};

use crate::support::reports::Reports;

const SECOND: Duration = Duration::from_secs(1);

async fn failing_after(seconds: u32, what: &'static str) -> Result<()> {
    sleep(seconds * SECOND).await;
    Err(Error::value_error(what))
}

#[asyncio::test(virtual_time)]
async fn a_second_failure_is_not_reported() {
    // CPython: test_tasks.GatherTestsBase.test_exception_marking
    let reports = Reports::here();
    let error = gather([failing_after(1, "first"), failing_after(2, "second")]).await.unwrap_err();
    assert!(error.to_string().contains("first"));
    sleep(3 * SECOND).await;
    assert!(reports.all().is_empty(), "{reports:?}");
}

#[asyncio::test(virtual_time)]
async fn a_failure_after_a_cancel_of_the_waiter_is_not_reported() {
    let reports = Reports::here();
    let waiter = create_task(async {
        let stubborn = async {
            let _ = asyncio::catch_cancelled(sleep(9 * SECOND)).await;
            failing_after(1, "late").await
        };
        asyncio::gather!(sleep(9 * SECOND), stubborn).await
    });
    sleep(SECOND).await;
    waiter.cancel();
    assert!(waiter.await.unwrap_err().is_cancelled());
    sleep(3 * SECOND).await;
    assert!(reports.all().is_empty(), "{reports:?}");
}
