//! The datagrams that have not left yet. Pure: whole datagrams in, whole datagrams out.
//!
//! Their bytes lie one behind the other, so that waiting costs no allocation a datagram, and a run of them can be
//! handed to the system as one piece.

use std::collections::VecDeque;
use std::net::SocketAddr;

use crate::sys::{Address, Parcel};

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
    /// Neighbours of one length and destination are one parcel.
    parcels: VecDeque<Parcel>,
    /// How many datagrams those are.
    datagrams: usize,
}

/// What a datagram of this length counts while it waits.
pub(super) fn cost(length: usize) -> usize {
    length + HEADER
}

impl Queue {
    #[inline]
    pub(super) fn size(&self) -> usize {
        self.bytes.len() - self.gone + self.datagrams * HEADER
    }

    #[inline]
    pub(super) fn len(&self) -> usize {
        self.datagrams
    }

    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.datagrams == 0
    }

    /// The oldest of them, and the bytes of all; not necessarily all of them, but one at least unless none waits.
    pub(super) fn front(&self) -> (&[Parcel], &[u8]) {
        (self.parcels.as_slices().0, self.bytes.get(self.gone..).unwrap_or_default())
    }

    /// Appends a copy of `data`.
    pub(super) fn push(&mut self, data: &[u8], to: Option<Address>) {
        if self.gone > GONE.max(self.bytes.len() / 2) {
            self.bytes.drain(..self.gone);
            self.gone = 0;
        }
        match self.parcels.back_mut() {
            Some(last) if last.length == data.len() && last.to == to => last.count += 1,
            _ => self.parcels.push_back(Parcel { length: data.len(), count: 1, to }),
        }
        self.bytes.extend_from_slice(data);
        self.datagrams += 1;
    }

    /// Appends a copy of `data` if the newest one has its length and destination. False: nothing was done.
    #[inline]
    pub(super) fn repeat(&mut self, data: &[u8], to: &SocketAddr) -> bool {
        match self.parcels.back_mut() {
            Some(Parcel { length, count, to: Some(Address::Internet(last)) })
                if *length == data.len() && last == to =>
            {
                *count += 1;
            }
            _ => return false,
        }
        self.bytes.extend_from_slice(data);
        self.datagrams += 1;
        true
    }

    /// Forgets the oldest ones, which have left.
    pub(super) fn pop(&mut self, count: usize) {
        let mut left = count.min(self.datagrams);
        self.datagrams -= left;
        while let Some(first) = self.parcels.front_mut().filter(|_| left > 0) {
            let leaving = left.min(first.count);
            left -= leaving;
            first.count -= leaving;
            self.gone += leaving * first.length;
            if first.count == 0 {
                self.parcels.pop_front();
            }
        }
        if self.is_empty() {
            self.bytes.clear();
            self.gone = 0;
        }
    }

    /// Forgets the newest one, and says where it was to go.
    pub(super) fn pop_last(&mut self) -> Option<Option<Address>> {
        let last = self.parcels.back_mut()?;
        self.bytes.truncate(self.bytes.len() - last.length);
        self.datagrams -= 1;
        last.count -= 1;
        if last.count > 0 {
            return Some(last.to.clone());
        }
        self.parcels.pop_back().map(|last| last.to)
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
        /// Of this length, to this place, as often as that.
        Push(usize, u16, usize),
        Pop(usize),
        PopLast,
    }

    fn step() -> impl Strategy<Value = Step> {
        let lengths = prop_oneof![0_usize..3, 0_usize..40_000];
        prop_oneof![
            (lengths, 1_u16..3, 1_usize..4).prop_map(|(length, port, times)| Step::Push(length, port, times)),
            (0_usize..4).prop_map(Step::Pop),
            Just(Step::PopLast)
        ]
    }

    fn place(port: u16) -> SocketAddr {
        ([127, 0, 0, 1], port).into()
    }

    proptest! {
        #[test]
        fn datagrams_leave_as_they_came_and_the_size_is_the_sum_of_what_waits(
            steps in proptest::collection::vec(step(), 0..60),
        ) {
            let (mut queue, mut model) = (Queue::default(), VecDeque::new());
            for (number, step) in steps.into_iter().enumerate() {
                match step {
                    Step::Push(length, port, times) => for _ in 0..times {
                        let data = vec![number as u8; length];
                        let repeats = model.back().is_some_and(|&(_, last, to)| (last, to) == (length, port));
                        prop_assert_eq!(queue.repeat(&data, &place(port)), repeats);
                        if !repeats {
                            queue.push(&data, Some(place(port).into()));
                        }
                        model.push_back((number as u8, length, port));
                    },
                    Step::Pop(count) => {
                        queue.pop(count);
                        model.drain(..count.min(model.len()));
                    }
                    Step::PopLast => {
                        let last = model.pop_back().map(|(_, _, port)| Some(place(port).into()));
                        prop_assert_eq!(queue.pop_last(), last);
                    }
                }
                prop_assert_eq!(queue.size(), model.iter().map(|(_, length, _)| length + 8).sum::<usize>());
                prop_assert_eq!((queue.is_empty(), queue.len()), (model.is_empty(), model.len()));
                let (parcels, mut bytes) = queue.front();
                prop_assert_eq!(parcels.is_empty(), model.is_empty());
                let each = parcels.iter().flat_map(|parcel| std::iter::repeat_n(parcel, parcel.count));
                for (parcel, (number, length, port)) in each.zip(&model) {
                    let (data, rest) = bytes.split_at(parcel.length);
                    prop_assert_eq!((data.len(), &parcel.to), (*length, &Some(place(*port).into())));
                    prop_assert!(data.iter().all(|byte| byte == number));
                    bytes = rest;
                }
            }
        }
    }
}
