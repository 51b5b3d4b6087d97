//! The tick: which handles make a batch, in which order, and that nobody starves.

use std::cell::Cell;
use std::io::Write;
use std::os::unix::net::UnixStream;
use std::rc::Rc;
use std::time::{Duration, Instant};

use asyncio::testing::VirtualClock;
use asyncio::{EventLoop, EventLoopBuilder};

use crate::support::ticks::{Trace, tick};

/// Once with the adaptive pace, once with a look at the kernel between all batches.
fn both_modes(test: impl Fn(EventLoop)) {
    for builder in [EventLoop::builder(), EventLoop::builder().strict(true)] {
        test(builder.build().unwrap());
    }
}

fn virtual_loop(builder: EventLoopBuilder) -> (EventLoop, VirtualClock) {
    let clock = VirtualClock::new();
    (builder.clock(clock.clone()).build().unwrap(), clock)
}

/// Calls `each` in every batch from now on, until it says false.
fn in_every_batch(event_loop: &EventLoop, mut each: impl FnMut() -> bool + 'static) {
    let again = event_loop.clone();
    let callback = move || {
        if each() {
            in_every_batch(&again, each);
        }
    };
    event_loop.call_soon(callback).unwrap();
}

#[test]
fn a_batch_is_what_was_ready_when_it_began() {
    // CPython: test_base_events.BaseEventLoopTests.test__run_once_schedule_handle
    both_modes(|event_loop| {
        let trace = Trace::new();
        for name in [1, 2, 3] {
            let (again, noted) = (event_loop.clone(), trace.clone());
            let callback = move || {
                noted.push(name);
                drop(again.call_soon(noted.noting(10 * name)));
            };
            event_loop.call_soon(callback).unwrap();
        }
        tick(&event_loop);
        assert_eq!(trace.all(), [1, 2, 3]);
        tick(&event_loop);
        assert_eq!(trace.all(), [1, 2, 3, 10, 20, 30]);
        event_loop.close().unwrap();
    });
}

#[test]
fn order_is_kept_in_batches_of_any_size() {
    both_modes(|event_loop| {
        let trace = Trace::new();
        for number in 0..5_000 {
            event_loop.call_soon(trace.noting(number)).unwrap();
        }
        tick(&event_loop);
        assert_eq!(trace.all(), (0..5_000).collect::<Vec<_>>());
        event_loop.close().unwrap();
    });
}

#[test]
fn call_soon_comes_before_a_timer_of_no_delay_that_was_made_earlier() {
    both_modes(|event_loop| {
        let trace = Trace::new();
        event_loop.call_later(Duration::ZERO, trace.noting("timer")).unwrap();
        event_loop.call_soon(trace.noting("soon")).unwrap();
        tick(&event_loop);
        assert_eq!(trace.all(), ["soon", "timer"]);
        event_loop.close().unwrap();
    });
}

#[test]
fn what_is_ready_comes_in_the_order_queued_then_readers_then_timers() {
    both_modes(|event_loop| {
        let trace = Trace::new();
        let (near, mut far) = UnixStream::pair().unwrap();
        far.write_all(b"x").unwrap();
        event_loop.call_later(Duration::ZERO, trace.noting("timer")).unwrap();
        let noted = trace.clone();
        event_loop.add_reader(&near, move || noted.push("reader")).unwrap();
        event_loop.call_soon(trace.noting("soon")).unwrap();
        tick(&event_loop);
        assert_eq!(trace.all(), ["soon", "reader", "timer"]);
        event_loop.close().unwrap();
    });
}

#[test]
fn a_stopped_tick_asks_the_kernel_too() {
    // CPython: test_base_events.BaseEventLoopTests.test_run_forever_pre_stopped: one select()
    both_modes(|event_loop| {
        let trace = Trace::new();
        let (near, mut far) = UnixStream::pair().unwrap();
        let noted = trace.clone();
        event_loop.add_reader(&near, move || noted.push("reader")).unwrap();
        tick(&event_loop);
        assert!(trace.all().is_empty());
        far.write_all(b"x").unwrap();
        tick(&event_loop);
        assert_eq!(trace.all(), ["reader"]);
        event_loop.close().unwrap();
    });
}

