//! The datagrams that have not left yet. Pure: whole datagrams in, whole datagrams out.
//!
//! Their bytes lie one behind the other, so that waiting costs no allocation a datagram, and a run of them can be
//! handed to the system as one piece.

use std::collections::VecDeque;
use std::net::SocketAddr;

use crate::sys::Parcel;

/// What a waiting datagram counts beside its bytes, so that empty ones cannot pile up unseen.
const HEADER: usize = 8;

/// More bytes than this of datagrams that have left are not kept in front of those that wait.
const GONE: usize = 64 * 1024;

/// More room than this is given back when nothing waits.
const KEPT: usize = 256 * 1024;

/// Waiting datagrams, oldest first.
#[derive(Debug, Default)]
pub(super) struct Queue {
    bytes: Vec<u8>,
    /// How many of the bytes have left; `gone <= bytes.len()`.
    gone: usize,
    parcels: VecDeque<Parcel>,
}

/// What a datagram of this length counts while it waits.
pub(super) fn cost(length: usize) -> usize {
    length + HEADER
}

impl Queue {
    pub(super) fn size(&self) -> usize {
        self.bytes.len() - self.gone + self.parcels.len() * HEADER
    }

    pub(super) fn len(&self) -> usize {
        self.parcels.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.parcels.is_empty()
    }

    /// The oldest of them, and the bytes of all; not necessarily all of them, but one at least unless none waits.
    pub(super) fn front(&self) -> (&[Parcel], &[u8]) {
        (self.parcels.as_slices().0, self.bytes.get(self.gone..).unwrap_or_default())
    }

    /// Appends a copy of `data`.
    pub(super) fn push(&mut self, data: &[u8], to: Option<SocketAddr>) {
        if self.gone > GONE.max(self.bytes.len() / 2) {
            self.bytes.drain(..self.gone);
            self.gone = 0;
        }
        self.bytes.extend_from_slice(data);
        self.parcels.push_back(Parcel { length: data.len(), to });
    }

    /// Forgets the oldest ones, which have left.
    pub(super) fn pop(&mut self, count: usize) {
        let count = count.min(self.parcels.len());
        self.gone += self.parcels.drain(..count).map(|parcel| parcel.length).sum::<usize>();
        if self.is_empty() {
            self.bytes.clear();
            self.gone = 0;
        }
    }

    /// Forgets the newest one, and says where it was to go.
    pub(super) fn pop_last(&mut self) -> Option<Parcel> {
        let last = self.parcels.pop_back()?;
        self.bytes.truncate(self.bytes.len() - last.length);
        Some(last)
    }

    /// Whether its memory is worth keeping, for when nothing waits.
    pub(super) fn is_worth_keeping(&self) -> bool {
        self.is_empty() && self.bytes.capacity() <= KEPT
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What one step does.
    #[derive(Clone, Debug)]
    enum Step {
        Push(usize),
        Pop(usize),
        PopLast,
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![(0_usize..40_000).prop_map(Step::Push), (0_usize..4).prop_map(Step::Pop), Just(Step::PopLast)]
    }

    proptest! {
        #[test]
        fn datagrams_leave_as_they_came_and_the_size_is_the_sum_of_what_waits(
            steps in proptest::collection::vec(step(), 0..60),
        ) {
            let (mut queue, mut model) = (Queue::default(), VecDeque::new());
            for (number, step) in steps.into_iter().enumerate() {
                match step {
                    Step::Push(length) => {
                        queue.push(&vec![number as u8; length], None);
                        model.push_back((number as u8, length));
                    }
                    Step::Pop(count) => {
                        queue.pop(count);
                        model.drain(..count.min(model.len()));
                    }
                    Step::PopLast => {
                        prop_assert_eq!(queue.pop_last().map(|last| last.length), model.pop_back().map(|(_, length)| length));
                    }
                }
                prop_assert_eq!(queue.size(), model.iter().map(|(_, length)| length + 8).sum::<usize>());
                prop_assert_eq!((queue.is_empty(), queue.len()), (model.is_empty(), model.len()));
                let (parcels, mut bytes) = queue.front();
                prop_assert_eq!(parcels.is_empty(), model.is_empty());
                for (parcel, (number, length)) in parcels.iter().zip(&model) {
                    let (data, rest) = bytes.split_at(parcel.length);
                    prop_assert_eq!(data.len(), *length);
                    prop_assert!(data.iter().all(|byte| byte == number));
                    bytes = rest;
                }
            }
        }
    }
}
