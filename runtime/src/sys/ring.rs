//! A queue in a ring, shared on one thread without a borrow flag.
//!
//! It is written and read at every step of every task, where a flag that is set and taken back, a check of each index
//! and the moves of a `VecDeque` are a tenth of all the work. No method calls anybody's code while it changes
//! something, and none hands out a reference to what is inside; so cells and one pointer are enough.

use std::cell::{Cell, UnsafeCell};
use std::fmt;
use std::mem::{ManuallyDrop, MaybeUninit};
use std::ptr::NonNull;

const FIRST_CAPACITY: usize = 64;

/// First in, first out.
pub(crate) struct Ring<T> {
    /// `capacity` places. The `len` ones from `head` on, going round, have a value that the ring owns.
    places: Cell<NonNull<Place<T>>>,
    /// A power of two, or zero while there is no memory.
    capacity: Cell<usize>,
    /// Below `capacity`, or zero.
    head: Cell<usize>,
    len: Cell<usize>,
}

type Place<T> = UnsafeCell<MaybeUninit<T>>;

impl<T> Ring<T> {
    pub(crate) fn new() -> Self {
        Self { places: Cell::new(NonNull::dangling()), capacity: Cell::new(0), head: Cell::new(0), len: Cell::new(0) }
    }

    #[inline(always)]
    pub(crate) fn len(&self) -> usize {
        self.len.get()
    }

    #[inline(always)]
    pub(crate) fn capacity(&self) -> usize {
        self.capacity.get()
    }

    /// Puts a value at the end. Inlined, and so that the value needs no destructor on the way: then its parts are
    /// written straight into their place. Built elsewhere and copied it would be written in words and read in pairs of
    /// them, for which the processor waits.
    #[inline(always)]
    pub(crate) fn push(&self, value: T) {
        let value = ManuallyDrop::new(value);
        if self.len.get() == self.capacity.get() {
            self.grow();
        }
        let place = self.place(self.len.get());
        self.len.set(self.len.get() + 1);
        // SAFETY: `place` is one of the ring's, and the first without a value.
        unsafe { place.write(ManuallyDrop::into_inner(value)) };
    }

    /// Takes the oldest value out.
    #[inline(always)]
    pub(crate) fn pop(&self) -> Option<T> {
        if self.len.get() == 0 {
            return None;
        }
        let place = self.place(0);
        self.head.set((self.head.get() + 1) & (self.capacity.get() - 1));
        self.len.set(self.len.get() - 1);
        // SAFETY: `place` was the first one, and it has a value. It is outside of the queue now, so nobody reads it again.
        Some(unsafe { place.read() })
    }

    /// Takes the youngest value out.
    pub(crate) fn pop_back(&self) -> Option<T> {
        let number = self.len.get().checked_sub(1)?;
        let place = self.place(number);
        self.len.set(number);
        // SAFETY: `place` was the last one with a value. It is outside of the queue now, so nobody reads it again.
        Some(unsafe { place.read() })
    }

    /// Gives the memory back, if nothing is in it.
    pub(crate) fn release(&self) {
        if self.len.get() == 0 {
            self.replace_places(Vec::new());
        }
    }

    /// The place of the value with this number, counted from the oldest; there is room for one more than there are
    /// values.
    #[inline(always)]
    fn place(&self, number: usize) -> *mut T {
        debug_assert!(number < self.capacity.get(), "there is room for this one");
        let index = (self.head.get() + number) & (self.capacity.get() - 1);
        // SAFETY: a number that is masked by a power of two less one is below that, and so many places there are.
        let place = unsafe { self.places.get().add(index) };
        UnsafeCell::raw_get(place.as_ptr()).cast()
    }

    #[cold]
    fn grow(&self) {
        let capacity = (self.capacity.get() * 2).max(FIRST_CAPACITY);
        let mut places = Vec::with_capacity(capacity);
        while let Some(value) = self.pop() {
            places.push(UnsafeCell::new(MaybeUninit::new(value)));
        }
        let len = places.len();
        places.resize_with(capacity, || UnsafeCell::new(MaybeUninit::uninit()));
        self.replace_places(places);
        self.len.set(len);
    }

    /// Puts other places there. Those that go must have no value.
    fn replace_places(&self, places: Vec<Place<T>>) {
        debug_assert!(self.len.get() == 0, "they would be lost");
        let places = NonNull::from(Box::leak(places.into_boxed_slice()));
        let capacity = self.capacity.replace(places.len());
        self.head.set(0);
        let former = NonNull::slice_from_raw_parts(self.places.replace(places.cast()), capacity);
        // SAFETY: it was leaked from a box of this length above, or dangles with a length of zero, which is such a box
        // as well.
        drop(unsafe { Box::from_raw(former.as_ptr()) });
    }
}

impl<T> Drop for Ring<T> {
    fn drop(&mut self) {
        while let Some(value) = self.pop() {
            drop(value);
        }
        self.release();
    }
}

impl<T> fmt::Debug for Ring<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ring").field("len", &self.len()).finish_non_exhaustive()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use std::rc::Rc;

    #[test]
    fn order_is_kept_across_growth_and_wrapping() {
        let ring = Ring::new();
        let (mut pushed, mut popped) = (0, 0);
        for round in 1..200 {
            for _ in 0..round % 17 {
                ring.push(Box::new(pushed));
                pushed += 1;
            }
            for _ in 0..round % 13 {
                if let Some(number) = ring.pop() {
                    assert_eq!(*number, popped);
                    popped += 1;
                }
            }
            if let Some(number) = ring.pop_back() {
                pushed -= 1;
                assert_eq!(*number, pushed);
            }
            assert_eq!(ring.len(), pushed - popped);
        }
        assert!(popped > FIRST_CAPACITY * 2 && ring.len() > FIRST_CAPACITY);
    }

    #[test]
    fn what_is_left_is_dropped_and_the_memory_given_back_only_when_it_is_empty() {
        let shared = Rc::new(());
        let ring = Ring::new();
        assert!(ring.pop().is_none());
        ring.release();
        ring.push(shared.clone());
        ring.release();
        assert_eq!((ring.len(), ring.capacity()), (1, FIRST_CAPACITY));
        drop(ring.pop());
        ring.release();
        assert_eq!(ring.capacity(), 0);
        ring.push(shared.clone());
        ring.push(shared.clone());
        assert_eq!(Rc::strong_count(&shared), 3);
        drop(ring);
        assert_eq!(Rc::strong_count(&shared), 1);
    }

    #[test]
    fn a_destructor_may_use_the_ring() {
        struct Again(Rc<Ring<Option<Self>>>, u32);
        impl Drop for Again {
            fn drop(&mut self) {
                if self.1 > 0 {
                    self.0.push(Some(Self(self.0.clone(), self.1 - 1)));
                }
            }
        }
        let ring = Rc::new(Ring::new());
        ring.push(Some(Again(ring.clone(), 100)));
        let mut dropped = 0;
        while let Some(again) = ring.pop() {
            drop(again);
            dropped += 1;
        }
        assert_eq!(dropped, 101);
    }
}
