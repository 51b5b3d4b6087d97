//! Being told in the very moment something ends, for what waits for many things at once.
//!
//! A done callback goes through the ready queue, for it may run anything. A watcher is code of this crate: it counts,
//! keeps an error, wakes or cancels a task. So it needs no turn of its own, and one of them watches any number.

use std::rc::Rc;

use super::CallbackId;
use crate::exceptions::{Error, Result};
use crate::sealed::Sealed;

/// Somebody who waits for many things.
#[expect(unnameable_types, reason = "it stands in a hidden method of a sealed trait")]
pub trait Watch {
    /// `subject` is done. Runs no code of the user's.
    fn ended(&self, subject: &dyn Watched);
}

/// What can be watched: futures and tasks.
#[expect(unnameable_types, reason = "the sealed half of `FutureLike`")]
pub trait Watched: Sealed {
    /// Tells `watch` once this is done; only for what is not.
    #[doc(hidden)]
    fn watch(&self, watch: Rc<dyn Watch>) -> CallbackId;

    /// Takes the watcher back.
    #[doc(hidden)]
    fn unwatch(&self, id: CallbackId);

    /// How it failed, cancels included, if it did; that somebody knows of it is noted.
    #[doc(hidden)]
    fn failure(&self) -> Option<Error>;

    /// Whether it is done and failed; a cancel is none. Notes nothing.
    #[doc(hidden)]
    fn has_failed(&self) -> bool;

    /// What tells it from others that are alive.
    #[doc(hidden)]
    fn address(&self) -> *const ();

    /// An error if it is of another loop than the one that runs: its end would never be heard of.
    #[doc(hidden)]
    fn check_loop(&self) -> Result<()>;

    /// What a report calls it.
    #[doc(hidden)]
    fn describe(&self) -> String;
}

impl<W: Watched + ?Sized> Watched for &W {
    fn watch(&self, watch: Rc<dyn Watch>) -> CallbackId {
        (**self).watch(watch)
    }

    fn unwatch(&self, id: CallbackId) {
        (**self).unwatch(id);
    }

    fn failure(&self) -> Option<Error> {
        (**self).failure()
    }

    fn has_failed(&self) -> bool {
        (**self).has_failed()
    }

    fn address(&self) -> *const () {
        (**self).address()
    }

    fn check_loop(&self) -> Result<()> {
        (**self).check_loop()
    }

    fn describe(&self) -> String {
        (**self).describe()
    }
}
