//! The context of a connection, while its callbacks run.

use std::cell::Cell;

use crate::context::{self, Context};

/// The context that was kept in a cell is the current one until this is dropped. What is set in it stays for the next
/// time.
pub(crate) struct Entered<'a> {
    kept: &'a Cell<Option<Context>>,
    outer: Option<Context>,
}

impl<'a> Entered<'a> {
    #[inline]
    pub(crate) fn new(kept: &'a Cell<Option<Context>>) -> Self {
        Self { kept, outer: context::replace(kept.take()) }
    }
}

impl Drop for Entered<'_> {
    #[inline]
    fn drop(&mut self) {
        // Nearly always there was none, nor is there one now.
        if self.outer.is_some() || context::is_entered() {
            self.kept.set(context::replace(self.outer.take()));
        }
    }
}
