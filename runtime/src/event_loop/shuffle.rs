//! A random order for tests: the same for the same seed, today and in later versions.
//!
//! The generator is SplitMix64, written out, since a crate's could change and with it what an old seed means.

use std::cell::Cell;

/// The state of the generator; `None` where tasks keep their order.
#[derive(Debug)]
pub(super) struct Shuffle {
    seed: Option<u64>,
    state: Cell<Option<u64>>,
}

impl Shuffle {
    pub(super) fn new(seed: Option<u64>) -> Self {
        Self { seed, state: Cell::new(seed) }
    }

    #[inline]
    pub(super) fn is_on(&self) -> bool {
        self.state.get().is_some()
    }

    pub(super) fn seed(&self) -> Option<u64> {
        self.seed
    }

    /// A number below `end`, which is not zero.
    pub(super) fn below(&self, end: usize) -> usize {
        let state = self.state.get().unwrap_or_default().wrapping_add(0x9e37_79b9_7f4a_7c15);
        self.state.set(Some(state));
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        // The remainder is not quite even, by less than anybody can see.
        ((mixed ^ (mixed >> 31)) % end as u64) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::Shuffle;

    #[test]
    fn a_seed_means_the_same_for_ever() {
        let shuffle = Shuffle::new(Some(1_234_567));
        let drawn: Vec<usize> = (0..5).map(|_| shuffle.below(1000)).collect();
        assert_eq!(drawn, [317, 973, 423, 431, 821]);
    }
}
