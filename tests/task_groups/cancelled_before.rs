//! A cancel that has come before a group or a deadline begins, and that no await has met yet.

use std::time::Duration;

use asyncio::{Error, Result, TaskGroup, TaskOptions, catch_cancelled, create_task, sleep, wait_for};

use crate::support::tasks::{me, ticks};

const SECOND: Duration = Duration::from_secs(1);

#[asyncio::test(virtual_time)]
async fn waiting_for_a_group_that_has_failed_keeps_it() {
    let task = create_task(async {
        let group = TaskGroup::new()?;
        group.create_task(async { Err::<(), _>(Error::value_error("child")) })?;
        ticks(3).await;
        me().cancel();
        assert!(group.wait().await.is_err());
        sleep(SECOND).await;
        Ok::<_, Error>("went on")
    });
    assert!(task.await.unwrap_err().is_cancelled());
}

#[asyncio::test(virtual_time)]
async fn a_deadline_that_has_passed_keeps_it() {
    let ready = create_task(async {
        me().cancel();
        assert_eq!(wait_for(async { Ok::<_, Error>(1) }, Duration::ZERO).await?, 1);
        sleep(SECOND).await;
        Ok::<_, Error>("went on")
    });
    assert!(ready.await.unwrap_err().is_cancelled());
    let waiting = create_task(async {
        me().cancel();
        wait_for(sleep(SECOND), Duration::ZERO).await
    });
    assert!(waiting.await.unwrap_err().is_cancelled(), "the cancel wins over the deadline");
}

#[asyncio::test(virtual_time)]
async fn one_that_was_caught_before_does_not_count() {
    let task = create_task(async {
        assert!(catch_cancelled(sleep(9 * SECOND)).await.is_err());
        assert_eq!(me().cancelling(), 1);
        let error = wait_for(sleep(9 * SECOND), Duration::ZERO).await.unwrap_err();
        assert!(error.is_timeout() && me().cancelling() == 1, "{error}");
        sleep(SECOND).await;
        Ok::<_, Error>(())
    });
    ticks(2).await;
    task.cancel();
    task.await.unwrap();
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn an_eager_child_whose_group_fails_in_its_first_step_is_cancelled() -> Result<()> {
    let began = asyncio::get_running_loop()?.time();
    let outcome = TaskGroup::run(async |group| {
        let (eager, within) = (|| TaskOptions { eager_start: Some(true), ..TaskOptions::default() }, group.clone());
        group.create_task_with(eager(), async move {
            within.create_task_with(eager(), async { Err::<(), _>(Error::value_error("at once")) })?;
            sleep(3600 * SECOND).await;
            Ok::<_, Error>(())
        })?;
        Ok(())
    })
    .await;
    assert!(outcome.unwrap_err().to_string().contains("at once"));
    assert_eq!(asyncio::get_running_loop()?.time(), began);
    Ok(())
}
