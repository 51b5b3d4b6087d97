//! The bytes of a stream that came in and were not read yet. Pure: bytes in, bytes out.
//!
//! What came in is copied once, to here. A read that takes all there is takes the memory itself, so that most data is
//! not copied again; and a buffer that was emptied holds no memory.

/// Unread bytes, oldest first.
#[derive(Debug, Default)]
pub(super) struct ReadBuffer {
    bytes: Vec<u8>,
    /// How much of `bytes` has been read; at most its length.
    start: usize,
}

impl ReadBuffer {
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.bytes.len() - self.start
    }

    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.start == self.bytes.len()
    }

    #[inline]
    pub(super) fn as_slice(&self) -> &[u8] {
        self.bytes.get(self.start..).unwrap_or_default()
    }

    /// Appends a copy of `data`.
    #[inline]
    pub(super) fn push(&mut self, data: &[u8]) {
        if self.start > 0 {
            self.make_room(data.len());
        }
        self.bytes.extend_from_slice(data);
    }

    /// Uses the memory of what has been read, before more is asked for. Each byte is moved at most once for each byte
    /// that was read before it, so that many small reads cost no more than one large.
    fn make_room(&mut self, more: usize) {
        if self.is_empty() {
            self.bytes.clear();
            self.start = 0;
        } else if self.bytes.capacity() - self.bytes.len() < more && self.start >= self.len() {
            self.bytes.drain(..self.start);
            self.start = 0;
        }
    }

    /// Takes everything.
    #[inline]
    pub(super) fn take_all(&mut self) -> Vec<u8> {
        let mut bytes = std::mem::take(&mut self.bytes);
        let start = std::mem::take(&mut self.start);
        if start > 0 {
            // Not in place: the caller would hold memory that it does not see.
            bytes = bytes.get(start..).unwrap_or_default().to_vec();
        }
        bytes
    }

    /// Takes the oldest `length` bytes, or as many as there are.
    #[inline]
    pub(super) fn take(&mut self, length: usize) -> Vec<u8> {
        let all = self.len();
        if length >= all {
            return self.take_all();
        }
        if self.start == 0 && length > all / 2 {
            // The smaller part is copied, and the larger stays where it is.
            let rest = self.bytes.split_off(length);
            return std::mem::replace(&mut self.bytes, rest);
        }
        let taken = self.as_slice().get(..length).unwrap_or_default().to_vec();
        self.consume(length);
        taken
    }

    /// Copies the oldest bytes into `target`, as many as fit, and says how many those are.
    pub(super) fn copy_into(&mut self, target: &mut [u8]) -> usize {
        let length = self.len().min(target.len());
        let data = self.as_slice().get(..length).unwrap_or_default();
        target.get_mut(..length).unwrap_or_default().copy_from_slice(data);
        self.consume(length);
        length
    }

    /// The oldest `length` bytes have been read.
    pub(super) fn consume(&mut self, length: usize) {
        self.start = self.bytes.len().min(self.start + length);
        if self.is_empty() {
            *self = Self::default();
        }
    }

    /// What comes next is kept in this memory, which is empty; only where nothing is kept yet.
    pub(super) fn lend(&mut self, memory: Vec<u8>) {
        debug_assert!(memory.is_empty() && self.is_empty(), "there is nothing that could be lost");
        *self = Self { bytes: memory, start: 0 };
    }

    /// Puts back what was taken out, before what has come since.
    pub(super) fn put_back(&mut self, mut front: Self) {
        front.push(self.as_slice());
        *self = front;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reading_all_takes_the_memory_itself() {
        let mut buffer = ReadBuffer::default();
        buffer.push(b"all of it");
        let memory = buffer.as_slice().as_ptr();
        let taken = buffer.take(100);
        assert_eq!(taken, b"all of it");
        assert_eq!(taken.as_ptr(), memory);
        assert_eq!(buffer.bytes.capacity(), 0);
    }

    #[test]
    fn an_emptied_buffer_holds_no_memory() {
        let mut buffer = ReadBuffer::default();
        buffer.push(b"one two");
        assert_eq!(buffer.take(3), b"one");
        assert_eq!(buffer.take(4), b" two");
        assert_eq!(buffer.bytes.capacity(), 0);
        buffer.push(b"three");
        buffer.consume(5);
        assert_eq!(buffer.bytes.capacity(), 0);
    }

    #[test]
    fn what_was_read_makes_room_for_what_comes() {
        let mut buffer = ReadBuffer::default();
        buffer.push(&[0; 1000]);
        for _ in 0..1000 {
            buffer.push(&[1; 100]);
            assert_eq!(buffer.take(100).len(), 100);
        }
        assert!(buffer.bytes.capacity() <= 4400, "{}", buffer.bytes.capacity());
    }

    proptest! {
        #[test]
        fn bytes_are_read_in_the_order_in_which_they_came(
            steps in prop::collection::vec((0..300_usize, 0..300_usize, 0..4_u8), 1..50)
        ) {
            let (mut buffer, mut model, mut next) = (ReadBuffer::default(), Vec::new(), 0_u8);
            for (length, read, how) in steps {
                let data: Vec<u8> = (0..length).map(|_| { next = next.wrapping_add(37); next }).collect();
                model.extend_from_slice(&data);
                buffer.push(&data);
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
