//! Wakers: from other threads, too late, too often, and after everything is over.

use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Poll, Waker};
use std::thread;

use asyncio::{Error, LoopHandle};

use crate::support::tasks::{HOUR, tick, ticks};

/// A flag that anybody may raise, and the waker of whoever waits for it.
#[derive(Default)]
struct Flag {
    raised: AtomicBool,
    waker: Mutex<Option<Waker>>,
    polls: AtomicUsize,
}

impl Flag {
    async fn raised(self: Arc<Self>) {
        poll_fn(|context| {
            self.polls.fetch_add(1, Ordering::Relaxed);
            *self.waker.lock().unwrap() = Some(context.waker().clone());
            if self.raised.load(Ordering::Acquire) { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }

    fn waker(&self) -> Waker {
        self.waker.lock().unwrap().clone().expect("somebody waits")
    }
}

#[asyncio::test(timeout = "20s")]
async fn another_thread_wakes_a_task_of_a_sleeping_loop() {
    for _ in 0..20 {
        let flag = Arc::new(Flag::default());
        let task = asyncio::create_task(flag.clone().raised());
        tick().await;
        let waker = flag.waker();
        let thread = thread::spawn(move || {
            flag.raised.store(true, Ordering::Release);
            waker.wake();
        });
        task.await.unwrap();
        thread.join().unwrap();
    }
}

#[asyncio::test(timeout = "20s")]
async fn a_storm_of_wakes_is_one_step() {
    let flag = Arc::new(Flag::default());
    let task = asyncio::create_task(flag.clone().raised());
    tick().await;
    let (waker, polls) = (flag.waker(), flag.polls.load(Ordering::Relaxed));
    let storm = waker.clone();
    // The loop does not run meanwhile: all of them fall into one batch.
    thread::spawn(move || (0..100_000).for_each(|_| storm.wake_by_ref())).join().unwrap();
    (0..1000).for_each(|_| waker.wake_by_ref());
    ticks(5).await;
    let polled = flag.polls.load(Ordering::Relaxed) - polls;
    assert!((1..=2).contains(&polled), "one from here and one from there at most, and it was {polled}");
    task.cancel();
    assert!(task.await.unwrap_err().is_cancelled());
}

#[asyncio::test(timeout = "20s")]
async fn wakes_from_many_threads_are_never_lost() {
    const ROUNDS: usize = 2_000;
    let counters: Vec<_> = (0..4).map(|_| Arc::new((AtomicUsize::new(0), Mutex::new(None::<Waker>)))).collect();
    let threads: Vec<_> = counters
        .iter()
        .cloned()
        .map(|counter| {
            thread::spawn(move || {
                for _ in 0..ROUNDS {
                    counter.0.fetch_add(1, Ordering::Release);
                    let waker = counter.1.lock().unwrap().take();
                    if let Some(waker) = waker {
                        waker.wake();
                    }
                }
            })
        })
        .collect();
    let tasks: Vec<_> = counters
        .into_iter()
        .map(|counter| {
            asyncio::create_task(poll_fn(move |context| {
                *counter.1.lock().unwrap() = Some(context.waker().clone());
                if counter.0.load(Ordering::Acquire) == ROUNDS { Poll::Ready(()) } else { Poll::Pending }
            }))
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    for thread in threads {
        thread.join().unwrap();
    }
}

#[asyncio::test]
async fn waking_a_task_that_is_done_does_nothing() {
    let flag = Arc::new(Flag::default());
    let task = asyncio::create_task(flag.clone().raised());
    tick().await;
    let waker = flag.waker();
    flag.raised.store(true, Ordering::Release);
    waker.wake_by_ref();
    (&task).await.unwrap();
    let polls = flag.polls.load(Ordering::Relaxed);
    waker.wake_by_ref();
    let remote = waker.clone();
    thread::spawn(move || remote.wake()).join().unwrap();
    ticks(3).await;
    drop(task);
    // Its place may belong to another task by now, which must not be woken in its stead.
    let other = Arc::new(Flag::default());
    let next = asyncio::create_task(other.clone().raised());
    tick().await;
    waker.wake_by_ref();
    ticks(3).await;
    assert_eq!(flag.polls.load(Ordering::Relaxed), polls);
    assert_eq!(other.polls.load(Ordering::Relaxed), 1);
    next.cancel();
    assert!(next.await.unwrap_err().is_cancelled());
}

#[test]
fn a_waker_outlives_its_loop_and_wakes_nobody() {
    let flag = Arc::new(Flag::default());
    let event_loop = asyncio::new_event_loop().unwrap();
    event_loop.set_exception_handler(|_, _| ());
    let task = event_loop.create_task(flag.clone().raised()).unwrap();
    event_loop.run_until_complete(tick()).unwrap();
    let waker = flag.waker();
    event_loop.close().unwrap();
    waker.wake_by_ref();
    let (early, late) = (waker.clone(), waker.clone());
    thread::spawn(move || early.wake()).join().unwrap();
    drop(event_loop);
    drop(task);
    waker.wake_by_ref();
    thread::spawn(move || late.wake()).join().unwrap();
    assert_eq!(flag.polls.load(Ordering::Relaxed), 1);
    waker.wake();
}

#[asyncio::test(timeout = "20s")]
async fn a_waker_may_be_cloned_used_and_dropped_on_another_thread() {
    let flag = Arc::new(Flag::default());
    let task = asyncio::create_task(flag.clone().raised());
    tick().await;
    let waker = flag.waker.lock().unwrap().take().unwrap();
    let (sender, receiver) = mpsc::channel();
    let thread = thread::spawn(move || {
        let clone = waker.clone();
        assert!(clone.will_wake(&waker));
        drop(waker);
        clone.wake_by_ref();
        sender.send(clone.clone()).unwrap();
        drop(clone);
    });
    let back = receiver.recv().unwrap();
    thread.join().unwrap();
    flag.raised.store(true, Ordering::Release);
    back.wake();
    task.await.unwrap();
}

#[asyncio::test(timeout = "20s")]
async fn a_poll_s_own_waker_works_on_a_scoped_thread() {
    // The waker that a poll lends may cross to a thread that ends within it.
    let mut woken = false;
    let task = asyncio::create_task(poll_fn(move |context| {
        if woken {
            return Poll::Ready(());
        }
        woken = true;
        let waker = context.waker();
        thread::scope(|scope| {
            scope.spawn(|| waker.wake_by_ref());
        });
        Poll::Pending
    }));
    task.await.unwrap();
}

#[asyncio::test]
async fn a_wake_from_inside_of_the_step_runs_another_one_in_the_next_batch() {
    let mut left = 3;
    let task = asyncio::create_task(poll_fn(move |context| {
        context.waker().wake_by_ref();
        context.waker().wake_by_ref();
        left -= 1;
        if left == 0 { Poll::Ready(()) } else { Poll::Pending }
    }));
    ticks(2).await;
    assert!(!task.done());
    tick().await;
    assert!(task.done());
}

#[asyncio::test(timeout = "20s")]
async fn a_cancel_reaches_a_task_whose_waker_is_elsewhere() {
    let flag = Arc::new(Flag::default());
    let task = asyncio::create_task(flag.clone().raised());
    tick().await;
    let waker = flag.waker();
    let stop = Arc::new(AtomicBool::new(false));
    let over = stop.clone();
    let thread = thread::spawn(move || {
        while !over.load(Ordering::Acquire) {
            waker.wake_by_ref();
            thread::yield_now();
        }
    });
    ticks(20).await;
    task.cancel();
    assert!(task.await.unwrap_err().is_cancelled());
    ticks(20).await;
    stop.store(true, Ordering::Release);
    thread.join().unwrap();
}

#[asyncio::test(timeout = "20s")]
async fn a_task_woken_by_its_loop_s_handle_and_by_its_waker_runs_in_order() {
    let handle: LoopHandle = asyncio::get_running_loop().unwrap().handle();
    let flag = Arc::new(Flag::default());
    let task = asyncio::create_task(flag.clone().raised());
    tick().await;
    let waker = flag.waker();
    thread::spawn(move || {
        handle.call_soon_threadsafe(move || flag.raised.store(true, Ordering::Release)).unwrap();
        waker.wake();
    });
    task.await.unwrap();
}

#[asyncio::test(virtual_time)]
async fn a_waker_that_is_kept_keeps_no_task_alive() {
    let flag = Arc::new(Flag::default());
    let alive = std::rc::Rc::new(());
    let (inner, held) = (flag.clone(), alive.clone());
    let task = asyncio::create_task(async move {
        let _held = held;
        inner.raised().await;
        asyncio::sleep(HOUR).await;
        Ok::<_, Error>(())
    });
    tick().await;
    let waker = flag.waker();
    task.cancel();
    assert!(task.await.unwrap_err().is_cancelled());
    assert_eq!(std::rc::Rc::strong_count(&alive), 1);
    waker.wake();
}
