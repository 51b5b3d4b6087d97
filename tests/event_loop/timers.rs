//! `call_later`, `call_at`, `time` and `TimerHandle`.

use std::cell::{Cell, RefCell};
use std::cmp::Ordering;
use std::collections::HashSet;
use std::io::Write;
use std::os::unix::net::UnixStream;
use std::rc::Rc;
use std::time::Duration;

use asyncio::testing::VirtualClock;
use asyncio::{ContextVar, EventLoop, TimerHandle, copy_context};

use crate::support::ticks::{Dropped, Trace, tick};

const SECOND: Duration = Duration::from_secs(1);

static USER: ContextVar<&str> = ContextVar::new("user");

fn virtual_loop() -> (EventLoop, VirtualClock) {
    let clock = VirtualClock::new();
    (EventLoop::builder().clock(clock.clone()).build().unwrap(), clock)
}

/// Runs the loop for so long.
fn pass(event_loop: &EventLoop, time: Duration) {
    event_loop.run_until_complete(asyncio::sleep(time)).unwrap();
}

#[test]
fn timers_fire_in_the_order_of_their_deadlines() {
    // CPython: test_events.EventLoopTestsMixin.test_call_later
    let (event_loop, _) = virtual_loop();
    let trace = Trace::new();
    for seconds in [5, 1, 4, 2, 3] {
        event_loop.call_later(seconds * SECOND, trace.noting(seconds)).unwrap();
    }
    pass(&event_loop, 3 * SECOND + SECOND / 2);
    assert_eq!(trace.all(), [1, 2, 3]);
    pass(&event_loop, 2 * SECOND);
    assert_eq!(trace.all(), [1, 2, 3, 4, 5]);
    event_loop.close().unwrap();
}

#[test]
fn timers_of_one_deadline_fire_in_the_order_in_which_they_were_made() {
    // Python leaves this order open; see differences.md.
    let (event_loop, _) = virtual_loop();
    let trace = Trace::new();
    let when = event_loop.time() + SECOND;
    for number in 0..1_000 {
        event_loop.call_at(when, trace.noting(number)).unwrap();
    }
    pass(&event_loop, SECOND);
    assert_eq!(trace.all(), (0..1_000).collect::<Vec<_>>());
    event_loop.close().unwrap();
}

#[test]
fn overdue_timers_fire_in_the_order_of_their_deadlines() {
    // CPython: test_base_events.BaseEventLoopTests.test_call_later_negative_delays (B 4)
    let (event_loop, _) = virtual_loop();
    let trace = Trace::new();
    let now = event_loop.time();
    event_loop.call_at(now - SECOND, trace.noting("one second ago")).unwrap();
    event_loop.call_at(now - 2 * SECOND, trace.noting("two seconds ago")).unwrap();
    event_loop.call_at(Duration::ZERO, trace.noting("long ago")).unwrap();
    tick(&event_loop);
    assert_eq!(trace.all(), ["long ago", "two seconds ago", "one second ago"]);
    event_loop.close().unwrap();
}

#[test]
fn a_timer_is_never_early() {
    // CPython: test_base_events.BaseEventLoopTests.test_time_and_call_at, test_events.test_timeout_rounding
    let event_loop = EventLoop::new().unwrap();
    for microseconds in [0, 1, 999, 1_000, 1_001, 2_500] {
        let when = event_loop.time() + Duration::from_micros(microseconds);
        let (inside, fired) = (event_loop.clone(), Rc::new(Cell::new(Duration::ZERO)));
        let noted = fired.clone();
        let handle = event_loop
            .call_at(when, move || {
                noted.set(inside.time());
                inside.stop();
            })
            .unwrap();
        assert_eq!(handle.when(), when);
        event_loop.run_forever().unwrap();
        assert!(fired.get() >= when, "{microseconds} µs: {:?} early", when - fired.get());
    }
    event_loop.close().unwrap();
}

#[test]
fn time_never_goes_back() {
    let event_loop = EventLoop::new().unwrap();
    let mut last = event_loop.time();
    for _ in 0..1_000 {
        let now = event_loop.time();
        assert!(now >= last);
        last = now;
    }
    assert!(last > SECOND, "a moment shortly ago can be written as well");
    event_loop.close().unwrap();
}

#[test]
fn a_virtual_clock_jumps_to_the_next_timer_when_nothing_is_ready() {
    let (event_loop, clock) = virtual_loop();
    let trace = Trace::new();
    let began = clock.time();
    for days in [30, 1] {
        let (noted, shown) = (trace.clone(), clock.clone());
        event_loop.call_later(days * 86_400 * SECOND, move || noted.push(shown.time() - began)).unwrap();
    }
    // It does not move while callbacks are due.
    for _ in 0..10 {
        event_loop.call_soon(|| ()).unwrap();
        tick(&event_loop);
    }
    assert_eq!(clock.time(), began);
    pass(&event_loop, 31 * 86_400 * SECOND);
    assert_eq!(trace.all(), [86_400 * SECOND, 30 * 86_400 * SECOND]);
    event_loop.close().unwrap();
}

