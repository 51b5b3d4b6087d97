//! The bytes of a stream that came in and were not read yet. Pure: bytes in, bytes out.
//!
//! What comes in while somebody waits for it stays in the loop's receive buffer, so that a read copies once, or not at
//! all. Anything else is copied to here; a read that takes all of that takes the memory itself. A buffer that was
//! emptied holds no memory.

use crate::sys::Loan;

/// Unread bytes, oldest first.
#[derive(Debug, Default)]
pub(super) struct ReadBuffer {
    memory: Memory,
    /// How much of it has been read; at most its length.
    start: usize,
}

#[derive(Debug)]
enum Memory {
    Own(Vec<u8>),
    /// The loop's, which will want it back.
    Lent(Loan),
}

impl Default for Memory {
    #[inline]
    fn default() -> Self {
        Self::Own(Vec::new())
    }
}

impl ReadBuffer {
    #[inline]
    fn all(&self) -> &[u8] {
        match &self.memory {
            Memory::Own(bytes) => bytes,
            Memory::Lent(loan) => loan,
        }
    }

    #[inline]
    pub(super) fn len(&self) -> usize {
        self.all().len() - self.start
    }

    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.start == self.all().len()
    }

    #[inline]
    pub(super) fn as_slice(&self) -> &[u8] {
        self.all().get(self.start..).unwrap_or_default()
    }

    /// Keeps the loop's buffer; only where nothing is kept yet.
    #[inline]
    pub(super) fn keep(&mut self, loan: Loan) {
        debug_assert!(self.is_empty(), "there is nothing that could be lost");
        *self = Self { memory: Memory::Lent(loan), start: 0 };
    }

    /// Gives back the loop's buffer, and copies what is left.
    pub(super) fn give_back(&mut self) {
        if let Memory::Lent(_) = self.memory {
            *self = Self { memory: Memory::Own(self.as_slice().to_vec()), start: 0 };
        }
    }

    /// Appends a copy of `data`.
    #[inline]
    pub(super) fn push(&mut self, data: &[u8]) {
        self.give_back();
        if let Memory::Own(bytes) = &mut self.memory {
            if self.start > 0 {
                make_room(bytes, &mut self.start, data.len());
            }
            bytes.extend_from_slice(data);
        }
    }

    /// Takes everything.
    #[inline]
    pub(super) fn take_all(&mut self) -> Vec<u8> {
        match &mut self.memory {
            Memory::Own(bytes) if self.start == 0 => std::mem::take(bytes),
            // Not in place: the caller would hold memory that it does not see.
            _ => {
                let bytes = self.as_slice().to_vec();
                *self = Self::default();
                bytes
            }
        }
    }

    /// Takes the oldest `length` bytes, or as many as there are.
    #[inline]
    pub(super) fn take(&mut self, length: usize) -> Vec<u8> {
        let all = self.len();
        if length >= all {
            return self.take_all();
        }
        if let Memory::Own(bytes) = &mut self.memory {
            if self.start == 0 && length > all / 2 {
                // The smaller part is copied, and the larger stays where it is.
                let rest = bytes.split_off(length);
                return std::mem::replace(bytes, rest);
            }
        }
        let taken = self.as_slice().get(..length).unwrap_or_default().to_vec();
        self.consume(length);
        taken
    }

    /// Appends everything to `target`. One that has no room for it may get the memory itself.
    #[inline]
    pub(super) fn take_all_into(&mut self, target: &mut Vec<u8>) {
        if target.is_empty() && target.capacity() < self.len() {
            *target = self.take_all();
        } else {
            target.extend_from_slice(self.as_slice());
            *self = Self::default();
        }
    }

    /// Copies the oldest bytes into `target`, as many as fit, and says how many those are.
    #[inline]
    pub(super) fn copy_into(&mut self, target: &mut [u8]) -> usize {
        let length = self.len().min(target.len());
        let data = self.as_slice().get(..length).unwrap_or_default();
        target.get_mut(..length).unwrap_or_default().copy_from_slice(data);
        self.consume(length);
        length
    }

    /// The oldest `length` bytes have been read.
    #[inline]
    pub(super) fn consume(&mut self, length: usize) {
        self.start = self.all().len().min(self.start + length);
        if self.is_empty() {
            *self = Self::default();
        }
    }

    /// Puts back what was taken out, before what has come since.
    pub(super) fn put_back(&mut self, mut front: Self) {
        front.push(self.as_slice());
        *self = front;
    }
}

