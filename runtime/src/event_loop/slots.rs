//! Per-loop data of higher rooms: one typed slot a room, and a hook for the loop's end.

use std::any::Any;
use std::cell::RefCell;
use std::rc::Rc;

use super::Inner;

/// What a room keeps for each loop.
pub(crate) trait Slot: Any {
    /// Makes the room's data at its first use.
    fn create(inner: &Rc<Inner>) -> Rc<Self>
    where
        Self: Sized;

    /// The loop is being closed: drop what belongs to it. Scheduling is refused already.
    fn close(&self);
}

pub(super) struct Slots {
    slots: RefCell<Vec<Made>>,
}

/// Closes a room's data when it is dropped.
struct Closing(Made);

impl Drop for Closing {
    fn drop(&mut self) {
        self.0.slot.close();
    }
}

/// A room's data, once to be found by its type and once to be closed.
struct Made {
    data: Rc<dyn Any>,
    slot: Rc<dyn Slot>,
}

impl Slots {
    pub(super) fn new() -> Self {
        Self { slots: RefCell::new(Vec::new()) }
    }

    fn find<T: Slot>(&self) -> Option<Rc<T>> {
        self.slots.borrow().iter().find_map(|made| made.data.clone().downcast().ok())
    }
}

impl Inner {
    /// The data of one room, if it was made.
    pub(crate) fn existing_slot<T: Slot>(&self) -> Option<Rc<T>> {
        self.slots.find()
    }

    /// The data of one room, made now if need be.
    pub(crate) fn slot<T: Slot>(self: &Rc<Self>) -> Rc<T> {
        if let Some(slot) = self.slots.find() {
            return slot;
        }
        let slot = T::create(self);
        self.slots.slots.borrow_mut().push(Made { data: slot.clone(), slot: slot.clone() });
        slot
    }

    /// Closes and forgets all slots, those of the highest rooms first: they were made last.
    pub(super) fn close_slots(&self) {
        let slots = std::mem::take(&mut *self.slots.slots.borrow_mut());
        for made in slots.into_iter().rev() {
            // A panic would keep the rooms below from hearing of the end.
            self.let_go(Closing(made));
        }
    }
}
