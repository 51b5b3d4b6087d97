//! To which loop a lock or queue belongs: the one in which a task first had to wait for it.
//!
//! What never blocks never asks, so a lock can be made before there is a loop, and stand in a `thread_local`.

use std::cell::OnceCell;
use std::fmt;
use std::rc::{Rc, Weak};

use crate::event_loop::{Inner, current_inner, is_running_here};
use crate::exceptions::{Error, Result};

/// The loop of a thing, once it has one. Weak: it keeps the address from being used again, and not the loop.
pub(crate) struct Bound {
    inner: OnceCell<Weak<Inner>>,
}

impl Bound {
    pub(crate) const fn new() -> Self {
        Self { inner: OnceCell::new() }
    }

    /// Binds `what` to the running loop; an error if it is bound to another one, or if none runs.
    #[inline]
    pub(crate) fn check(&self, what: &'static str) -> Result<()> {
        match self.inner.get() {
            Some(bound) if is_running_here(bound.as_ptr()) => Ok(()),
            _ => self.bind(what),
        }
    }

    #[cold]
    fn bind(&self, what: &str) -> Result<()> {
        let running = current_inner(|inner| inner.map(Rc::downgrade)).ok_or_else(|| nowhere(what))?;
        let bound = self.inner.get_or_init(|| running.clone());
        if bound.ptr_eq(&running) { Ok(()) } else { Err(elsewhere(what)) }
    }
}

#[cold]
fn elsewhere(what: &str) -> Error {
    Error::runtime_error(format!(
        "this {what} is bound to a different event loop, in which a task waited for it before; make a new {what} for \
         each loop"
    ))
}

#[cold]
fn nowhere(what: &str) -> Error {
    Error::runtime_error(format!("waiting for a {what} needs a running event loop; do it inside asyncio::run(…)"))
}

impl fmt::Debug for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bound").field("bound", &self.inner.get().is_some()).finish()
    }
}
