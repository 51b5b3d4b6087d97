//! Whether datagrams come without a pause. Pure.
//!
//! While they do, more have come by the time that those which were there are answered, so to look at the socket again at
//! once saves the way through the poller, and what such a look gives leaves together with the rest. After a single burst
//! the look finds nothing and was in vain. So it is learned which of the two it is, by a try now and then.

/// A look that found something is worth so many in vain.
const CREDIT: u8 = 4;
/// How often it is tried while looks are in vain: once in so many bursts.
const TRIES: u8 = 16;

/// What the last looks have shown.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Steadiness {
    /// How many looks in vain are left; none: they are not worth it.
    credit: u8,
    /// How many bursts came since the last try; less than `TRIES`.
    bursts: u8,
}

impl Steadiness {
    /// Whether to look once more after a burst.
    #[inline]
    pub(super) fn looks_again(&mut self) -> bool {
        if self.credit > 0 {
            return true;
        }
        self.bursts = (self.bursts + 1) % TRIES;
        self.bursts == 0
    }

    /// Such a look found something, or did not.
    #[inline]
    pub(super) fn looked(&mut self, found: bool) {
        self.credit = if found { CREDIT } else { self.credit.saturating_sub(1) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of so many bursts, after how many it was looked again.
    fn looks(steadiness: &mut Steadiness, bursts: usize, found: bool) -> usize {
        let looks = |_: &usize| {
            let looks = steadiness.looks_again();
            if looks {
                steadiness.looked(found);
            }
            looks
        };
        (0..bursts).filter(looks).count()
    }

    #[test]
    fn single_bursts_cost_few_looks() {
        assert_eq!(looks(&mut Steadiness::default(), 160, false), 10);
    }

    #[test]
    fn a_steady_stream_is_noticed_and_so_is_its_end() {
        let mut steadiness = Steadiness::default();
        assert_eq!(looks(&mut steadiness, 16 + 99, true), 100);
        assert_eq!(looks(&mut steadiness, 4, false), 4);
        assert_eq!(looks(&mut steadiness, 15, false), 0);
        assert_eq!(looks(&mut steadiness, 1, true), 1);
    }
}
