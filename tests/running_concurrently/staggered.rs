//! `staggered_race`.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;

use asyncio::{Error, Result, catch_cancelled, create_task, sleep, staggered_race};

use crate::support::net::running;

const SECOND: Duration = Duration::from_secs(1);

type Attempt = Box<dyn FnOnce() -> Pin<Box<dyn Future<Output = Result<&'static str>>>>>;

/// An attempt that ends after some time.
fn attempt(seconds: u32, outcome: Result<&'static str>) -> Attempt {
    Box::new(move || {
        Box::pin(async move {
            sleep(SECOND * seconds).await;
            outcome
        })
    })
}

fn refused() -> Result<&'static str> {
    Err(Error::value_error("refused"))
}

#[asyncio::test(virtual_time)]
async fn nothing_to_try_has_no_winner() -> Result<()> {
    // CPython: test_staggered.test_empty
    let race = staggered_race(Vec::<Attempt>::new(), None).await?;
    assert!(race.winner.is_none() && race.exceptions.is_empty());
    Ok(())
}

#[asyncio::test(virtual_time)]
async fn the_first_one_that_succeeds_in_time_is_the_only_one_begun() -> Result<()> {
    // CPython: test_staggered.test_one_successful
    let race = staggered_race([attempt(0, Ok("first")), attempt(0, Ok("second"))], None).await?;
    assert_eq!(race.winner, Some(("first", 0)));
    assert_eq!(race.exceptions.len(), 1);
    Ok(())
}

#[asyncio::test(virtual_time)]
async fn a_failure_begins_the_next_at_once() -> Result<()> {
    // CPython: test_staggered.test_first_error_second_successful
    let began = running().time();
    let race = staggered_race([attempt(0, refused()), attempt(1, Ok("second"))], 9 * SECOND).await?;
    assert_eq!(race.winner, Some(("second", 1)));
    assert!(race.exceptions[0].is_some() && race.exceptions[1].is_none());
    assert_eq!(running().time() - began, SECOND);
    Ok(())
}

#[asyncio::test(virtual_time)]
async fn a_slow_one_is_cancelled_when_a_later_one_wins() -> Result<()> {
    // CPython: test_staggered.test_first_timeout_second_successful
    let cleaned = Rc::new(Cell::new(false));
    let sign = cleaned.clone();
    let slow: Attempt = Box::new(move || {
        Box::pin(async move {
            let left = catch_cancelled(sleep(9 * SECOND)).await;
            sleep(SECOND).await;
            sign.set(true);
            left?;
            Ok("slow")
        })
    });
    let began = running().time();
    let race = staggered_race([slow, attempt(1, Ok("second"))], SECOND).await?;
    assert_eq!(race.winner, Some(("second", 1)));
    assert_eq!(race.exceptions.len(), 2);
    assert!(race.exceptions[0].as_ref().is_some_and(Error::is_cancelled) && race.exceptions[1].is_none());
    assert!(cleaned.get());
    assert_eq!(running().time() - began, 3 * SECOND, "a second late, a second of work, a second of clean-up");
    Ok(())
}

#[asyncio::test(virtual_time)]
async fn without_a_winner_every_failure_is_there() -> Result<()> {
    // CPython: test_staggered.test_none_successful
    let race = staggered_race([attempt(0, refused()), attempt(1, refused()), attempt(0, refused())], None).await?;
    assert!(race.winner.is_none());
    assert_eq!(race.exceptions.iter().filter(|error| error.is_some()).count(), 3);
    Ok(())
}

#[asyncio::test(virtual_time)]
async fn only_the_failure_of_the_latest_begins_the_next_early() -> Result<()> {
    let begun = Rc::new(RefCell::new(Vec::new()));
    let start = running().time();
    let noting = |seconds, outcome| -> Attempt {
        let begun = begun.clone();
        Box::new(move || {
            begun.borrow_mut().push((running().time() - start).as_secs());
            attempt(seconds, outcome)()
        })
    };
    // The first fails at three seconds, when the second is the latest: the third waits for its turn at four.
    let race = staggered_race([noting(3, refused()), noting(9, refused()), noting(1, Ok("third"))], 2 * SECOND).await?;
    assert_eq!(race.winner, Some(("third", 2)));
    assert_eq!(*begun.borrow(), [0, 2, 4]);
    Ok(())
}

#[asyncio::test(virtual_time)]
async fn of_two_that_succeed_at_once_the_first_wins_and_the_other_has_no_error() -> Result<()> {
    let race = staggered_race([attempt(2, Ok("first")), attempt(1, Ok("second"))], SECOND).await?;
    assert_eq!(race.winner, Some(("first", 0)));
    assert_eq!(race.exceptions.len(), 2);
    Ok(())
}

#[asyncio::test(virtual_time)]
async fn attempts_that_start_at_once_lose_nothing() -> Result<()> {
    // CPython: gh-124309, gh-128479
    asyncio::get_running_loop()?.set_task_factory(asyncio::eager_task_factory);
    let race = staggered_race([attempt(1, refused()), attempt(0, Ok("second")), attempt(0, Ok("third"))], SECOND / 2);
    let race = race.await?;
    asyncio::get_running_loop()?.clear_task_factory();
    assert_eq!(race.winner, Some(("second", 1)));
    assert!(race.exceptions[0].as_ref().is_some_and(Error::is_cancelled));
    assert_eq!(running().all_tasks().len(), 1);
    Ok(())
}

#[asyncio::test(virtual_time)]
async fn a_cancel_ends_all_of_them() {
    let task =
        create_task(async { staggered_race([attempt(9, Ok("a")), attempt(9, Ok("b"))], SECOND).await.map(|_| ()) });
    sleep(2 * SECOND).await;
    assert_eq!(running().all_tasks().len(), 4);
    task.cancel();
    assert!(task.await.unwrap_err().is_cancelled());
    assert_eq!(running().all_tasks().len(), 1);
}