#[test]
fn every_run_asks_the_kernel_first_also_when_callbacks_are_due() {
    both_modes(|event_loop| {
        let trace = Trace::new();
        let (near, mut far) = UnixStream::pair().unwrap();
        let noted = trace.clone();
        event_loop.add_reader(&near, move || noted.push("reader")).unwrap();
        tick(&event_loop);
        far.write_all(b"x").unwrap();
        event_loop.call_soon(trace.noting("queued")).unwrap();
        tick(&event_loop);
        assert_eq!(trace.all(), ["queued", "reader"]);
        event_loop.close().unwrap();
    });
}

#[test]
fn a_reader_that_was_called_in_the_last_batch_is_not_called_for_it_again() {
    // CPython: test_base_events.BaseEventLoopTests.test_single_selecter_event_callback_after_stopping (B 2)
    both_modes(|event_loop| {
        let trace = Trace::new();
        let (near, mut far) = UnixStream::pair().unwrap();
        far.write_all(b"x").unwrap();
        let near = Rc::new(near);
        let (watched, again, noted) = (near.clone(), event_loop.clone(), trace.clone());
        let callback = move || {
            noted.push("reader");
            let (watched, inside) = (watched.clone(), again.clone());
            drop(again.call_soon(move || assert!(inside.remove_reader(&*watched))));
        };
        event_loop.add_reader(&*near, callback).unwrap();
        for _ in 0..2 {
            let stopper = event_loop.clone();
            event_loop.call_soon(move || stopper.stop()).unwrap();
            event_loop.run_forever().unwrap();
            assert_eq!(trace.all(), ["reader"]);
        }
        event_loop.close().unwrap();
    });
}

#[test]
fn strict_mode_asks_the_kernel_between_all_batches() {
    let event_loop = EventLoop::builder().strict(true).build().unwrap();
    let trace = Trace::new();
    let (near, mut far) = UnixStream::pair().unwrap();
    let noted = trace.clone();
    event_loop.add_reader(&near, move || noted.push("reader")).unwrap();
    far.write_all(b"x").unwrap();
    let (noted, stopper) = (trace.clone(), event_loop.clone());
    in_every_batch(&event_loop, move || {
        noted.push("callback");
        if noted.len() >= 20 {
            stopper.stop();
        }
        noted.len() < 20
    });
    event_loop.run_forever().unwrap();
    assert_eq!(trace.all()[..20], ["callback", "reader"].repeat(10));
    event_loop.close().unwrap();
}

#[test]
fn strict_mode_sees_a_timer_in_the_batch_in_which_it_is_due() {
    let (event_loop, clock) = virtual_loop(EventLoop::builder().strict(true));
    let trace = Trace::new();
    event_loop.call_later(Duration::from_secs(5), trace.noting("timer")).unwrap();
    let (noted, stopper) = (trace.clone(), event_loop.clone());
    in_every_batch(&event_loop, move || {
        noted.push("callback");
        clock.advance(Duration::from_secs(1));
        if noted.len() >= 8 {
            stopper.stop();
        }
        noted.len() < 8
    });
    event_loop.run_forever().unwrap();
    // The fifth callback makes it due; the sixth was queued before it.
    assert_eq!(trace.all(), [&["callback"; 6][..], &["timer"], &["callback"]].concat());
    event_loop.close().unwrap();
}

#[test]
fn a_callback_that_schedules_itself_keeps_neither_readers_nor_timers_nor_threads_waiting() {
    both_modes(|event_loop| {
        let (near, mut far) = UnixStream::pair().unwrap();
        let seen = Rc::new(Cell::new((false, false, false)));
        let near = Rc::new(near);
        let (flags, watched, inside) = (seen.clone(), near.clone(), event_loop.clone());
        let reader = move || {
            flags.set((true, flags.get().1, flags.get().2));
            assert!(inside.remove_reader(&*watched));
        };
        event_loop.add_reader(&*near, reader).unwrap();
        let flags = seen.clone();
        event_loop
            .call_later(Duration::from_millis(1), move || flags.set((flags.get().0, true, flags.get().2)))
            .unwrap();
        let (from_thread, told) = std::sync::mpsc::channel();
        let handle = event_loop.handle();
        let thread = std::thread::spawn(move || {
            far.write_all(b"x").unwrap();
            handle.call_soon_threadsafe(move || from_thread.send(()).unwrap()).unwrap();
            far
        });
        let (flags, stopper, began) = (seen.clone(), event_loop.clone(), Instant::now());
        in_every_batch(&event_loop, move || {
            if told.try_recv().is_ok() {
                flags.set((flags.get().0, flags.get().1, true));
            }
            let all = flags.get() == (true, true, true);
            if all || began.elapsed() > Duration::from_secs(10) {
                stopper.stop();
            }
            !all
        });
        event_loop.run_forever().unwrap();
        assert_eq!(seen.get(), (true, true, true), "somebody starved");
        drop(thread.join().unwrap());
        event_loop.close().unwrap();
    });
}

