//! `call_soon_threadsafe` and `LoopHandle`.

use std::cell::RefCell;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;

use asyncio::{ContextVar, EventLoop};

use crate::support::net::{Reports, running};
use crate::support::ticks::tick;

static USER: ContextVar<&str> = ContextVar::new("user");

thread_local! {
    /// What callbacks of other threads put down: they are `Send`, so they can hold nothing of the loop's thread.
    static NOTES: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

fn note(text: impl Into<String>) {
    NOTES.with_borrow_mut(|notes| notes.push(text.into()));
}

fn notes() -> Vec<String> {
    NOTES.with_borrow(Vec::clone)
}

/// Whether the system says that a thread runs, or could; only Linux tells.
fn is_awake(thread: &Path) -> bool {
    let stat = std::fs::read_to_string(Path::new("/proc").join(thread).join("stat"));
    // After the name, which is in brackets, comes the state.
    stat.is_ok_and(|stat| !stat.rsplit(") ").next().is_some_and(|rest| rest.starts_with('S')))
}

#[test]
fn a_call_from_another_thread_wakes_a_sleeping_loop() {
    let event_loop = EventLoop::new().unwrap();
    let here = thread::current().id();
    for round in 0..100 {
        let handle = event_loop.handle();
        let loops_thread = std::fs::read_link("/proc/thread-self");
        let thread = thread::spawn(move || {
            // Before the loop sleeps, and while it does: either order must work.
            while round % 2 == 0 && loops_thread.as_ref().is_ok_and(|path| is_awake(path)) {
                thread::yield_now();
            }
            let stop = move || {
                assert_eq!(thread::current().id(), here);
                running().stop();
            };
            handle.call_soon_threadsafe(stop).unwrap();
        });
        // Nothing else is due: this ends by the call or not at all.
        event_loop.run_forever().unwrap();
        thread.join().unwrap();
    }
    event_loop.close().unwrap();
}

#[test]
fn calls_of_another_thread_and_local_ones_run_in_the_order_in_which_they_were_made() {
    // CPython: test_events.EventLoopTestsMixin.test_call_soon_threadsafe (B 6)
    let event_loop = EventLoop::new().unwrap();
    event_loop.call_soon(|| note("local 1")).unwrap();
    let handle = event_loop.handle();
    thread::spawn(move || handle.call_soon_threadsafe(|| note("remote 2")).unwrap()).join().unwrap();
    event_loop.call_soon(|| note("local 3")).unwrap();
    tick(&event_loop);
    assert_eq!(notes(), ["local 1", "remote 2", "local 3"]);
    event_loop.close().unwrap();
}

#[test]
fn calls_from_the_loops_own_thread_stand_in_line_with_the_others() {
    // CPython: test_events.EventLoopTestsMixin.test_call_soon_threadsafe_same_thread
    let event_loop = EventLoop::new().unwrap();
    event_loop.call_soon_threadsafe(|| note("threadsafe 1")).unwrap();
    event_loop.call_soon(|| note("soon 2")).unwrap();
    event_loop.handle().call_soon_threadsafe(|| note("threadsafe 3")).unwrap();
    let inside = event_loop.clone();
    event_loop
        .call_soon(move || {
            note("soon 4");
            inside.call_soon_threadsafe(|| note("threadsafe 5, next batch")).unwrap();
            inside.call_soon(|| note("soon 6, next batch")).unwrap();
        })
        .unwrap();
    tick(&event_loop);
    assert_eq!(notes(), ["threadsafe 1", "soon 2", "threadsafe 3", "soon 4"]);
    tick(&event_loop);
    assert_eq!(notes()[4..], ["threadsafe 5, next batch", "soon 6, next batch"]);
    event_loop.close().unwrap();
}

#[test]
fn the_calls_of_each_thread_keep_their_order() {
    const THREADS: usize = 8;
    const CALLS: usize = 500;
    let event_loop = EventLoop::new().unwrap();
    let left = Arc::new(AtomicUsize::new(THREADS * CALLS));
    let start = Arc::new(Barrier::new(THREADS));
    let threads: Vec<_> = (0..THREADS)
        .map(|name| {
            let (handle, left, start) = (event_loop.handle(), left.clone(), start.clone());
            thread::spawn(move || {
                start.wait();
                for call in 0..CALLS {
                    let left = left.clone();
                    let callback = move || {
                        note(format!("{name}:{call:03}"));
                        if left.fetch_sub(1, Ordering::Relaxed) == 1 {
                            running().stop();
                        }
                    };
                    handle.call_soon_threadsafe(callback).unwrap();
                }
            })
        })
        .collect();
    event_loop.run_forever().unwrap();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    let notes = notes();
    assert_eq!(notes.len(), THREADS * CALLS);
    for name in 0..THREADS {
        let own: Vec<_> = notes.iter().filter(|note| note.starts_with(&format!("{name}:"))).collect();
        assert!(own.is_sorted(), "the calls of thread {name} were mixed up");
        assert_eq!(own.len(), CALLS);
    }
    event_loop.close().unwrap();
}

#[test]
fn calls_that_meet_the_end_of_the_loop_are_dropped_or_refused_but_never_lost() {
    const THREADS: usize = 4;
    for _ in 0..20 {
        let event_loop = EventLoop::new().unwrap();
        let (made, refused) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let alive = Arc::new(());
        let threads: Vec<_> = (0..THREADS)
            .map(|_| {
                let (handle, made, refused, alive) =
                    (event_loop.handle(), made.clone(), refused.clone(), Arc::clone(&alive));
                thread::spawn(move || {
                    loop {
                        let captured = Arc::clone(&alive);
                        match handle.call_soon_threadsafe(move || drop(captured)) {
                            Ok(()) => made.fetch_add(1, Ordering::Relaxed),
                            Err(error) => {
                                assert!(error.to_string().contains("closed"), "{error}");
                                assert!(handle.is_closed());
                                refused.fetch_add(1, Ordering::Relaxed);
                                break;
                            }
                        };
                    }
                })
            })
            .collect();
        while made.load(Ordering::Relaxed) < 100 {
            tick(&event_loop);
        }
        event_loop.close().unwrap();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert_eq!(refused.load(Ordering::Relaxed), THREADS);
        assert_eq!(Arc::strong_count(&alive), 1, "what was captured has gone");
    }
}

#[test]
fn a_handle_outlives_its_loop() {
    let event_loop = EventLoop::new().unwrap();
    let handle = event_loop.handle();
    assert!(!handle.is_closed());
    drop(event_loop);
    assert!(handle.is_closed());
    let refused = thread::spawn(move || handle.call_soon_threadsafe(|| ()).unwrap_err()).join().unwrap();
    assert!(matches!(refused, asyncio::Error::RuntimeError(_)), "{refused}");
}

#[test]
fn a_callback_of_another_thread_runs_in_an_empty_context() {
    // Python takes the context of the calling thread; see differences.md.
    let event_loop = EventLoop::new().unwrap();
    USER.set("the loop's thread");
    let handle = event_loop.handle();
    let thread = thread::spawn(move || {
        USER.set("the other thread");
        handle.call_soon_threadsafe(|| note(format!("{:?}", USER.get()))).unwrap();
    });
    thread.join().unwrap();
    tick(&event_loop);
    assert_eq!(notes(), ["None"]);
    event_loop.close().unwrap();
}

#[test]
fn a_panic_in_it_is_reported_and_the_loop_goes_on() {
    let event_loop = EventLoop::new().unwrap();
    let reports = Reports::of(&event_loop);
    event_loop.handle().call_soon_threadsafe(|| panic!("from afar")).unwrap();
    event_loop.handle().call_soon_threadsafe(|| note("ran")).unwrap();
    tick(&event_loop);
    assert_eq!(notes(), ["ran"]);
    let all = reports.all();
    assert_eq!(all.len(), 1, "{all:?}");
    assert!(all[0].starts_with("Exception in callback ") && all[0].contains("from afar"), "{all:?}");
    event_loop.close().unwrap();
}
