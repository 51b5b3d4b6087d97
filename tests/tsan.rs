//! What crosses threads, for ThreadSanitizer to watch; without it, a stress test of the same.
//!
//! A binary without the test harness, whose own channels ThreadSanitizer takes for races:
//! `TSAN_OPTIONS="suppressions=$PWD/tests/tsan.supp" RUSTFLAGS="-Zsanitizer=thread
//! -Cunsafe-allow-abi-mismatch=sanitizer" cargo +nightly test --target x86_64-unknown-linux-gnu --test tsan`
//!
//! The standard library comes compiled without the sanitizer, which therefore sees neither what its locks order nor
//! its fences. So what is shared here goes through a lock of this file, and `tsan.supp` names the rest.

use std::cell::{Cell, UnsafeCell};
use std::future::poll_fn;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Poll, Waker};
use std::thread;
use std::time::Duration;

use asyncio::{
    Error, EventLoop, Signal, create_task, gather, get_running_loop, run, run_coroutine_threadsafe, to_thread,
};

const THREADS: usize = 4;

fn main() {
    for _ in 0..5 {
        wakers_are_woken_and_dropped_on_other_threads();
        wakers_outlive_their_tasks_and_their_loop();
        a_waker_is_cloned_on_another_thread_during_the_poll();
        calls_of_one_thread_stay_in_order();
        jobs_of_a_pool_come_back_to_the_loop();
        coroutines_run_for_many_threads();
        a_loop_is_closed_while_jobs_and_threads_still_call();
        signals_of_many_threads_come_to_the_loop();
    }
    println!("what crosses threads: 5 rounds passed");
}

/// A value that another thread sets.
#[derive(Default)]
struct Flag {
    state: Spin<(Option<usize>, Option<Waker>)>,
}

impl Flag {
    fn set(&self, value: usize) {
        let waker = {
            self.state.with(|state| {
                state.0 = Some(value);
                state.1.clone()
            })
        };
        if let Some(waker) = waker {
            waker.wake_by_ref();
            let another = waker.clone();
            another.wake();
        }
    }

    async fn wait(&self) -> usize {
        poll_fn(|cx| {
            self.state.with(|state| {
                state.1 = Some(cx.waker().clone());
                state.0.map_or(Poll::Pending, Poll::Ready)
            })
        })
        .await
    }
}

fn wakers_are_woken_and_dropped_on_other_threads() {
    let flags: Arc<Vec<Flag>> = Arc::new((0..100).map(|_| Flag::default()).collect());
    let setters: Vec<_> = (0..THREADS)
        .map(|thread| {
            let flags = flags.clone();
            thread::spawn(move || {
                for (index, flag) in flags.iter().enumerate().skip(thread).step_by(THREADS) {
                    flag.set(index);
                }
            })
        })
        .collect();
    let sum = run(async move {
        let tasks: Vec<_> = (0..flags.len())
            .map(|index| {
                let flags = flags.clone();
                create_task(async move { Ok::<_, Error>(flags[index].wait().await) })
            })
            .collect();
        let mut sum = 0;
        for task in tasks {
            sum += task.await?;
        }
        Ok::<_, Error>(sum)
    });
    assert_eq!(sum.unwrap(), (0..100).sum());
    setters.into_iter().for_each(|setter| setter.join().unwrap());
}

fn wakers_outlive_their_tasks_and_their_loop() {
    let kept: Arc<Spin<Vec<Waker>>> = Arc::default();
    let keep = kept.clone();
    let event_loop = EventLoop::new().unwrap();
    let noisy = kept.clone();
    let waking = thread::spawn(move || {
        for _ in 0..200 {
            noisy.with(|wakers| wakers.iter().for_each(Waker::wake_by_ref));
            thread::yield_now();
        }
    });
    for _ in 0..20 {
        let keep = keep.clone();
        let task = async move {
            poll_fn(|cx| {
                keep.with(|wakers| wakers.push(cx.waker().clone()));
                Poll::Ready(())
            })
            .await;
            asyncio::sleep(Duration::ZERO).await;
        };
        event_loop.run_until_complete(task).unwrap();
    }
    event_loop.close().unwrap();
    drop(event_loop);
    waking.join().unwrap();
    let left = kept.with(std::mem::take);
    thread::spawn(move || left.into_iter().for_each(Waker::wake)).join().unwrap();
}

fn a_waker_is_cloned_on_another_thread_during_the_poll() {
    let woken = run(async {
        let mut polls = 0;
        poll_fn(|cx| {
            polls += 1;
            if polls == 1 {
                let waker = cx.waker();
                thread::scope(|scope| {
                    let cloning = scope.spawn(|| {
                        let another = waker.clone();
                        another.wake();
                    });
                    let waking = scope.spawn(|| waker.wake_by_ref());
                    cloning.join().expect("waking does not panic");
                    waking.join().expect("waking does not panic");
                });
                return Poll::Pending;
            }
            Poll::Ready(())
        })
        .await;
        Ok::<_, Error>(polls)
    });
    assert_eq!(woken.unwrap(), 2, "two wakes before the next step make one step");
}

