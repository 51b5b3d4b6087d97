//! A scheduled callback: its function, its context, its cancelled flag, in one allocation.

use std::any::type_name;
use std::cell::Cell;
use std::panic::Location;

use crate::context::{self, Context};
use crate::exceptions::{Panic, catch};

/// A callback whose type was forgotten.
pub(crate) trait Call {
    /// Runs the callback in its context, unless it ran or was cancelled.
    fn invoke(&self) -> Result<(), Panic>;
    fn cancel(&self);
    fn cancelled(&self) -> bool;
    fn context(&self) -> Option<Context>;
    fn location(&self) -> &'static Location<'static>;
    /// The function's name, as the compiler prints it.
    fn name(&self) -> &'static str;
}

/// A callback that runs once.
pub(crate) struct CallCell<F> {
    callback: Cell<Option<F>>,
    context: Option<Context>,
    cancelled: Cell<bool>,
    location: &'static Location<'static>,
}

impl<F: FnOnce()> CallCell<F> {
    pub(crate) fn new(callback: F, context: Option<Context>, location: &'static Location<'static>) -> Self {
        Self { callback: Cell::new(Some(callback)), context, cancelled: Cell::new(false), location }
    }
}

impl<F: FnOnce()> Call for CallCell<F> {
    fn invoke(&self) -> Result<(), Panic> {
        let Some(callback) = self.callback.take() else { return Ok(()) };
        let outer = context::replace(self.context.clone());
        let outcome = catch(callback);
        drop(context::replace(outer));
        outcome
    }

    fn cancel(&self) {
        if let Some(callback) = self.callback.take() {
            self.cancelled.set(true);
            drop(callback);
        }
    }

    fn cancelled(&self) -> bool {
        self.cancelled.get()
    }

    fn context(&self) -> Option<Context> {
        self.context.clone()
    }

    fn location(&self) -> &'static Location<'static> {
        self.location
    }

    fn name(&self) -> &'static str {
        type_name::<F>()
    }
}
