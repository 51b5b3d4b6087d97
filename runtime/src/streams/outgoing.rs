//! The side of a stream that writes: whether there is room, and how the connection ended.

use std::cell::{Cell, RefCell};

use super::shared::Shared;
use crate::exceptions::{Error, Result};
use crate::sync::WaitQueue;

/// The side that writes.
pub(super) struct Outgoing {
    /// Between `pause_writing` and `resume_writing`.
    pub(super) paused: Cell<bool>,
    /// `connection_lost` was called.
    pub(super) lost: Cell<bool>,
    /// With what, if `lost`.
    pub(super) error: RefCell<Option<Error>>,
    /// Of `drain`.
    pub(super) drainers: WaitQueue,
    /// Of `wait_closed`.
    pub(super) closers: WaitQueue,
    /// The task that serves a client has not ended; what it forgot is told at its end.
    pub(super) served: Cell<bool>,
    /// The writer was dropped open meanwhile.
    pub(super) dropped_open: Cell<bool>,
}

impl Outgoing {
    pub(super) fn new() -> Self {
        Self {
            paused: Cell::new(false),
            lost: Cell::new(false),
            error: RefCell::default(),
            drainers: WaitQueue::new(),
            closers: WaitQueue::new(),
            served: Cell::new(false),
            dropped_open: Cell::new(false),
        }
    }

    /// How the connection ended.
    pub(super) fn outcome(&self) -> Result<()> {
        match &*self.error.borrow() {
            Some(error) => Err(error.clone()),
            None => Ok(()),
        }
    }
}

impl Shared {
    pub(super) fn pause_writing(&self) {
        self.outgoing.paused.set(true);
    }

    pub(super) fn resume_writing(&self) {
        self.outgoing.paused.set(false);
        self.outgoing.drainers.wake_all();
    }
}
