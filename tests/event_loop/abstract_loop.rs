//! `AbstractEventLoop`: a loop of somebody else's, what it need not offer, and this crate's loop seen through the trait.

use std::cell::{Cell, RefCell};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::rc::Rc;
use std::time::Duration;

use asyncio::testing::VirtualClock;
use asyncio::{AbstractEventLoop, ContextVar, Error, EventLoop, ExceptionContext, Handle, Result, TimerHandle};

use crate::support::net::Reports;
use crate::support::ticks::Trace;

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

/// A loop without I/O, whose time jumps to the next timer.
#[derive(Default)]
struct Toy {
    ready: RefCell<VecDeque<Handle>>,
    timers: RefCell<BinaryHeap<Reverse<TimerHandle>>>,
    now: Cell<Duration>,
    stopping: Cell<bool>,
    reports: RefCell<Vec<String>>,
}

impl AbstractEventLoop for Toy {
    fn run_forever(&self) -> Result<()> {
        while !self.stopping.replace(false) {
            if self.ready.borrow().is_empty() {
                let Some(Reverse(timer)) = self.timers.borrow_mut().pop() else { return Ok(()) };
                self.now.set(self.now.get().max(timer.when()));
                self.ready.borrow_mut().push_back(timer.handle().clone());
            }
            let batch = self.ready.take();
            for handle in batch {
                if let Err(error) = handle.run() {
                    let report = ExceptionContext::new("Exception in callback").exception(error);
                    self.call_exception_handler(report.with("handle", handle));
                }
            }
        }
        Ok(())
    }

    fn stop(&self) -> Result<()> {
        self.stopping.set(true);
        Ok(())
    }

    fn is_running(&self) -> bool {
        true
    }

    fn is_closed(&self) -> bool {
        false
    }

    fn time(&self) -> Duration {
        self.now.get()
    }

    fn call_soon(&self, callback: Box<dyn FnOnce()>) -> Result<Handle> {
        let handle = Handle::new(callback);
        self.ready.borrow_mut().push_back(handle.clone());
        Ok(handle)
    }

    fn call_at(&self, when: Duration, callback: Box<dyn FnOnce()>) -> Result<TimerHandle> {
        let timer = TimerHandle::new(when, callback);
        self.timers.borrow_mut().push(Reverse(timer.clone()));
        Ok(timer)
    }

    fn call_exception_handler(&self, context: ExceptionContext) {
        let error = context.get_exception().map(ToString::to_string).unwrap_or_default();
        self.reports.borrow_mut().push(format!("{error} {:?}", context.keys()));
    }

    fn get_debug(&self) -> bool {
        false
    }

    fn set_debug(&self, _enabled: bool) {}
}

#[test]
fn a_loop_of_somebody_elses_schedules_handles_of_its_own() {
    static NAME: ContextVar<&str> = ContextVar::new("name");
    let toy = Rc::new(Toy::default());
    let trace = Trace::new();
    let (noted, inside) = (trace.clone(), toy.clone());
    let late = move || {
        noted.push(format!("late, {:?}, {:?}", inside.time(), NAME.get()));
        inside.stop().unwrap();
    };
    let timer = asyncio::copy_context().run(|| {
        NAME.set("the caller's");
        toy.call_later(Duration::from_secs(9), Box::new(late)).unwrap()
    });
    let noted = trace.clone();
    toy.call_at(Duration::from_secs(1), Box::new(move || noted.push("early".to_owned()))).unwrap();
    let captured = Rc::new(());
    let held = captured.clone();
    let cancelled = toy.call_at(Duration::from_secs(2), Box::new(move || drop(held))).unwrap();
    cancelled.cancel();
    assert_eq!((cancelled.cancelled(), Rc::strong_count(&captured)), (true, 1), "what it captured goes at once");
    let failing = toy.call_soon(Box::new(|| panic!("in a callback"))).unwrap();
    toy.run_forever().unwrap();
    assert_eq!(trace.all(), ["early", "late, 9s, Some(\"the caller's\")"]);
    assert_eq!((timer.when(), timer.cancelled()), (Duration::from_secs(9), false));
    assert!(timer.handle().run().is_ok() && failing.run().is_ok(), "a callback runs once");
    let reports = toy.reports.take();
    assert_eq!(reports.len(), 1);
    assert!(reports[0].contains("in a callback") && reports[0].ends_with(r#"["exception", "handle"]"#), "{reports:?}");
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