/// Uses the memory of what has been read, before more is asked for. Each byte is moved at most once for each byte
/// that was read before it, so that many small reads cost no more than one large.
fn make_room(bytes: &mut Vec<u8>, start: &mut usize, more: usize) {
    let left = bytes.len() - *start;
    if left == 0 {
        bytes.clear();
        *start = 0;
    } else if bytes.capacity() - bytes.len() < more && *start >= left {
        bytes.drain(..*start);
        *start = 0;
    }
}

#[cfg(test)]
mod tests {
    use std::rc::Weak;

    use proptest::prelude::*;

    use super::*;
    use crate::sys::{Keeper, ReceiveBuffer};

    struct Nobody;

    impl Keeper for Nobody {
        fn give_back(&self) {}
    }

    fn capacity(buffer: &ReadBuffer) -> usize {
        match &buffer.memory {
            Memory::Own(bytes) => bytes.capacity(),
            Memory::Lent(loan) => loan.len(),
        }
    }

    #[test]
    fn reading_all_takes_the_memory_itself() {
        let mut buffer = ReadBuffer::default();
        buffer.push(b"all of it");
        let memory = buffer.as_slice().as_ptr();
        let taken = buffer.take(100);
        assert_eq!(taken, b"all of it");
        assert_eq!(taken.as_ptr(), memory);
        assert_eq!(capacity(&buffer), 0);
    }

    #[test]
    fn an_emptied_buffer_holds_no_memory() {
        let mut buffer = ReadBuffer::default();
        buffer.push(b"one two");
        assert_eq!(buffer.take(3), b"one");
        assert_eq!(buffer.take(4), b" two");
        assert_eq!(capacity(&buffer), 0);
        buffer.push(b"three");
        buffer.consume(5);
        assert_eq!(capacity(&buffer), 0);
    }

    #[test]
    fn what_was_read_makes_room_for_what_comes() {
        let mut buffer = ReadBuffer::default();
        buffer.push(&[0; 1000]);
        for _ in 0..1000 {
            buffer.push(&[1; 100]);
            assert_eq!(buffer.take(100).len(), 100);
        }
        assert!(capacity(&buffer) <= 4400, "{}", capacity(&buffer));
    }

    proptest! {
        #[test]
        fn bytes_are_read_in_the_order_in_which_they_came(
            steps in prop::collection::vec((0..300_usize, 0..300_usize, 0..6_u8), 1..50)
        ) {
            let (mut buffer, mut model, mut next) = (ReadBuffer::default(), Vec::new(), 0_u8);
            let memory = ReceiveBuffer::new();
            for (length, read, how) in steps {
                let data: Vec<u8> = (0..length).map(|_| { next = next.wrapping_add(37); next }).collect();
                model.extend_from_slice(&data);
                if buffer.is_empty() && !data.is_empty() {
                    let mut lease = memory.lend();
                    lease[..length].copy_from_slice(&data);
                    let nobody: Weak<Nobody> = Weak::new();
                    buffer.keep(lease.keep(length, nobody));
                } else {
                    buffer.push(&data);
                }
                let expected: Vec<u8> = model.drain(..read.min(model.len())).collect();
                let taken = match how {
                    0 => buffer.take(read),
                    1 => {
                        let mut target = vec![0; read];
                        let length = buffer.copy_into(&mut target);
                        target.truncate(length);
                        target
                    }
                    2 => {
                        let front = std::mem::take(&mut buffer);
                        buffer.push(b"!");
                        buffer.put_back(front);
                        model.push(b'!');
                        buffer.take(expected.len())
                    }
                    3 => {
                        buffer.give_back();
                        buffer.take(read)
                    }
                    4 => {
                        let mut all = b"?".to_vec();
                        buffer.take_all_into(&mut all);
                        buffer.push(&all.split_off(1 + expected.len()));
                        all.split_off(1)
                    }
                    _ => {
                        let data = buffer.as_slice()[..expected.len()].to_vec();
                        buffer.consume(expected.len());
                        data
                    }
                };
                prop_assert_eq!(taken, expected);
                prop_assert_eq!(buffer.as_slice(), &model[..]);
                prop_assert_eq!(buffer.len(), model.len());
                prop_assert_eq!(buffer.is_empty(), model.is_empty());
            }
        }
    }
}