#[test]
fn each_timer_sees_its_own_time_however_close_the_next_one_is() {
    let (event_loop, clock) = virtual_loop();
    let trace = Trace::new();
    let began = clock.time();
    for nanoseconds in 1..=100 {
        let (noted, shown, delay) = (trace.clone(), clock.clone(), Duration::from_nanos(nanoseconds));
        event_loop.call_later(delay, move || noted.push(shown.time() - began == delay)).unwrap();
    }
    pass(&event_loop, SECOND);
    assert_eq!(trace.all(), [true; 100]);
    event_loop.close().unwrap();
}

#[test]
fn a_virtual_clock_does_not_jump_over_what_has_happened_already() {
    let (event_loop, clock) = virtual_loop();
    let trace = Trace::new();
    let began = clock.time();
    event_loop.call_later(SECOND, trace.noting("timer")).unwrap();
    let (near, mut far) = UnixStream::pair().unwrap();
    let near = Rc::new(near);
    let (noted, inside, watched, shown) = (trace.clone(), event_loop.clone(), near.clone(), clock.clone());
    let reader = move || {
        inside.remove_reader(&*watched);
        noted.push(if shown.time() == began { "reader" } else { "a reader that came too late" });
    };
    event_loop.add_reader(&*near, reader).unwrap();
    // Written when the first look is over, and nothing but the timer is left.
    event_loop.call_soon(move || far.write_all(b"x").unwrap()).unwrap();
    pass(&event_loop, 2 * SECOND);
    assert_eq!(trace.all(), ["reader", "timer"]);
    event_loop.close().unwrap();
}

#[test]
fn a_clock_that_is_moved_by_hand_makes_timers_due() {
    let (event_loop, clock) = virtual_loop();
    let trace = Trace::new();
    event_loop.call_later(SECOND, trace.noting("due")).unwrap();
    tick(&event_loop);
    assert!(trace.all().is_empty());
    clock.advance(SECOND);
    tick(&event_loop);
    assert_eq!(trace.all(), ["due"]);
    event_loop.close().unwrap();
}

#[test]
fn delays_beyond_all_time_are_kept_and_do_not_fire() {
    let event_loop = EventLoop::new().unwrap();
    let trace = Trace::new();
    let far = event_loop.call_later(Duration::MAX, trace.noting("never")).unwrap();
    let days = event_loop.call_later(100 * 86_400 * SECOND, trace.noting("not today")).unwrap();
    event_loop.call_later(Duration::from_millis(2), trace.noting("soon")).unwrap();
    pass(&event_loop, Duration::from_millis(4));
    assert_eq!(trace.all(), ["soon"]);
    assert_eq!(far.when(), Duration::MAX);
    assert!(days < far);
    event_loop.close().unwrap();
}

#[test]
fn a_cancelled_timer_does_not_fire_and_what_it_captured_goes_at_once() {
    // CPython: test_events.TimerTests.test_timer
    let (event_loop, _) = virtual_loop();
    let trace = Trace::new();
    let captured = Dropped(trace.clone(), "dropped");
    let handle = event_loop
        .call_later(SECOND, move || {
            drop(captured);
            unreachable!("it was cancelled");
        })
        .unwrap();
    assert!(!handle.cancelled());
    handle.cancel();
    handle.cancel();
    assert!(handle.cancelled());
    assert_eq!(trace.all(), ["dropped"]);
    pass(&event_loop, 2 * SECOND);
    event_loop.close().unwrap();
}

#[test]
fn a_timer_can_be_cancelled_in_the_batch_in_which_it_is_due() {
    let (event_loop, _) = virtual_loop();
    let trace = Trace::new();
    let when = event_loop.time() + SECOND;
    let victim: Rc<RefCell<Option<TimerHandle>>> = Rc::default();
    let chosen = victim.clone();
    event_loop.call_at(when, move || chosen.borrow().as_ref().unwrap().cancel()).unwrap();
    let handle = event_loop.call_at(when, trace.noting("cancelled")).unwrap();
    event_loop.call_at(when, trace.noting("kept")).unwrap();
    *victim.borrow_mut() = Some(handle.clone());
    pass(&event_loop, 2 * SECOND);
    assert_eq!(trace.all(), ["kept"]);
    assert!(handle.cancelled());
    event_loop.close().unwrap();
}

