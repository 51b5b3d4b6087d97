//! Runs: how many of the datagrams that wait can go as one message. Pure.

use super::Parcel;

/// How many segments the system takes in one buffer; newer ones take more.
const SEGMENTS: usize = 64;
/// No longer segments: what does not fit into a frame of Ethernet has to be fragmented, and no segment may be.
const SEGMENT: usize = 1452;
/// How long a buffer of segments may be, headers not counted.
const SEGMENTED: usize = 65_000;

/// Datagrams that can go as one message: all of one length, but the last may be shorter.
#[derive(Clone, Copy, Debug)]
pub(super) struct Run<'a> {
    /// Where the first of them lies.
    pub(super) first: &'a Parcel,
    pub(super) count: usize,
    /// How many bytes all of them have.
    pub(super) bytes: usize,
}

/// The runs that waiting datagrams consist of.
pub(super) struct Runs<'a> {
    parcels: &'a [Parcel],
    /// How many datagrams of the first parcel were taken; less than its count.
    taken: usize,
    /// How many datagrams may be taken.
    most: usize,
    /// Whether the system may cut a message.
    segments: bool,
}

impl<'a> Runs<'a> {
    pub(super) fn new(parcels: &'a [Parcel], most: usize, segments: bool) -> Self {
        Self { parcels, taken: 0, most, segments }
    }

    /// Whether there is no other.
    pub(super) fn is_empty(&self) -> bool {
        self.parcels.is_empty() || self.most == 0
    }

    /// The next one, as long as may be.
    pub(super) fn take_run(&mut self) -> Option<Run<'a>> {
        let (first, others) = self.parcels.split_first().filter(|_| self.most > 0)?;
        let length = first.length;
        let most = if self.segments && (1..=SEGMENT).contains(&length) {
            SEGMENTS.min(SEGMENTED / length).min(self.most)
        } else {
            1
        };
        let mut run = Run { first, count: (first.count - self.taken).min(most), bytes: 0 };
        run.bytes = run.count * length;
        self.taken += run.count;
        if self.taken == first.count {
            (self.parcels, self.taken) = (others, 0);
            let last = others.first().filter(|last| run.count < most && (1..length).contains(&last.length));
            if let Some(last) = last.filter(|last| last.to == first.to) {
                run.count += 1;
                run.bytes += last.length;
                self.taken = 1;
                if last.count == 1 {
                    (self.parcels, self.taken) = (others.get(1..).unwrap_or_default(), 0);
                }
            }
        }
        self.most -= run.count;
        Some(run)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The counts and bytes of all runs.
    fn runs(parcels: &[(usize, usize)], most: usize, segments: bool) -> Vec<(usize, usize)> {
        let to = |port: u16| Some(std::net::SocketAddr::from(([127, 0, 0, 1], port)).into());
        let parcels: Vec<_> = parcels.iter().map(|&(length, count)| Parcel { length, count, to: to(1) }).collect();
        let mut runs = Runs::new(&parcels, most, segments);
        std::iter::from_fn(|| runs.take_run().map(|run| (run.count, run.bytes))).collect()
    }

    #[test]
    fn a_run_has_one_length_but_for_a_shorter_end() {
        assert_eq!(runs(&[(10, 3), (4, 1), (4, 2)], 64, true), [(4, 34), (2, 8)]);
        assert_eq!(runs(&[(10, 3), (4, 2)], 64, true), [(4, 34), (1, 4)]);
        assert_eq!(runs(&[(10, 3), (11, 2), (0, 2), (10, 1)], 64, true), [(3, 30), (2, 22), (1, 0), (1, 0), (1, 10)]);
        assert_eq!(runs(&[(10, 3)], 64, false), [(1, 10), (1, 10), (1, 10)]);
    }

    #[test]
    fn a_run_ends_where_the_system_would_refuse_it() {
        assert_eq!(runs(&[(10, 130)], 1000, true), [(64, 640), (64, 640), (2, 20)]);
        assert_eq!(runs(&[(10, 64), (4, 1)], 1000, true), [(64, 640), (1, 4)]);
        assert_eq!(runs(&[(1452, 50)], 1000, true), [(44, 44 * 1452), (6, 6 * 1452)]);
        assert_eq!(runs(&[(1453, 2)], 1000, true), [(1, 1453), (1, 1453)]);
    }

    #[test]
    fn no_more_are_taken_than_may_be() {
        assert_eq!(runs(&[(10, 5), (4, 1)], 5, true), [(5, 50)]);
        assert_eq!(runs(&[(10, 5), (11, 5)], 7, true), [(5, 50), (2, 22)]);
        assert_eq!(runs(&[(10, 5)], 0, true), []);
    }
}
