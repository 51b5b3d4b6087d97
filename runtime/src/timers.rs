//! The timer queue: a 4-ary heap over a slab, ordered by deadline and then by age, with eager cancel.
//!
//! Pure: deadlines come in as nanoseconds and nothing here reads a clock. A key packs the deadline and a sequence
//! number with the slot, so that one comparison of two words orders two timers. A cancelled timer leaves at once:
//! cancelling is the common end of a timeout, and a heap that is purged later pays for each of them twice.

/// Children of one heap node: fewer levels than a binary heap, and they share a cache line.
const ARITY: usize = 4;
/// Bits of a key's low word that name the slot: sixteen million timers at once.
const SLOT_BITS: u32 = 24;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    when: u64,
    /// Sequence number above, slot below.
    order: u64,
}

impl Key {
    fn slot(self) -> usize {
        (self.order & ((1 << SLOT_BITS) - 1)) as usize
    }
}

enum Slot<T> {
    /// Where the timer's key stands in the heap.
    Used {
        position: u32,
        generation: u32,
        value: T,
    },
    Free {
        next: u32,
        generation: u32,
    },
}

const NONE: u32 = u32::MAX;

/// Names a timer: its slot, and which of the timers that had the slot it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TimerKey {
    slot: u32,
    generation: u32,
}

/// Timers of one loop.
pub(crate) struct Timers<T> {
    heap: Vec<Key>,
    slots: Vec<Slot<T>>,
    free: u32,
    sequence: u64,
}

impl<T> Timers<T> {
    pub(crate) fn new() -> Self {
        Self { heap: Vec::new(), slots: Vec::new(), free: NONE, sequence: 0 }
    }

    pub(crate) fn len(&self) -> usize {
        self.heap.len()
    }

    /// The earliest deadline.
    #[inline]
    pub(crate) fn next(&self) -> Option<u64> {
        self.heap.first().map(|key| key.when)
    }

    /// Adds a timer; `None` when sixteen million are there already.
    pub(crate) fn insert(&mut self, when: u64, value: T) -> Option<TimerKey> {
        let position = self.heap.len() as u32;
        let (slot, generation) = match self.free {
            NONE => {
                let slot = self.slots.len();
                if slot >= 1 << SLOT_BITS {
                    return None;
                }
                self.slots.push(Slot::Used { position, generation: 0, value });
                (slot as u32, 0)
            }
            slot => {
                let place = &mut self.slots[slot as usize];
                let Slot::Free { next, generation } = *place else { unreachable!("the free list holds free slots") };
                self.free = next;
                *place = Slot::Used { position, generation, value };
                (slot, generation)
            }
        };
        let key = Key { when, order: (self.sequence << SLOT_BITS) | u64::from(slot) };
        self.sequence += 1;
        self.heap.push(key);
        self.sift_up(position as usize, key);
        Some(TimerKey { slot, generation })
    }

    /// Takes a timer out; `None` if it fired or was cancelled before.
    pub(crate) fn remove(&mut self, key: TimerKey) -> Option<T> {
        match self.slots.get(key.slot as usize) {
            Some(Slot::Used { position, generation, .. }) if *generation == key.generation => {
                let position = *position as usize;
                self.remove_at(position);
                Some(self.release(key.slot))
            }
            _ => None,
        }
    }

    /// Whether the timer is still waiting.
    #[inline]
    pub(crate) fn contains(&self, key: TimerKey) -> bool {
        self.get(key).is_some()
    }

    pub(crate) fn get(&self, key: TimerKey) -> Option<&T> {
        match self.slots.get(key.slot as usize) {
            Some(Slot::Used { generation, value, .. }) if *generation == key.generation => Some(value),
            _ => None,
        }
    }

    pub(crate) fn get_mut(&mut self, key: TimerKey) -> Option<&mut T> {
        match self.slots.get_mut(key.slot as usize) {
            Some(Slot::Used { generation, value, .. }) if *generation == key.generation => Some(value),
            _ => None,
        }
    }