#[test]
fn cancelled_stays_false_for_what_has_fired_and_another_timer_in_its_place_is_left_alone() {
    let (event_loop, _) = virtual_loop();
    let trace = Trace::new();
    let fired = event_loop.call_later(SECOND, trace.noting("first")).unwrap();
    pass(&event_loop, SECOND);
    // The new one takes the slot of the old one.
    event_loop.call_later(SECOND, trace.noting("second")).unwrap();
    fired.cancel();
    assert!(!fired.cancelled());
    pass(&event_loop, SECOND);
    assert_eq!(trace.all(), ["first", "second"]);
    event_loop.close().unwrap();
}

#[test]
fn any_number_of_timers_can_be_cancelled() {
    // CPython: test_base_events.BaseEventLoopTests.test__run_once_cancelled_event_cleanup (B 3): here each leaves at once.
    let (event_loop, _) = virtual_loop();
    let trace = Trace::new();
    let mut handles = Vec::new();
    let mut expected = Vec::new();
    for number in 0_u32..5_000 {
        let delay = number.wrapping_mul(7_919) % 1_000;
        handles.push((delay, number, event_loop.call_later(delay * SECOND, trace.noting(number)).unwrap()));
    }
    for (delay, number, handle) in &handles {
        if number % 3 == 0 {
            expected.push((*delay, *number));
        } else {
            handle.cancel();
        }
    }
    expected.sort_unstable();
    pass(&event_loop, 1_001 * SECOND);
    assert_eq!(trace.all(), expected.into_iter().map(|(_, number)| number).collect::<Vec<_>>());
    event_loop.close().unwrap();
}

#[test]
fn a_timer_made_by_a_timer_waits_for_the_next_tick() {
    let (event_loop, _) = virtual_loop();
    let trace = Trace::new();
    let (again, noted) = (event_loop.clone(), trace.clone());
    event_loop
        .call_later(Duration::ZERO, move || {
            noted.push("first");
            again.call_later(Duration::ZERO, noted.noting("second")).unwrap();
        })
        .unwrap();
    tick(&event_loop);
    assert_eq!(trace.all(), ["first"]);
    tick(&event_loop);
    assert_eq!(trace.all(), ["first", "second"]);
    event_loop.close().unwrap();
}

#[test]
fn handles_are_ordered_and_hashed_by_their_deadlines() {
    // CPython: test_events.TimerTests.test_hash, test_when, test_timer_comparison
    let event_loop = EventLoop::new().unwrap();
    let now = event_loop.time() + 10 * SECOND;
    let early = event_loop.call_at(now, || ()).unwrap();
    let late = event_loop.call_at(now + SECOND, || ()).unwrap();
    let twin = event_loop.call_at(now, || ()).unwrap();
    assert_eq!((early.when(), late.when()), (now, now + SECOND));
    assert_eq!(early.cmp(&late), Ordering::Less);
    assert_eq!(late.cmp(&early), Ordering::Greater);
    assert_eq!(early.cmp(&early.clone()), Ordering::Equal);
    assert!(early == early.clone() && early != late && early != twin);
    assert_eq!(early.cmp(&twin), twin.cmp(&early).reverse(), "equal deadlines have some order, always the same");
    let set: HashSet<TimerHandle> = [early.clone(), late.clone(), early.clone()].into();
    assert_eq!(set.len(), 2);
    assert!(set.contains(&early) && !set.contains(&twin));
    event_loop.close().unwrap();
}

#[test]
fn a_timer_handle_says_when_and_what() {
    // CPython: test_events.TimerTests.test_timer_repr
    let event_loop = EventLoop::new().unwrap();
    let handle = event_loop.call_at(Duration::from_millis(7_200_500), || ()).unwrap();
    let text = format!("{handle:?}");
    assert!(text.starts_with("<TimerHandle when=7200.5 ") && text.contains(file!()), "{text}");
    handle.cancel();
    assert!(format!("{handle:?}").contains("cancelled"));
    event_loop.close().unwrap();
}

#[test]
fn a_timer_runs_in_a_copy_of_the_context_of_the_call_or_in_the_one_that_is_given() {
    let (event_loop, _) = virtual_loop();
    let trace = Trace::new();
    let given = copy_context();
    given.run(|| USER.set("given"));
    copy_context().run(|| {
        USER.set("caller");
        let noting = || {
            let noted = trace.clone();
            move || {
                noted.push(USER.get());
                USER.set("changed");
            }
        };
        let later = event_loop.call_later(SECOND, noting()).unwrap();
        event_loop.call_at(event_loop.time() + 2 * SECOND, noting()).unwrap();
        event_loop.call_later_with_context(given.clone(), 3 * SECOND, noting()).unwrap();
        event_loop.call_at_with_context(given.clone(), event_loop.time() + 4 * SECOND, noting()).unwrap();
        pass(&event_loop, 5 * SECOND);
        assert_eq!(USER.get(), Some("caller"));
        assert_eq!(later.get_context().run(|| USER.get()), Some("changed"));
    });
    assert_eq!(trace.all(), [Some("caller"), Some("caller"), Some("given"), Some("changed")]);
    event_loop.close().unwrap();
}
