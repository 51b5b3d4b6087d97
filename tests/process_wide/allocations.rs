//! What does without the allocator: one that counts is the whole binary's.

use std::hint::black_box;

use allocation_counter::measure;
use asyncio::{BoundedSemaphore, Event, Lock, Result, Semaphore};
use futures::FutureExt;

use crate::program::{Program, Test, succeeds, test};

pub(crate) const TESTS: &[Test] =
    &[test!(locks_semaphores_and_events_that_nobody_waits_for_allocate_nothing, takes_and_gives_back)];

/// How often this allocates. It must not suspend.
fn allocations(mut operations: impl FnMut()) -> u64 {
    // Not of the first time: a thread's own variables may be made then.
    operations();
    measure(operations).count_total
}

fn now<T>(future: impl Future<Output = T>) -> T {
    future.now_or_never().expect("there is nothing to wait for")
}

#[asyncio::main]
async fn takes_and_gives_back() -> Result<()> {
    assert_eq!(allocations(|| drop(black_box(Box::new(1)))), 1, "they are counted");
    let lock = Lock::new();
    let locked = || {
        now(lock.acquire()).unwrap();
        lock.release().unwrap();
        drop(now(lock.hold()).unwrap());
    };
    assert_eq!(allocations(locked), 0, "by the lock");
    let semaphore = Semaphore::new(2);
    let counted = || {
        now(semaphore.acquire()).unwrap();
        drop(now(semaphore.hold()).unwrap());
        semaphore.release().unwrap();
    };
    assert_eq!(allocations(counted), 0, "by the semaphore");
    let bounded = BoundedSemaphore::new(2);
    let counted = || {
        now(bounded.acquire()).unwrap();
        drop(now(bounded.hold()).unwrap());
        bounded.release().unwrap();
    };
    assert_eq!(allocations(counted), 0, "by the bounded semaphore");
    let event = Event::new();
    let seen = || {
        event.set();
        now(event.wait()).unwrap();
        event.clear();
    };
    assert_eq!(allocations(seen), 0, "by the event");
    Ok(())
}

fn locks_semaphores_and_events_that_nobody_waits_for_allocate_nothing(program: Program) {
    succeeds(program);
}
