//! The loop's table of wrapped futures: another thread holds a key, the future itself never leaves.

use std::cell::RefCell;
use std::rc::Rc;

use slab::Slab;

use super::{ConcurrentFuture, Future};
use crate::event_loop::{Inner, Slot, current_inner};

/// What to do when the concurrent side is done.
type Complete = Box<dyn FnOnce()>;

struct Wrapped {
    table: RefCell<Slab<Complete>>,
}

impl Slot for Wrapped {
    fn create(_inner: &Rc<Inner>) -> Rc<Self> {
        Rc::new(Self { table: RefCell::new(Slab::new()) })
    }

    fn close(&self) {
        let table = std::mem::take(&mut *self.table.borrow_mut());
        drop(table);
    }
}

/// Enters a pair; the key is used once, by [`complete`].
pub(super) fn insert<T: Clone + Send + 'static>(
    inner: &Rc<Inner>,
    future: Future<T>,
    concurrent: ConcurrentFuture<T>,
) -> usize {
    let complete = move || {
        if future.done() {
            return;
        }
        // It is done, so this does not block.
        let set = match concurrent.result(None) {
            Ok(result) => future.set_result(result),
            Err(error) if error.is_cancelled() => {
                future.cancel();
                Ok(())
            }
            Err(error) => future.set_exception(error),
        };
        set.expect("it was not done a moment ago, and nothing ran in between");
    };
    inner.slot::<Wrapped>().table.borrow_mut().insert(Box::new(complete))
}

/// Brings the outcome over; runs on the loop's thread.
pub(super) fn complete(key: usize) {
    let complete = current_inner(|inner| inner?.existing_slot::<Wrapped>()?.table.borrow_mut().try_remove(key));
    if let Some(complete) = complete {
        complete();
    }
}