    /// Takes out the earliest timer if it is due at `now`.
    pub(crate) fn pop_due(&mut self, now: u64) -> Option<T> {
        let first = *self.heap.first()?;
        if first.when > now {
            return None;
        }
        self.remove_at(0);
        Some(self.release(first.slot() as u32))
    }

    /// Takes out everything, in no order.
    pub(crate) fn take_all(&mut self) -> Vec<T> {
        let keys = std::mem::take(&mut self.heap);
        keys.into_iter().map(|key| self.release(key.slot() as u32)).collect()
    }

    fn release(&mut self, slot: u32) -> T {
        let place = &mut self.slots[slot as usize];
        let Slot::Used { generation, .. } = *place else { unreachable!("a key in the heap names a used slot") };
        let free = Slot::Free { next: self.free, generation: generation.wrapping_add(1) };
        self.free = slot;
        match std::mem::replace(place, free) {
            Slot::Used { value, .. } => value,
            Slot::Free { .. } => unreachable!("looked at above"),
        }
    }

    fn remove_at(&mut self, position: usize) {
        let last = self.heap.pop().expect("there is a timer at the position");
        if position == self.heap.len() {
            return;
        }
        if position > 0 && last < self.heap[(position - 1) / ARITY] {
            self.sift_up(position, last);
        } else {
            self.sift_down(position, last);
        }
    }

    fn sift_up(&mut self, mut position: usize, key: Key) {
        while position > 0 {
            let parent = (position - 1) / ARITY;
            if self.heap[parent] <= key {
                break;
            }
            self.put(position, self.heap[parent]);
            position = parent;
        }
        self.put(position, key);
    }

    fn sift_down(&mut self, mut position: usize, key: Key) {
        loop {
            let first = position * ARITY + 1;
            let last = (first + ARITY).min(self.heap.len());
            let Some(child) = (first..last).min_by_key(|&child| self.heap[child]) else { break };
            if self.heap[child] >= key {
                break;
            }
            self.put(position, self.heap[child]);
            position = child;
        }
        self.put(position, key);
    }

    #[inline]
    fn put(&mut self, position: usize, key: Key) {
        self.heap[position] = key;
        if let Slot::Used { position: place, .. } = &mut self.slots[key.slot()] {
            *place = position as u32;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn equal_deadlines_fire_in_the_order_of_insertion() {
        let mut timers = Timers::new();
        for value in 0..100 {
            timers.insert(7, value);
        }
        let fired: Vec<_> = std::iter::from_fn(|| timers.pop_due(7)).collect();
        assert_eq!(fired, (0..100).collect::<Vec<_>>());
    }

    #[test]
    fn a_key_names_one_timer_only() {
        let mut timers = Timers::new();
        let first = timers.insert(1, 'a').unwrap();
        assert_eq!(timers.remove(first), Some('a'));
        let second = timers.insert(1, 'b').unwrap();
        assert_eq!(timers.remove(first), None, "the slot is used again, the key is not");
        assert!(timers.contains(second));
    }

    proptest! {
        #[test]
        fn behaves_like_a_sorted_list(steps in prop::collection::vec((0u8..4, 0u64..50), 0..300)) {
            let mut timers = Timers::new();
            let mut model: Vec<(u64, usize, TimerKey)> = Vec::new();
            for (index, (what, when)) in steps.into_iter().enumerate() {
                match what {
                    0 | 1 => {
                        let key = timers.insert(when, index).unwrap();
                        model.push((when, index, key));
                    }
                    2 if !model.is_empty() => {
                        let (_, value, key) = model.remove(when as usize % model.len());
                        prop_assert_eq!(timers.remove(key), Some(value));
                    }
                    _ => {
                        let due = model.iter().filter(|timer| timer.0 <= when).min_by_key(|timer| (timer.0, timer.1));
                        let expected = due.map(|timer| timer.1);
                        model.retain(|timer| Some(timer.1) != expected);
                        prop_assert_eq!(timers.pop_due(when), expected);
                    }
                }
                prop_assert_eq!(timers.heap.len(), model.len());
                prop_assert_eq!(timers.next(), model.iter().map(|timer| timer.0).min());
            }
        }
    }
}
