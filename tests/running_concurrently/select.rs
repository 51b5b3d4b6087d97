//! `select!`.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use asyncio::{Error, Result, catch_cancelled, create_task, sleep, with_cleanup};

use crate::support::net::running;

const SECOND: Duration = Duration::from_secs(1);

#[derive(Clone, Default)]
struct Log(Rc<RefCell<Vec<&'static str>>>);

impl Log {
    fn note(&self, entry: &'static str) {
        self.0.borrow_mut().push(entry);
    }

    fn entries(&self) -> Vec<&'static str> {
        self.0.borrow().clone()
    }
}

/// Works for some time, and cleans up for a second.
async fn worker(log: &Log, seconds: u32) -> u32 {
    let mut log = log;
    let work = async |_: &mut &Log| {
        sleep(SECOND * seconds).await;
        seconds
    };
    with_cleanup(&mut log, work, async |log| {
        log.note("cleans up");
        sleep(SECOND).await;
        log.note("cleaned up");
    })
    .await
}

#[asyncio::test(virtual_time)]
async fn the_first_to_end_runs_its_arm() {
    let began = running().time();
    let chosen = asyncio::select! {
        () = sleep(3 * SECOND) => "slow",
        () = sleep(SECOND) => "quick",
    };
    assert_eq!(chosen, "quick");
    assert_eq!(running().time() - began, SECOND);
}

#[asyncio::test(virtual_time)]
async fn branches_borrow_and_arms_await_return_and_break() {
    async fn first(words: &[&str]) -> Result<usize> {
        loop {
            asyncio::select! {
                length = async { words[0].len() } => {
                    sleep(SECOND).await;
                    if length > 1 {
                        return Ok(length);
                    }
                    break;
                }
                () = sleep(SECOND) => continue,
            }
        }
        Err(Error::value_error("a break"))
    }
    assert_eq!(first(&["four"]).await.unwrap(), 4);
    assert!(first(&["1"]).await.is_err());
}

#[asyncio::test(virtual_time)]
async fn a_branch_below_one_that_is_ready_is_never_begun() {
    let begun = Cell::new(false);
    asyncio::select! {
        () = async {} => {}
        () = async { begun.set(true) } => panic!("the first was ready"),
    }
    assert!(!begun.get());
}

#[asyncio::test(virtual_time)]
async fn the_losers_clean_up_before_the_arm_runs() {
    let log = Log::default();
    let mut state = ();
    let loser = with_cleanup(
        &mut state,
        async |()| sleep(9 * SECOND).await,
        async |()| {
            log.note("clean-up begins");
            sleep(SECOND).await;
            log.note("clean-up ends");
        },
    );
    let began = running().time();
    asyncio::select! {
        () = loser => panic!("it is slower"),
        () = sleep(SECOND) => log.note("arm"),
    }
    assert_eq!(log.entries(), ["clean-up begins", "clean-up ends", "arm"]);
    assert_eq!(running().time() - began, 2 * SECOND);
}

#[asyncio::test(virtual_time)]
async fn the_value_of_a_loser_stays_in_its_source() {
    let (one, two) = (running().create_future::<u8>(), running().create_future::<u8>());
    let (first, second) = (one.clone(), two.clone());
    running()
        .call_soon(move || {
            first.set_result(1).unwrap();
            second.set_result(2).unwrap();
        })
        .unwrap();
    let won = asyncio::select! {
        value = async { one.clone().await.unwrap() } => value,
        value = async { two.clone().await.unwrap() } => value,
    };
    assert_eq!(won, 1);
    assert_eq!(two.await.unwrap(), 2);
}

#[asyncio::test(virtual_time)]
async fn a_loser_that_awaits_a_task_cancels_it_and_waits_for_its_end() {
    let log = Log::default();
    let noted = log.clone();
    let task = create_task(async move { Ok::<_, Error>(worker(&noted, 9).await) });
    let handle = task.as_any();
    asyncio::select! {
        outcome = task => panic!("{outcome:?}"),
        () = sleep(SECOND) => {}
    }
    assert!(handle.cancelled());
    assert_eq!(log.entries(), ["cleans up", "cleaned up"]);
}

#[asyncio::test(virtual_time)]
async fn what_is_kept_survives_and_can_be_awaited_again() {
    let mut task = create_task(async {
        sleep(3 * SECOND).await;
        Ok::<_, Error>("kept")
    })
    .into_future();
    let mut ticks = 0;
    let value = loop {
        asyncio::select! {
            keep value = &mut task => break value,
            () = sleep(SECOND) => ticks += 1,
        }
    };
    assert_eq!((value.unwrap(), ticks), ("kept", 2));
}