#[test]
fn a_reader_waits_for_a_bounded_number_of_callbacks() {
    // However quick they are, and however many a batch has.
    const LIMIT: usize = 256 + 100;
    for width in [1, 7, 64, 100] {
        let event_loop = EventLoop::new().unwrap();
        let ran = Rc::new(Cell::new(0));
        let (near, mut far) = UnixStream::pair().unwrap();
        let (since, most) = (ran.clone(), Rc::new(Cell::new(0)));
        let longest = most.clone();
        event_loop.add_reader(&near, move || longest.set(longest.get().max(since.replace(0)))).unwrap();
        far.write_all(b"x").unwrap();
        for _ in 0..width {
            let (counted, left) = (ran.clone(), Cell::new(20_000 / width));
            in_every_batch(&event_loop, move || {
                counted.set(counted.get() + 1);
                left.set(left.get() - 1);
                left.get() > 0
            });
        }
        let stopper = event_loop.clone();
        let left = Cell::new(20_000 / width);
        in_every_batch(&event_loop, move || {
            left.set(left.get() - 1);
            if left.get() == 0 {
                stopper.stop();
            }
            left.get() > 0
        });
        event_loop.run_forever().unwrap();
        let most = most.get();
        assert!(most > 0 && most <= LIMIT, "{most} callbacks ran between two calls of the reader");
        event_loop.close().unwrap();
    }
}

#[test]
fn slow_callbacks_make_the_loop_ask_the_kernel_after_each_of_them() {
    // Virtual time passes as the callbacks say: one millisecond each, which is ten times what is aimed at.
    let (event_loop, clock) = virtual_loop(EventLoop::builder());
    let trace = Trace::new();
    let (near, mut far) = UnixStream::pair().unwrap();
    let noted = trace.clone();
    event_loop.add_reader(&near, move || noted.push("reader")).unwrap();
    far.write_all(b"x").unwrap();
    let (noted, stopper) = (trace.clone(), event_loop.clone());
    in_every_batch(&event_loop, move || {
        noted.push("callback");
        clock.advance(Duration::from_millis(1));
        if noted.len() >= 1_000 {
            stopper.stop();
        }
        noted.len() < 1_000
    });
    event_loop.run_forever().unwrap();
    let all = trace.all();
    assert_eq!(all[900..910], ["callback", "reader"].repeat(5)[..], "or one later");
    event_loop.close().unwrap();
}

#[test]
fn slow_callbacks_keep_no_timer_waiting_before_the_loop_knows_that_they_are_slow() {
    // It would ask the kernel after dozens of them, were they quick.
    let event_loop = EventLoop::new().unwrap();
    let (ran, fired) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(false)));
    let (counted, stopper, seen) = (ran.clone(), event_loop.clone(), fired.clone());
    let began = Cell::new(false);
    in_every_batch(&event_loop, move || {
        if !began.replace(true) {
            let fired = fired.clone();
            stopper.call_later(Duration::from_millis(20), move || fired.set(true)).unwrap();
        }
        std::thread::sleep(Duration::from_millis(10));
        counted.set(counted.get() + 1);
        let goes_on = counted.get() < 200 && !seen.get();
        if !goes_on {
            stopper.stop();
        }
        goes_on
    });
    event_loop.run_forever().unwrap();
    let slow = ran.get();
    assert!(slow <= 16 + 5, "{slow} callbacks of 10 ms ran before a timer of 20 ms");
    event_loop.close().unwrap();
}

#[test]
fn a_panicking_callback_leaves_the_rest_of_the_batch_alone() {
    let event_loop = EventLoop::new().unwrap();
    let reports = crate::support::net::Reports::of(&event_loop);
    let trace = Trace::new();
    event_loop.call_soon(trace.noting("before")).unwrap();
    event_loop.call_soon(|| panic!("out of order")).unwrap();
    event_loop.call_soon(trace.noting("after")).unwrap();
    tick(&event_loop);
    assert_eq!(trace.all(), ["before", "after"]);
    assert_eq!(reports.all().len(), 1);
    event_loop.close().unwrap();
}
