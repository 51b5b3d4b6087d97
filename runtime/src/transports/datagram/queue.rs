//! The datagrams that the system has not taken yet. Pure: whole datagrams in, whole datagrams out.

use std::collections::VecDeque;
use std::net::SocketAddr;

/// What a waiting datagram counts beside its bytes, so that empty ones cannot pile up unseen.
const HEADER: usize = 8;

/// One datagram that waits.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) data: Box<[u8]>,
    /// `None`: to the peer that the socket is connected to.
    pub(super) to: Option<SocketAddr>,
}

/// Waiting datagrams, oldest first.
#[derive(Debug, Default)]
pub(super) struct Queue {
    datagrams: VecDeque<Waiting>,
    /// The sum of what each of them counts.
    size: usize,
}

/// What a datagram of this length counts while it waits.
pub(super) fn cost(length: usize) -> usize {
    length + HEADER
}

impl Queue {
    pub(super) fn size(&self) -> usize {
        self.size
    }

    pub(super) fn is_empty(&self) -> bool {
        self.datagrams.is_empty()
    }

    pub(super) fn front(&self) -> Option<&Waiting> {
        self.datagrams.front()
    }

    /// Appends a copy of `data`.
    pub(super) fn push(&mut self, data: &[u8], to: Option<SocketAddr>) {
        self.size += cost(data.len());
        self.datagrams.push_back(Waiting { data: data.into(), to });
    }

    /// Drops the oldest one, and the memory of the queue with the last one.
    pub(super) fn pop(&mut self) {
        if let Some(gone) = self.datagrams.pop_front() {
            self.size -= cost(gone.data.len());
        }
        if self.is_empty() {
            self.datagrams = VecDeque::new();
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_size_is_the_sum_of_what_waits(steps in proptest::collection::vec(proptest::option::of(0_usize..100), 0..60)) {
            let (mut queue, mut model) = (Queue::default(), VecDeque::new());
            for step in steps {
                match step {
                    Some(length) => {
                        queue.push(&vec![7; length], None);
                        model.push_back(length);
                    }
                    None => {
                        prop_assert_eq!(queue.front().map(|first| first.data.len()), model.front().copied());
                        queue.pop();
                        model.pop_front();
                    }
                }
                prop_assert_eq!(queue.size(), model.iter().map(|length| length + 8).sum::<usize>());
                prop_assert_eq!(queue.is_empty(), model.is_empty());
            }
        }
    }
}