#[asyncio::test(virtual_time)]
async fn a_kept_future_is_cancelled_with_whoever_awaits_it_last() {
    // The cell of the select is gone when the plain await is cancelled: the request must find its way all the same.
    let inner = create_task(async { sleep(60 * SECOND).await });
    let handle = inner.as_any();
    let outer = create_task(async move {
        let mut inner = inner.into_future();
        asyncio::select! {
            keep _ = &mut inner => panic!("it is slower"),
            () = sleep(SECOND) => {}
        }
        inner.await
    });
    sleep(2 * SECOND).await;
    outer.cancel();
    assert!(outer.await.unwrap_err().is_cancelled());
    assert!(handle.cancelled());
}

#[asyncio::test(virtual_time)]
async fn a_cancel_of_the_task_reaches_all_branches_and_their_clean_up_is_awaited() {
    let log = Log::default();
    let noted = log.clone();
    let task = create_task(async move {
        let other = noted.clone();
        asyncio::select! {
            _ = worker(&noted, 9) => noted.note("arm"),
            _ = worker(&other, 9) => noted.note("arm"),
        }
        noted.note("after");
    });
    sleep(SECOND).await;
    let began = running().time();
    task.cancel_with("leave");
    let error = task.await.unwrap_err();
    assert!(error.is_cancelled());
    assert_eq!(log.entries(), ["cleans up", "cleans up", "cleaned up", "cleaned up"]);
    assert_eq!(running().time() - began, SECOND, "they cleaned up beside each other");
}

#[asyncio::test(virtual_time)]
async fn a_cancel_that_comes_while_losers_clean_up_does_not_lose_what_the_winner_gave() {
    let log = Log::default();
    let noted = log.clone();
    let task = create_task(async move {
        let value = asyncio::select! {
            value = async { sleep(SECOND).await; 7 } => value,
            value = worker(&noted, 9) => value,
        };
        assert_eq!(value, 7);
        noted.note("the value arrived");
        sleep(SECOND).await;
        noted.note("not reached");
    });
    sleep(SECOND + SECOND / 2).await;
    task.cancel();
    assert!(task.await.unwrap_err().is_cancelled());
    assert_eq!(log.entries().last(), Some(&"the value arrived"));
}

#[asyncio::test(virtual_time)]
async fn a_task_that_is_cancelled_before_the_select_begins_still_takes_what_is_ready() {
    let task = create_task(async {
        asyncio::current_task()?.expect("we are in one").cancel();
        let value = asyncio::select! {
            value = async { 5 } => value,
            () = sleep(SECOND) => 0,
        };
        Ok::<_, Error>(value)
    });
    // The request is still there when it returns, as in Python.
    assert!(task.await.unwrap_err().is_cancelled());
    let task = create_task(async {
        asyncio::current_task()?.expect("we are in one").cancel();
        let caught = catch_cancelled(async {
            asyncio::select! {
                () = sleep(SECOND) => {}
                () = sleep(SECOND) => {}
            }
        });
        Ok::<_, Error>(caught.await.is_err())
    });
    assert!(task.await.unwrap(), "nothing was ready, so it left");
}

#[asyncio::test(virtual_time)]
async fn a_timeout_around_a_select_ends_it_with_its_clean_up() {
    let log = Log::default();
    let began = running().time();
    let error = asyncio::timeout(SECOND, async {
        asyncio::select! {
            _ = worker(&log, 9) => {}
            () = sleep(9 * SECOND) => {}
        }
        Ok::<_, Error>(())
    })
    .await
    .unwrap_err();
    assert!(error.is_timeout());
    assert_eq!(log.entries(), ["cleans up", "cleaned up"]);
    assert_eq!(running().time() - began, 2 * SECOND);
}

#[asyncio::test(virtual_time)]
async fn a_panic_goes_on_when_the_others_have_cleaned_up() {
    let log = Log::default();
    let noted = log.clone();
    let task = create_task(async move {
        asyncio::select! {
            _ = worker(&noted, 9) => {}
            () = async { sleep(SECOND).await; panic!("in a branch") } => {}
        }
    });
    assert!(task.await.unwrap_err().to_string().contains("in a branch"));
    assert_eq!(log.entries(), ["cleans up", "cleaned up"]);
}

#[asyncio::test(virtual_time, timeout = "60s")]
async fn a_cancel_that_a_branch_catches_is_caught_once() {
    let task = create_task(async {
        let mut caught = 0;
        loop {
            asyncio::select! {
                outcome = catch_cancelled(sleep(9 * SECOND)) => caught += u32::from(outcome.is_err()),
                () = sleep(99 * SECOND) => {}
            }
            if caught > 0 {
                sleep(SECOND).await;
                return Ok::<_, Error>(caught);
            }
        }
    });
    sleep(SECOND).await;
    task.cancel();
    assert_eq!(task.await.unwrap(), 1);
}
