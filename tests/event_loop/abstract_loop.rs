//! `AbstractEventLoop`: what a loop of somebody else's need not offer, and the loop seen through the trait.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use asyncio::testing::VirtualClock;
use asyncio::{AbstractEventLoop, Error, EventLoop, ExceptionContext};

use crate::support::net::Reports;

/// The least that compiles.
struct Bare;

impl AbstractEventLoop for Bare {
    fn is_running(&self) -> bool {
        false
    }

    fn is_closed(&self) -> bool {
        false
    }

    fn time(&self) -> Duration {
        Duration::from_secs(100)
    }

    fn call_exception_handler(&self, context: ExceptionContext) {
        drop(context);
    }

    fn get_debug(&self) -> bool {
        false
    }

    fn set_debug(&self, _enabled: bool) {}
}

#[test]
fn what_is_not_implemented_says_so_by_its_name() {
    // CPython: test_events.AbstractEventLoopTests.test_not_implemented
    let refused = [
        ("run_forever", Bare.run_forever()),
        ("stop", Bare.stop()),
        ("close", Bare.close()),
        ("call_soon", Bare.call_soon(Box::new(|| ())).map(drop)),
        ("call_at", Bare.call_at(Duration::ZERO, Box::new(|| ())).map(drop)),
        ("call_at", Bare.call_later(Duration::ZERO, Box::new(|| ())).map(drop)),
    ];
    for (name, result) in refused {
        let error = result.unwrap_err();
        assert!(matches!(error, Error::NotImplementedError(_)), "{name}: {error}");
        assert!(error.to_string().contains(&format!("{name}()")), "{error}");
    }
}

#[test]
fn code_that_takes_any_loop_runs_on_this_one() {
    let event_loop = EventLoop::builder().clock(VirtualClock::new()).build().unwrap();
    let reports = Reports::of(&event_loop);
    let any: Rc<dyn AbstractEventLoop> = Rc::new(event_loop.clone());
    let began = any.time();
    let fired = Rc::new(Cell::new(Duration::ZERO));
    let (noted, inside) = (fired.clone(), any.clone());
    let fire = move || {
        assert!(inside.is_running());
        noted.set(inside.time());
        inside.stop().unwrap();
    };
    any.call_later(Duration::from_secs(5), Box::new(fire)).unwrap();
    any.call_at(began, Box::new(|| unreachable!("cancelled"))).unwrap().cancel();
    any.call_soon(Box::new(|| panic!("in a callback"))).unwrap();
    any.run_forever().unwrap();
    assert_eq!(fired.get() - began, Duration::from_secs(5));
    any.call_exception_handler(ExceptionContext::new("through the trait"));
    assert_eq!(reports.all().len(), 2);
    any.set_debug(true);
    assert!(any.get_debug() && event_loop.get_debug());
    any.close().unwrap();
    assert!(any.is_closed() && event_loop.is_closed());
}
