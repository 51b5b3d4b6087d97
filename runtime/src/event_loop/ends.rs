//! Who has something to do when the batch that runs has run: what was gathered in it leaves then.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use super::{Inner, Source};
use crate::exceptions::catch;

#[derive(Default)]
pub(super) struct Ends {
    sources: RefCell<Vec<Rc<dyn Source>>>,
    /// They are being called: whoever comes now is too late for this batch.
    ending: Cell<bool>,
}

impl Ends {
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.sources.borrow().is_empty()
    }

    pub(super) fn take(&self) -> Vec<Rc<dyn Source>> {
        self.sources.take()
    }
}

impl Inner {
    /// Calls [`batch_ended`](Source::batch_ended) when the running batch has run. False: none runs, or it has.
    pub(crate) fn at_end_of_batch(&self, source: impl FnOnce() -> Option<Rc<dyn Source>>) -> bool {
        if !self.is_running() || self.ends.ending.get() {
            return false;
        }
        let source = source();
        let is_there = source.is_some();
        self.ends.sources.borrow_mut().extend(source);
        is_there
    }

    #[cold]
    #[inline(never)]
    pub(super) fn end_batch(self: &Rc<Self>) {
        let mut sources = self.ends.take();
        self.ends.ending.set(true);
        for source in sources.drain(..) {
            if let Err(panic) = catch(|| source.batch_ended()) {
                self.source_failed(panic);
            }
        }
        self.ends.ending.set(false);
        // Nobody came meanwhile; the room is for the next batch.
        self.ends.sources.replace(sources);
    }
}
