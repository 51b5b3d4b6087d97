//! The one receive buffer of a loop, lent for as long as one callback looks at what came in.
//!
//! So a connection that waits holds no buffer, and a read allocates nothing. Reading in pieces of 256 KiB is what
//! asyncio does, and costs a fifth less than 64 KiB where messages are large.
//!
//! Who looks at the bytes only after the callback, but soon, may [keep](Lease::keep) the buffer: it is called back when
//! the next connection receives.

use std::cell::Cell;
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::rc::{Rc, Weak};

const SIZE: usize = 256 * 1024;

/// The buffer, while nobody has it.
pub(crate) struct ReceiveBuffer {
    memory: Cell<Option<Box<[u8]>>>,
    /// Who has kept it.
    keeper: Cell<Option<Weak<dyn Keeper>>>,
}

/// Who keeps the buffer after its callback.
pub(crate) trait Keeper {
    /// Somebody else needs it: drop the [`Loan`], and copy what you still need before.
    fn give_back(&self);
}

impl ReceiveBuffer {
    /// The memory is taken from the system at the first use.
    pub(crate) fn new() -> Rc<Self> {
        Rc::new(Self { memory: Cell::new(None), keeper: Cell::new(None) })
    }

    /// Lends the buffer until the lease is dropped. Who asks while it is lent gets a temporary one.
    #[inline]
    pub(crate) fn lend(self: &Rc<Self>) -> Lease<'_> {
        let memory = self.memory.take().unwrap_or_else(|| self.call_back());
        Lease { owner: self, memory }
    }

    #[cold]
    fn call_back(&self) -> Box<[u8]> {
        if let Some(keeper) = self.keeper.take().and_then(|keeper| keeper.upgrade()) {
            keeper.give_back();
        }
        self.memory.take().unwrap_or_else(|| vec![0; SIZE].into_boxed_slice())
    }
}

/// The lent buffer.
pub(crate) struct Lease<'a> {
    owner: &'a Rc<ReceiveBuffer>,
    memory: Box<[u8]>,
}

impl Lease<'_> {
    /// Keeps the buffer with the first `length` bytes, until `keeper` is asked for it; this is empty then.
    #[inline]
    pub(crate) fn keep(&mut self, length: usize, keeper: Weak<dyn Keeper>) -> Loan {
        let memory = std::mem::take(&mut self.memory);
        let length = length.min(memory.len());
        self.owner.keeper.set(Some(keeper));
        Loan { memory, length, owner: self.owner.clone() }
    }
}

impl Deref for Lease<'_> {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        &self.memory
    }
}

impl DerefMut for Lease<'_> {
    #[inline]
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.memory
    }
}

impl Drop for Lease<'_> {
    #[inline]
    fn drop(&mut self) {
        if !self.memory.is_empty() {
            self.owner.memory.set(Some(std::mem::take(&mut self.memory)));
        }
    }
}

/// The buffer with bytes in it, kept after the callback that they came by.
pub(crate) struct Loan {
    memory: Box<[u8]>,
    length: usize,
    owner: Rc<ReceiveBuffer>,
}

impl Deref for Loan {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        self.memory.get(..self.length).unwrap_or_default()
    }
}

impl Drop for Loan {
    #[inline]
    fn drop(&mut self) {
        self.owner.memory.set(Some(std::mem::take(&mut self.memory)));
        self.owner.keeper.set(None);
    }
}

impl fmt::Debug for Loan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Loan({} bytes)", self.length)
    }
}

impl fmt::Debug for ReceiveBuffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReceiveBuffer").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_memory_is_lent_again() {
        let buffer = ReceiveBuffer::new();
        let first = buffer.lend().as_ptr();
        assert_eq!(buffer.lend().as_ptr(), first);
    }

    #[test]
    fn a_second_lease_at_the_same_time_is_memory_of_its_own() {
        let buffer = ReceiveBuffer::new();
        let outer = buffer.lend();
        let inner = buffer.lend();
        assert_ne!(outer.as_ptr(), inner.as_ptr());
        assert_eq!(outer.len(), inner.len());
    }

    struct Reader {
        loan: Cell<Option<Loan>>,
        copy: Cell<Vec<u8>>,
    }

    impl Keeper for Reader {
        fn give_back(&self) {
            self.copy.set(self.loan.take().map(|loan| loan.to_vec()).unwrap_or_default());
        }
    }

    #[test]
    fn what_is_kept_is_called_back_by_the_next_lease() {
        let buffer = ReceiveBuffer::new();
        let reader = Rc::new(Reader { loan: Cell::default(), copy: Cell::default() });
        let mut lease = buffer.lend();
        let memory = lease.as_ptr();
        lease[..4].copy_from_slice(b"kept");
        let keeper: Weak<Reader> = Rc::downgrade(&reader);
        reader.loan.set(Some(lease.keep(4, keeper)));
        drop(lease);
        assert_eq!(buffer.lend().as_ptr(), memory);
        assert_eq!(reader.copy.take(), b"kept");
    }

    #[test]
    fn what_is_kept_comes_back_when_it_is_dropped() {
        let buffer = ReceiveBuffer::new();
        let mut lease = buffer.lend();
        let memory = lease.as_ptr();
        let nobody: Weak<Reader> = Weak::new();
        let loan = lease.keep(0, nobody);
        drop(lease);
        drop(loan);
        assert_eq!(buffer.lend().as_ptr(), memory);
    }
}
