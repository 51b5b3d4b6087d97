//! Programs that hang.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use asyncio::{Error, Lock, Queue, Runner};

use super::run;
use crate::support::tasks::tick;

#[asyncio::coroutine]
async fn takes(mine: Lock, other: Lock) -> Result<(), Error> {
    let _mine = mine.hold().await?;
    tick().await;
    other.acquire().await
}

#[test]
fn two_locks_in_two_orders_are_reported_as_a_circle_with_tasks_and_lines() {
    let (a, b) = (Lock::new(), Lock::new());
    let (outcome, reports) = run(async move {
        drop(asyncio::create_task(async { Queue::<u8>::new().get().await.map(drop) }).named("bystander"));
        let other = asyncio::create_task(takes(b.clone(), a.clone())).named("other");
        asyncio::current_task()?.expect("it runs").set_name("main");
        takes(a, b).await?;
        other.await
    });
    assert_eq!(outcome.unwrap_err().to_string(), "RuntimeError: it hangs");
    assert_eq!(reports.len(), 1, "{reports:#?}");
    let report = &reports[0];
    assert!(report.starts_with("ASY0001: all tasks are asleep, and nothing is left that could wake one\n"), "{report}");
    assert!(report.contains("\nin a circle: \"main\" waits for \"other\" waits for \"main\"\n"), "{report}");
    assert!(report.contains("\n  waits for a lock that \"main\" holds\n  takes() called at "), "{report}");
    assert!(report.contains("reported.rs:"), "{report}");
    let place = |name: &str| report.find(&format!("\n\"{name}\" created at ")).expect("each is listed");
    assert!(place("main") < place("bystander") && place("other") < place("bystander"), "{report}");
}

#[test]
fn of_many_tasks_twenty_are_shown_and_the_others_counted() {
    let (_, reports) = run(async {
        let queue = Queue::<u8>::new();
        for _ in 0..24 {
            let queue = queue.clone();
            drop(asyncio::create_task(async move { queue.get().await.map(drop) }));
        }
        queue.get().await.map(drop)
    });
    assert_eq!(reports[0].matches(" created at ").count(), 20, "{reports:#?}");
    assert!(reports[0].ends_with("\nand 5 more"), "{reports:#?}");
}

#[test]
fn a_wake_up_that_changes_nothing_begins_the_second_anew() {
    let (outcome, reports) = run(async {
        // A waker of a task that is over by now.
        let (sender, kept) = std::sync::mpsc::channel::<std::task::Waker>();
        asyncio::create_task(std::future::poll_fn(move |context| {
            sender.send(context.waker().clone()).unwrap();
            std::task::Poll::Ready(())
        }))
        .await?;
        std::thread::spawn(move || kept.recv().unwrap().wake());
        Queue::<u8>::new().get().await.map(drop)
    });
    assert!(outcome.is_err());
    assert_eq!(reports.len(), 1, "{reports:#?}");
}

#[test]
fn a_deadlock_in_the_clean_up_is_reported_and_does_not_end_it() {
    let reports = Rc::new(RefCell::new(Vec::new()));
    let collected = reports.clone();
    let mut runner = Runner::builder().on_deadlock(Error::runtime_error("it hangs")).build();
    let ran: Result<(), Error> = runner.run(async move {
        let (opens, opened) = (Queue::new(), Rc::new(RefCell::new(false)));
        let (wait, note) = (opens.clone(), opened.clone());
        asyncio::get_running_loop()?.set_exception_handler(move |_, report| {
            collected.borrow_mut().push(report.get_code());
            opens.put_nowait(()).unwrap();
        });
        drop(asyncio::create_task(async move {
            let mut state = (wait, note);
            let body = async |_: &mut _| Queue::<u8>::new().get().await.map(drop);
            asyncio::with_cleanup(&mut state, body, async |(wait, note)| {
                wait.get().await.unwrap();
                *note.borrow_mut() = true;
            })
            .await
        }));
        tick().await;
        Ok::<_, Error>(())
    });
    ran.unwrap();
    runner.close().unwrap();
    assert_eq!(*reports.borrow(), [Some("ASY0001")]);
}

#[test]
fn a_consumer_whose_producer_is_gone_is_reported() {
    let (outcome, reports) = run(async {
        let queue = Queue::<u8>::new();
        queue.get().await.map(drop)
    });
    assert!(outcome.is_err());
    assert!(reports.len() == 1 && reports[0].contains("  waits for an item of a queue"), "{reports:#?}");
}

#[test]
fn without_another_wish_the_loop_reports_it_once_a_stall_and_keeps_waiting() {
    let reports = Rc::new(RefCell::new(0));
    let counted = reports.clone();
    let (sender, receiver) = std::sync::mpsc::channel();
    let watcher = std::thread::spawn(move || receiver.recv().unwrap());
    let mut runner = Runner::new();
    let event_loop = runner.get_loop().unwrap();
    let inside = event_loop.clone();
    event_loop.set_exception_handler(move |_, report| {
        assert_eq!(report.get_code(), Some("ASY0001"));
        *counted.borrow_mut() += 1;
        if *counted.borrow() == 2 {
            return inside.stop();
        }
        // It begins anew when something has happened.
        let later = inside.clone();
        inside.call_later(Duration::from_millis(10), move || drop(later)).unwrap();
        sender.send(()).unwrap();
    });
    let began = Instant::now();
    let error = runner.run(async { Queue::<u8>::new().get().await }).unwrap_err();
    assert!(error.to_string().contains("stopped before"), "{error}");
    assert_eq!(*reports.borrow(), 2);
    assert!(began.elapsed() >= Duration::from_secs(2), "a second each");
    watcher.join().unwrap();
}

#[test]
#[should_panic(expected = "all tasks are asleep")]
fn a_test_ends_with_the_report() {
    async fn hangs() -> Result<(), Error> {
        let lock = Lock::new();
        let _guard = lock.hold().await?;
        lock.acquire().await
    }
    drop(asyncio::testing::run_test(asyncio::testing::TestOptions::new(), &"hangs", hangs));
}

#[test]
fn the_runner_s_own_ctrl_c_does_not_count_and_clean_ups_run() {
    let cleaned = Rc::new(RefCell::new(false));
    let note = cleaned.clone();
    let (outcome, reports) = run(async {
        drop(asyncio::create_task(async move {
            let mut note = note;
            let wait = async |_: &mut _| Queue::<u8>::new().get().await.map(drop);
            asyncio::with_cleanup(&mut note, wait, async |note| *note.borrow_mut() = true).await
        }));
        Queue::<u8>::new().get().await
    });
    assert!(outcome.is_err() && reports.len() == 1, "{reports:#?}");
    assert!(*cleaned.borrow());
}
