//! To which loop a lock, an event or a queue belongs: the first one in which a task waited for it.

use std::future::Future;

use asyncio::{Barrier, Condition, Error, Event, Lock, Queue, Semaphore};

use crate::support::quiet::{run, tick};

/// Waits in one loop, and in another one; the outcome of the second.
fn in_two_loops<F, T: 'static>(wait: impl Fn() -> F) -> Error
where
    F: Future<Output = asyncio::Result<T>> + 'static,
{
    let first = wait();
    asyncio::run(async {
        let task = asyncio::create_task(first);
        tick().await;
        task.cancel();
        assert!(task.await.is_err_and(|error| error.is_cancelled()));
    })
    .unwrap();
    let second = wait();
    run(async move { second.await.err() }).expect("it belongs to the first loop")
}

/// A put as a plain result.
fn putting(queue: &Queue<u8>) -> impl Future<Output = asyncio::Result<()>> + use<> {
    let put = queue.put(2);
    async move { Ok(put.await?) }
}

#[track_caller]
fn refuses(what: &str, error: Error) {
    assert!(matches!(error, Error::RuntimeError(_)), "{error}");
    let text = error.to_string();
    assert!(text.contains(&format!("this {what} is bound to a different event loop")), "{text}");
    assert!(text.contains("for each loop"), "{text}");
}

#[test]
fn waiting_in_a_second_loop_is_an_error() {
    // CPython: test_locks.ConditionTests.test_ambiguous_loops, as far as there are two loops here
    let lock = Lock::new();
    asyncio::run(lock.acquire()).unwrap();
    refuses("lock", in_two_loops(|| lock.acquire()));
    let event = Event::new();
    refuses("event", in_two_loops(|| event.wait()));
    let semaphore = Semaphore::new(0);
    refuses("semaphore", in_two_loops(|| semaphore.acquire()));
    let barrier = Barrier::new(2).unwrap();
    refuses("barrier", in_two_loops(|| barrier.wait()));
    let queue = Queue::<u8>::new();
    refuses("queue", in_two_loops(|| queue.get()));
    let full = Queue::with_maxsize(1);
    full.put_nowait(1).unwrap();
    refuses("queue", in_two_loops(|| putting(&full)));
    let condition = Condition::new();
    asyncio::run(condition.acquire()).unwrap();
    refuses("condition", in_two_loops(|| condition.wait()));
    assert!(condition.locked(), "refused before the lock was given away");
}

#[test]
fn what_never_waits_belongs_to_no_loop() {
    let (lock, queue) = (Lock::new(), Queue::new());
    for item in 0..3 {
        let (lock, queue) = (lock.clone(), queue.clone());
        let got = asyncio::run(async move {
            let _held = lock.hold().await?;
            queue.put(item).await?;
            queue.get().await
        });
        assert_eq!(got.unwrap(), item);
    }
}

#[test]
fn waiting_without_a_loop_is_an_error() {
    let event = Event::new();
    let error = futures_lite::future::block_on(event.wait()).unwrap_err();
    assert!(error.to_string().contains("needs a running event loop"), "{error}");
    event.set();
    futures_lite::future::block_on(event.wait()).unwrap();
}
