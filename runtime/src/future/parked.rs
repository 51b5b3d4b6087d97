//! What stays on the loop's thread while other threads hold its key: futures and tasks cannot travel, numbers can.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use slab::Slab;

use crate::event_loop::{Inner, LoopHandle, Slot, current_inner};

/// Names something that is parked, for once. Other threads may hold it; serial numbers keep it from naming a later one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Key {
    index: usize,
    serial: u64,
}

type Action = Box<dyn FnOnce()>;

/// The things of one loop that wait to be called, each with its serial number.
#[derive(Default)]
struct Parked {
    table: RefCell<Slab<(u64, Action)>>,
    serial: Cell<u64>,
}

impl Slot for Parked {
    fn create(_inner: &Rc<Inner>) -> Rc<Self> {
        Rc::default()
    }

    fn close(&self) {
        let table = std::mem::take(&mut *self.table.borrow_mut());
        drop(table);
    }
}

impl Parked {
    fn take(&self, key: Key) -> Option<Action> {
        let mut table = self.table.borrow_mut();
        table.get(key.index).filter(|(serial, _)| *serial == key.serial)?;
        Some(table.remove(key.index).1)
    }
}

/// Leaves `action` with the loop.
pub(crate) fn park(inner: &Rc<Inner>, action: impl FnOnce() + 'static) -> Key {
    let parked = inner.slot::<Parked>();
    let serial = parked.serial.get();
    parked.serial.set(serial + 1);
    let index = parked.table.borrow_mut().insert((serial, Box::new(action)));
    Key { index, serial }
}

impl Key {
    /// Calls what is parked, on the loop's thread, if it is still there. From any thread.
    pub(crate) fn call_on(self, event_loop: &LoopHandle) {
        // A closed loop has dropped the table: nobody waits.
        let _ = event_loop.call_soon_threadsafe(move || {
            let action = current_inner(|inner| inner?.existing_slot::<Parked>()?.take(self));
            if let Some(action) = action {
                action();
            }
        });
    }

    /// Drops what is parked. On the loop's thread.
    pub(crate) fn forget(self, inner: &Inner) {
        let action = inner.existing_slot::<Parked>().and_then(|parked| parked.take(self));
        drop(action);
    }
}
