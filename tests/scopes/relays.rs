//! A cancel that was handed on to what the body awaits, while the children go on for long.

use std::time::Duration;

use asyncio::{Error, catch_cancelled, create_task, scope, sleep};

use crate::support::tasks::ticks;

#[asyncio::test(virtual_time)]
async fn it_comes_back_however_many_steps_there_were() {
    let task = create_task(async {
        let awaited = create_task(async {
            assert!(catch_cancelled(sleep(Duration::from_secs(1))).await.is_err());
            sleep(Duration::from_secs(1)).await;
            asyncio::current_task()?.unwrap().cancel();
            sleep(Duration::from_secs(1)).await;
            Ok::<_, Error>(())
        });
        scope(async |s| {
            // On the virtual clock no time passes while it is busy. More steps than the cell can count.
            s.spawn(ticks(70_000));
            let caught = awaited.await;
            panic!("the body was to leave: {caught:?}")
        })
        .await
    });
    ticks(3).await;
    task.cancel();
    let outcome: asyncio::Result<()> = task.await;
    assert!(outcome.as_ref().is_err_and(Error::is_cancelled), "{outcome:?}");
}
