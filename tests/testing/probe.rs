//! `until_idle`.

use std::cell::Cell;
use std::io::Write;
use std::rc::Rc;
use std::time::Duration;

use asyncio::testing::until_idle;
use asyncio::{create_task, sleep};

use crate::support::net::running;

#[asyncio::test(virtual_time)]
async fn it_waits_for_all_that_is_ready_and_for_no_timer() {
    let began = running().time();
    let steps = Rc::new(Cell::new(0));
    let count = steps.clone();
    let busy = create_task(async move {
        for _ in 0..100 {
            sleep(Duration::ZERO).await;
            count.set(count.get() + 1);
        }
        sleep(Duration::from_secs(1)).await;
    });
    until_idle().await;
    assert_eq!((steps.get(), busy.done()), (100, false));
    assert_eq!(running().time(), began);
    busy.cancel();
}

#[asyncio::test(virtual_time)]
async fn a_callback_that_schedules_another_is_waited_for() {
    let done = Rc::new(Cell::new(false));
    let sign = done.clone();
    let event_loop = running();
    event_loop.clone().call_soon(move || drop(event_loop.call_soon(move || sign.set(true)))).unwrap();
    until_idle().await;
    assert!(done.get());
}

#[asyncio::test(timeout = "10s")]
async fn a_descriptor_that_is_ready_is_waited_for() {
    let (reading, mut writing) = std::os::unix::net::UnixStream::pair().unwrap();
    let (reading, told) = (Rc::new(reading), Rc::new(Cell::new(false)));
    let (event_loop, watched, sign) = (running(), reading.clone(), told.clone());
    // It stays ready until it is read, so it is told once only.
    let once = move || sign.set(event_loop.remove_reader(&*watched));
    running().add_reader(&*reading, once).unwrap();
    until_idle().await;
    assert!(!told.get());
    writing.write_all(b"x").unwrap();
    until_idle().await;
    assert!(told.get());
}

#[asyncio::test(virtual_time)]
async fn a_cancel_reaches_who_waits_for_idleness() {
    let waiter = create_task(async {
        let busy = create_task(async {
            loop {
                sleep(Duration::ZERO).await;
            }
            #[expect(unreachable_code, reason = "it says what the task gives")]
            Ok::<(), asyncio::Error>(())
        });
        until_idle().await;
        busy.await
    });
    for _ in 0..5 {
        sleep(Duration::ZERO).await;
    }
    waiter.cancel();
    assert!(waiter.await.unwrap_err().is_cancelled());
}

#[asyncio::test(virtual_time)]
async fn children_of_a_scope_are_waited_for_as_tasks_are() -> asyncio::Result<()> {
    asyncio::scope(async |s| {
        let child = s.spawn(crate::support::tasks::ticks(5));
        until_idle().await;
        assert!(child.done());
        let other = s.spawn(async {
            until_idle().await;
            Ok::<_, asyncio::Error>(())
        });
        let busy = s.spawn(crate::support::tasks::ticks(5));
        other.await?;
        assert!(busy.done());
        Ok(())
    })
    .await
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn two_that_wait_for_idleness_do_not_wait_for_each_other() {
    let other = create_task(until_idle());
    let work = create_task(async {
        for _ in 0..20 {
            sleep(Duration::ZERO).await;
        }
    });
    until_idle().await;
    assert!(work.done());
    other.await.unwrap();
}
