//! What was received and not taken by the protocol: it comes again, first, when reading goes on. Pure.

/// Bytes that are taken from the front.
#[derive(Debug)]
pub(crate) struct Unread {
    bytes: Vec<u8>,
    taken: usize,
}

impl Unread {
    pub(crate) fn new(bytes: Vec<u8>) -> Self {
        Self { bytes, taken: 0 }
    }

    /// What is left.
    pub(crate) fn rest(&self) -> &[u8] {
        self.bytes.get(self.taken..).unwrap_or_default()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rest().is_empty()
    }

    pub(crate) fn take(&mut self, length: usize) {
        self.taken += length;
    }

    /// More came after it.
    #[cfg(any(feature = "tls", test))]
    pub(crate) fn push(&mut self, later: &[u8]) {
        self.bytes.extend_from_slice(later);
    }

    /// With what came after it.
    pub(crate) fn before(mut self, later: &Self) -> Self {
        self.bytes.extend_from_slice(later.rest());
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_does_not_come_again() {
        let mut unread = Unread::new(b"abcdef".to_vec());
        unread.take(2);
        assert_eq!(unread.rest(), b"cdef");
        let mut unread = Unread::new(b"x".to_vec()).before(&unread);
        assert_eq!(unread.rest(), b"xcdef");
        unread.push(b"yz");
        unread.take(5);
        assert_eq!(unread.rest(), b"yz");
        unread.take(2);
        assert!(unread.is_empty());
    }
}
