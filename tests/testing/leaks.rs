//! `assert_no_leaks`.

use std::time::Duration;

use asyncio::testing::assert_no_leaks;
use asyncio::{Error, create_task, sleep};

use crate::support::net::running;

const SECOND: Duration = Duration::from_secs(1);

/// What it says about something that leaves something behind.
async fn said_about(leaky: impl Future<Output = ()> + 'static) -> String {
    create_task(assert_no_leaks(leaky)).await.unwrap_err().to_string()
}

#[asyncio::test(virtual_time)]
async fn what_cleans_up_after_itself_passes_and_gives_its_value() {
    let before = create_task(sleep(60 * SECOND));
    let value = assert_no_leaks(async {
        let task = create_task(sleep(SECOND));
        task.await?;
        Ok::<_, Error>(5)
    })
    .await;
    assert_eq!(value.unwrap(), 5);
    before.cancel();
}

#[asyncio::test(virtual_time)]
async fn a_task_that_is_left_is_named_with_its_line() {
    let said = said_about(async {
        drop(create_task(sleep(60 * SECOND)).named("forgotten"));
    })
    .await;
    assert!(said.contains("forgotten") && said.contains(file!()), "{said}");
}

#[asyncio::test(virtual_time)]
async fn a_task_that_is_about_to_end_is_not_held_against_it() {
    assert_no_leaks(async {
        let task = create_task(sleep(60 * SECOND));
        sleep(Duration::ZERO).await;
        task.cancel();
    })
    .await;
}

#[asyncio::test(virtual_time)]
async fn timers_and_descriptors_are_counted() {
    let said = said_about(async {
        drop(running().call_later(60 * SECOND, || ()));
        let (reading, writing) = std::os::unix::net::UnixStream::pair().unwrap();
        running().add_reader(&reading, || ()).unwrap();
        std::mem::forget((reading, writing));
    })
    .await;
    assert!(said.contains("timers: 1") && said.contains("watched descriptors: 1"), "{said}");
}
