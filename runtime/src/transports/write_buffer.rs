//! The bytes that the system has not taken yet. Pure: bytes in, slices out.
//!
//! Small pieces are gathered into chunks, so that ten thousand of them leave in a few vectored sends; a large piece
//! becomes a chunk of its own and is copied once.

use std::collections::VecDeque;
use std::io::IoSlice;

/// Pieces are gathered until a chunk is this large.
const CHUNK: usize = 64 * 1024;

/// Waiting bytes, oldest first.
#[derive(Debug, Default)]
pub(crate) struct WriteBuffer {
    /// None is empty.
    chunks: VecDeque<Vec<u8>>,
    /// How much of the first chunk has been sent; less than its length.
    sent: usize,
    /// All that waits: the sum of the chunks without what was sent of the first.
    size: usize,
}

impl WriteBuffer {
    pub(crate) fn size(&self) -> usize {
        self.size
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.size == 0
    }

    /// Appends a copy of `data`.
    pub(crate) fn push(&mut self, data: &[u8]) {
        if data.is_empty() {
            return;
        }
        self.size += data.len();
        match self.chunks.back_mut() {
            Some(last) if last.len() + data.len() <= CHUNK => last.extend_from_slice(data),
            _ => self.chunks.push_back(data.to_vec()),
        }
    }

    /// Calls `send` with the oldest bytes, at most `pieces` slices, and drops as many as it says were sent.
    pub(crate) fn send<E>(
        &mut self,
        pieces: usize,
        send: impl FnOnce(&[IoSlice<'_>]) -> Result<usize, E>,
    ) -> Result<usize, E> {
        let mut slices = Vec::with_capacity(pieces.min(self.chunks.len()));
        let mut skip = self.sent;
        for chunk in self.chunks.iter().take(pieces) {
            slices.push(IoSlice::new(chunk.get(skip..).unwrap_or_default()));
            skip = 0;
        }
        let sent = send(&slices)?;
        self.consume(sent);
        Ok(sent)
    }

    fn consume(&mut self, sent: usize) {
        self.size -= sent;
        self.sent += sent;
        while let Some(first) = self.chunks.front() {
            if self.sent < first.len() {
                return;
            }
            self.sent -= first.len();
            self.chunks.pop_front();
        }
        // A queue that was long once must not keep its memory.
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Sends up to `room` bytes and returns them.
    fn take(buffer: &mut WriteBuffer, pieces: usize, room: usize) -> Vec<u8> {
        let mut taken = Vec::new();
        let sent = buffer.send(pieces, |slices| {
            assert!(slices.len() <= pieces);
            taken = slices.iter().flat_map(|slice| slice.iter().copied()).take(room).collect();
            Ok::<_, ()>(taken.len())
        });
        assert_eq!(sent, Ok(taken.len()));
        taken
    }

    #[test]
    fn ten_thousand_small_writes_leave_in_one_send() {
        let mut buffer = WriteBuffer::default();
        for _ in 0..10_000 {
            buffer.push(b"small piece of data");
        }
        assert_eq!(buffer.size(), 190_000);
        assert_eq!(take(&mut buffer, 64, usize::MAX).len(), 190_000);
        assert!(buffer.is_empty());
    }

    #[test]
    fn a_failed_send_keeps_everything() {
        let mut buffer = WriteBuffer::default();
        buffer.push(b"abc");
        assert_eq!(buffer.send(64, |_| Err("no")), Err("no"));
        assert_eq!(take(&mut buffer, 64, 3), b"abc");
    }

    #[test]
    fn an_emptied_buffer_holds_no_memory() {
        let mut buffer = WriteBuffer::default();
        for _ in 0..100 {
            buffer.push(&[0; CHUNK]);
        }
        while !buffer.is_empty() {
            take(&mut buffer, 64, usize::MAX);
        }
        assert_eq!(buffer.chunks.capacity(), 0);
    }

    proptest! {
        // Each case moves megabytes.
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn bytes_leave_in_the_order_in_which_they_came(
            steps in prop::collection::vec((0..3 * CHUNK, 0..4 * CHUNK, 1..4_usize), 1..20)
        ) {
            let mut buffer = WriteBuffer::default();
            let (mut expected, mut received, mut next) = (Vec::new(), Vec::new(), 0_u8);
            for (length, room, pieces) in steps {
                let data: Vec<u8> = (0..length).map(|_| { next = next.wrapping_add(37); next }).collect();
                expected.extend_from_slice(&data);
                buffer.push(&data);
                received.extend(take(&mut buffer, pieces, room));
                prop_assert_eq!(buffer.size(), expected.len() - received.len());
            }
            while !buffer.is_empty() {
                received.extend(take(&mut buffer, 64, usize::MAX));
            }
            prop_assert!(expected == received);
        }
    }
}