fn calls_of_one_thread_stay_in_order() {
    let seen: Arc<Spin<Vec<(usize, usize)>>> = Arc::default();
    let event_loop = EventLoop::new().unwrap();
    let left = Arc::new(AtomicUsize::new(THREADS * 200));
    let callers: Vec<_> = (0..THREADS)
        .map(|thread| {
            let (handle, seen) = (event_loop.handle(), seen.clone());
            let left = left.clone();
            thread::spawn(move || {
                for number in 0..200 {
                    let (seen, left) = (seen.clone(), left.clone());
                    let call = move || {
                        seen.with(|seen| seen.push((thread, number)));
                        if left.fetch_sub(1, Ordering::Relaxed) == 1 {
                            asyncio::get_running_loop().unwrap().stop();
                        }
                    };
                    handle.call_soon_threadsafe(call).unwrap();
                }
            })
        })
        .collect();
    event_loop.run_forever().unwrap();
    callers.into_iter().for_each(|caller| caller.join().unwrap());
    let seen = seen.with(std::mem::take);
    for thread in 0..THREADS {
        let numbers: Vec<_> = seen.iter().filter(|call| call.0 == thread).map(|call| call.1).collect();
        assert_eq!(numbers, (0..200).collect::<Vec<_>>());
    }
}

fn jobs_of_a_pool_come_back_to_the_loop() {
    let sum = run(async {
        let jobs = (0..200_usize).map(|number| to_thread(move || Ok::<_, Error>(Box::new(number))));
        let cancelled = create_task(to_thread(|| ()));
        asyncio::sleep(Duration::ZERO).await;
        cancelled.cancel();
        let numbers = gather(jobs).await?;
        Ok::<_, Error>(numbers.into_iter().map(|number| *number).sum::<usize>())
    });
    assert_eq!(sum.unwrap(), (0..200).sum());
}

fn coroutines_run_for_many_threads() {
    let sum = run(async {
        let handle = get_running_loop()?.handle();
        let callers = (0..THREADS).map(|thread| {
            let handle = handle.clone();
            to_thread(move || {
                let mut sum = 0;
                for number in 0..50 {
                    let make = async move || {
                        asyncio::sleep(Duration::ZERO).await;
                        Ok::<_, Error>(thread * number)
                    };
                    let future = run_coroutine_threadsafe(make, &handle)?;
                    match number % 5 {
                        0 => assert!(future.cancel() || future.done()),
                        _ => sum += future.result(None)?,
                    }
                }
                Ok::<_, Error>(sum)
            })
        });
        Ok::<_, Error>(gather(callers).await?.into_iter().sum::<usize>())
    });
    let each: usize = (0..50).filter(|number| number % 5 != 0).sum();
    assert_eq!(sum.unwrap(), each * (0..THREADS).sum::<usize>());
}

fn a_loop_is_closed_while_jobs_and_threads_still_call() {
    let event_loop = EventLoop::new().unwrap();
    event_loop.set_exception_handler(|_, _| {});
    for _ in 0..50 {
        drop(event_loop.run_in_executor(None, || ()).unwrap());
    }
    let callers: Vec<_> = (0..THREADS)
        .map(|_| {
            let handle = event_loop.handle();
            thread::spawn(move || {
                let mut refused = 0;
                while refused == 0 {
                    let future = run_coroutine_threadsafe(async || asyncio::sleep(Duration::ZERO).await, &handle);
                    refused += usize::from(future.and_then(|future| future.result(None)).is_err());
                }
            })
        })
        .collect();
    event_loop.run_until_complete(asyncio::sleep(Duration::from_millis(5))).unwrap();
    event_loop.close().unwrap();
    callers.into_iter().for_each(|caller| caller.join().unwrap());
}

/// A lock whose every step ThreadSanitizer sees.
#[derive(Default)]
struct Spin<T> {
    locked: AtomicBool,
    value: UnsafeCell<T>,
}

#[expect(unsafe_code, reason = "the one lock that ThreadSanitizer understands without an instrumented std")]
// SAFETY: `with` lets one thread in at a time.
unsafe impl<T: Send> Sync for Spin<T> {}

impl<T> Spin<T> {
    #[expect(unsafe_code, reason = "as above")]
    fn with<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
        while self.locked.swap(true, Ordering::Acquire) {
            thread::yield_now();
        }
        // SAFETY: the flag was taken above and is given back below.
        let result = f(unsafe { &mut *self.value.get() });
        self.locked.store(false, Ordering::Release);
        result
    }
}

#[expect(unsafe_code, reason = "std has no signals")]
fn signals_of_many_threads_come_to_the_loop() {
    const EACH: usize = 50;
    let (event_loop, count) = (EventLoop::new().unwrap(), Rc::new(Cell::new(0)));
    let (counted, stopper) = (count.clone(), event_loop.clone());
    let handler = move || {
        counted.set(counted.get() + 1);
        if counted.get() == THREADS * EACH {
            stopper.stop();
        }
    };
    event_loop.add_signal_handler(Signal::SIGUSR1, handler).unwrap();
    let threads: Vec<_> = (0..THREADS)
        .map(|_| {
            // SAFETY: the signal has a handler, which runs on this thread before the call returns.
            thread::spawn(|| (0..EACH).for_each(|_| assert_eq!(unsafe { libc::raise(libc::SIGUSR1) }, 0)))
        })
        .collect();
    event_loop.run_forever().unwrap();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    // Closed while nothing comes: a signal that came later would end the process.
    event_loop.close().unwrap();
    assert_eq!(count.get(), THREADS * EACH);
}
