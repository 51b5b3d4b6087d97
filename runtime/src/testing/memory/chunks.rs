//! In which pieces bytes come.

/// In which pieces bytes come out of a connection in memory, whatever pieces they were written in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Chunks {
    /// As many as there are, as from a socket whose reader is slow.
    #[default]
    Whole,
    /// One by one.
    Bytes,
    /// Pieces of any length, the same ones for the same seed.
    Random(u64),
    /// Pieces of these lengths in turn, then whole; zero counts as one. Made for proptest, which can shrink a list.
    Lengths(Vec<usize>),
}

/// The pieces of one direction, one after the other.
#[derive(Debug)]
pub(super) struct Cutter {
    chunks: Chunks,
    /// How many lengths were used, or the state of the random numbers.
    state: u64,
}

impl Cutter {
    pub(super) fn new(chunks: Chunks) -> Self {
        let state = match &chunks {
            Chunks::Random(seed) => *seed,
            Chunks::Whole | Chunks::Bytes | Chunks::Lengths(_) => 0,
        };
        Self { chunks, state }
    }

    /// How long the next piece is, of `available` bytes, which are not none.
    pub(super) fn next(&mut self, available: usize) -> usize {
        let length = match &self.chunks {
            Chunks::Whole => available,
            Chunks::Bytes => 1,
            Chunks::Random(_) => {
                let chosen = random(&mut self.state) % (available as u64) + 1;
                usize::try_from(chosen).expect("it is at most `available`")
            }
            Chunks::Lengths(lengths) => {
                let length = usize::try_from(self.state).ok().and_then(|used| lengths.get(used)).copied();
                self.state += 1;
                length.unwrap_or(available)
            }
        };
        length.clamp(1, available)
    }
}

/// SplitMix64: well mixed, whatever the seed is.
fn random(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(chunks: Chunks, mut left: usize) -> Vec<usize> {
        let mut cutter = Cutter::new(chunks);
        std::iter::from_fn(|| {
            let piece = (left > 0).then(|| cutter.next(left))?;
            left -= piece;
            Some(piece)
        })
        .collect()
    }

    #[test]
    fn all_bytes_come_in_pieces_that_are_never_empty() {
        assert_eq!(pieces(Chunks::Whole, 5), [5]);
        assert_eq!(pieces(Chunks::Bytes, 3), [1, 1, 1]);
        assert_eq!(pieces(Chunks::Lengths(vec![2, 0, 100]), 10), [2, 1, 7]);
        assert_eq!(pieces(Chunks::Lengths(vec![2]), 10), [2, 8]);
        for seed in 0..100 {
            let pieces = pieces(Chunks::Random(seed), 1000);
            assert!(pieces.iter().sum::<usize>() == 1000 && pieces.iter().all(|piece| *piece > 0));
        }
    }

    #[test]
    fn a_seed_gives_the_same_pieces_each_time_and_another_one_gives_others() {
        assert_eq!(pieces(Chunks::Random(1), 1000), pieces(Chunks::Random(1), 1000));
        assert_ne!(pieces(Chunks::Random(1), 1000), pieces(Chunks::Random(2), 1000));
    }
}
