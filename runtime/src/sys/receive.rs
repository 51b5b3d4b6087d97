//! The one receive buffer of a loop, lent for as long as one callback looks at what came in.
//!
//! So a connection that waits holds no buffer, and a read allocates nothing. Reading in pieces of 256 KiB is what
//! asyncio does, and costs a fifth less than 64 KiB where messages are large.

use std::cell::Cell;
use std::fmt;
use std::ops::{Deref, DerefMut};

const SIZE: usize = 256 * 1024;

/// The buffer, while nobody has it.
pub(crate) struct ReceiveBuffer {
    memory: Cell<Option<Box<[u8]>>>,
}

impl ReceiveBuffer {
    /// The memory is taken from the system at the first use.
    pub(crate) fn new() -> Self {
        Self { memory: Cell::new(None) }
    }

    /// Lends the buffer until the lease is dropped. Who asks while it is lent gets a temporary one.
    #[inline]
    pub(crate) fn lend(&self) -> Lease<'_> {
        let memory = self.memory.take().unwrap_or_else(|| vec![0; SIZE].into_boxed_slice());
        Lease { owner: self, memory }
    }
}

/// The lent buffer.
pub(crate) struct Lease<'a> {
    owner: &'a ReceiveBuffer,
    memory: Box<[u8]>,
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
        self.owner.memory.set(Some(std::mem::take(&mut self.memory)));
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
}
