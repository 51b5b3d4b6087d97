//! Loops that a test drives by hand, outside of any task: tick by tick, with what happened in a list.

use std::cell::RefCell;
use std::rc::Rc;

use asyncio::EventLoop;

/// Runs one tick.
pub(crate) fn tick(event_loop: &EventLoop) {
    event_loop.stop();
    event_loop.run_forever().unwrap();
}

/// What callbacks put down, in their order; clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Trace<T>(Rc<RefCell<Vec<T>>>);

impl<T: Clone + 'static> Trace<T> {
    pub(crate) fn new() -> Self {
        Self(Rc::default())
    }

    pub(crate) fn push(&self, entry: T) {
        self.0.borrow_mut().push(entry);
    }

    /// A callback that puts down one entry.
    pub(crate) fn noting(&self, entry: T) -> impl FnOnce() + 'static {
        let trace = self.clone();
        move || trace.push(entry)
    }

    pub(crate) fn all(&self) -> Vec<T> {
        self.0.borrow().clone()
    }

    pub(crate) fn len(&self) -> usize {
        self.0.borrow().len()
    }
}

/// Counts its drops, so that a test sees when something that was captured has gone.
pub(crate) struct Dropped(pub(crate) Trace<&'static str>, pub(crate) &'static str);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.push(self.1);
    }
}

/// Panics when it is dropped, unless a panic is under way.
pub(crate) struct PanicsOnDrop;

impl Drop for PanicsOnDrop {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            panic!("a destructor panicked");
        }
    }
}
