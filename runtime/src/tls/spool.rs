//! Bytes of one event on their way through the layer. Pure.
//!
//! rustls writes into slices, and a slice must be initialised before it is lent; a `Vec` that is cleared and grown would
//! be zeroed each time. Here that is done once, when the memory grows.

/// A buffer whose memory stays initialised beyond what it holds.
#[derive(Debug, Default)]
pub(super) struct Spool {
    memory: Vec<u8>,
    /// How much of the memory holds something. Never more than its length.
    filled: usize,
}

impl Spool {
    pub(super) fn clear(&mut self) {
        self.filled = 0;
    }

    pub(super) fn is_empty(&self) -> bool {
        self.filled == 0
    }

    pub(super) fn as_slice(&self) -> &[u8] {
        self.memory.get(..self.filled).unwrap_or_default()
    }

    pub(super) fn as_mut_slice(&mut self) -> &mut [u8] {
        self.memory.get_mut(..self.filled).unwrap_or_default()
    }

    /// Memory behind what is held: at least `size` bytes.
    pub(super) fn spare(&mut self, size: usize) -> &mut [u8] {
        let wanted = self.filled + size;
        if wanted > self.memory.len() {
            self.memory.resize(wanted, 0);
        }
        self.memory.get_mut(self.filled..).unwrap_or_default()
    }

    /// So many bytes of the spare memory were written.
    pub(super) fn fill(&mut self, size: usize) {
        self.filled += size;
        assert!(self.filled <= self.memory.len(), "only memory that was lent can have been written");
    }

    pub(super) fn push(&mut self, data: &[u8]) {
        if let Some(spare) = self.spare(data.len()).get_mut(..data.len()) {
            spare.copy_from_slice(data);
        }
        self.fill(data.len());
    }

    /// How much memory it holds on to.
    pub(super) fn capacity(&self) -> usize {
        self.memory.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_pushed_and_what_is_written_stand_in_order() {
        let mut spool = Spool::default();
        spool.push(b"ab");
        spool.spare(100)[..3].copy_from_slice(b"cde");
        spool.fill(3);
        spool.push(b"f");
        assert_eq!(spool.as_slice(), b"abcdef");
        spool.clear();
        assert!(spool.is_empty() && spool.capacity() >= 102);
    }
}
