//! Flow control: when a protocol is told to stop writing, and when to go on. Pure: sizes in, signals out.
//!
//! ```text
//!                 size > high, or a short try_write
//!        ┌───────────────────────────────────────────────┐
//!   writable                                           paused
//!        └───────────────────────────────────────────────┘
//!                        size <= low
//! ```
//!
//! What the sizes say and what the protocol was told are two things: a protocol that is running is told afterwards.
//! If the state has changed back by then there is nothing to tell, so the two signals always alternate.

use crate::exceptions::{Error, Result};

/// Above this many waiting bytes the protocol is paused, unless it set other limits.
const HIGH: usize = 64 * 1024;

/// More waiting bytes than this end a connection and make an endpoint drop datagrams, unless another limit was set.
pub(crate) const HARD_LIMIT: usize = 64 * 1024 * 1024;

/// Between which sizes of the write buffer a protocol is paused and resumed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Strictly above it: paused. `low <= high`.
    pub(crate) high: usize,
    /// At it or below: resumed.
    pub(crate) low: usize,
}

impl Limits {
    /// What is not given follows from the other: low is a quarter of high.
    pub(crate) fn new(high: Option<usize>, low: Option<usize>) -> Result<Self> {
        let high = high.unwrap_or_else(|| low.map_or(HIGH, |low| low.saturating_mul(4)));
        let low = low.unwrap_or(high / 4);
        if low > high {
            return Err(Error::value_error(format!(
                "the high limit ({high}) must not be less than the low limit ({low})"
            )));
        }
        Ok(Self { high, low })
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self { high: HIGH, low: HIGH / 4 }
    }
}

/// What a protocol is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signal {
    PauseWriting,
    ResumeWriting,
}

/// The flow control of one transport.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct FlowControl {
    limits: Limits,
    /// What the sizes say.
    paused: bool,
    /// What the protocol knows.
    told: bool,
}

impl FlowControl {
    pub(crate) fn limits(&self) -> Limits {
        self.limits
    }

    /// New limits, which count at once: a buffer that is too large now pauses the protocol.
    pub(crate) fn set_limits(&mut self, limits: Limits, size: usize) {
        self.limits = limits;
        self.grown(size);
    }

    /// The buffer has become larger.
    pub(crate) fn grown(&mut self, size: usize) {
        self.paused |= size > self.limits.high;
    }

    /// The buffer has become smaller.
    pub(crate) fn shrunk(&mut self, size: usize) {
        self.paused &= size > self.limits.low;
    }

    /// A writer that keeps its bytes itself waits for room.
    pub(crate) fn full(&mut self) {
        self.paused = true;
    }

    /// What the protocol has to be told now, if it has to.
    pub(crate) fn signal(&mut self) -> Option<Signal> {
        if self.paused == self.told {
            return None;
        }
        self.told = self.paused;
        Some(if self.paused { Signal::PauseWriting } else { Signal::ResumeWriting })
    }

    /// Whether a writer should stop, by what the sizes say.
    pub(crate) fn is_paused(&self) -> bool {
        self.paused
    }

    /// Whether the protocol knows that it should stop.
    #[cfg(feature = "tls")]
    pub(crate) fn is_told(&self) -> bool {
        self.told
    }

    /// Whether a signal is due.
    pub(crate) fn has_signal(&self) -> bool {
        self.paused != self.told
    }

    /// Whether nothing would be lost if this were forgotten.
    pub(crate) fn is_default(&self) -> bool {
        !self.paused && !self.told && self.limits == Limits::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(high: impl Into<Option<usize>>, low: impl Into<Option<usize>>) -> Option<(usize, usize)> {
        Limits::new(high.into(), low.into()).ok().map(|limits| (limits.low, limits.high))
    }

    #[test]
    fn one_limit_follows_from_the_other() {
        assert_eq!(limits(None, None), Some((16 * 1024, 64 * 1024)));
        assert_eq!(limits(400, None), Some((100, 400)));
        assert_eq!(limits(None, 100), Some((100, 400)));
        assert_eq!(limits(0, None), Some((0, 0)));
        assert_eq!(limits(100, 100), Some((100, 100)));
        assert_eq!(limits(None, usize::MAX), Some((usize::MAX, usize::MAX)));
    }

    #[test]
    fn a_low_limit_above_the_high_one_is_refused() {
        assert_eq!(limits(99, 100), None);
        assert_eq!(limits(0, 1), None);
    }

    #[test]
    fn the_protocol_is_paused_strictly_above_high_and_resumed_at_low() {
        let mut flow = FlowControl::default();
        flow.set_limits(Limits { high: 100, low: 10 }, 0);
        flow.grown(100);
        assert_eq!(flow.signal(), None);
        flow.grown(101);
        assert_eq!(flow.signal(), Some(Signal::PauseWriting));
        assert_eq!(flow.signal(), None, "it is told once");
        flow.grown(500);
        flow.shrunk(11);
        assert_eq!(flow.signal(), None);
        flow.shrunk(10);
        assert_eq!(flow.signal(), Some(Signal::ResumeWriting));
        assert_eq!(flow.signal(), None, "it is told once");
    }

    #[test]
    fn new_limits_pause_at_once_and_never_resume() {
        let mut flow = FlowControl::default();
        flow.set_limits(Limits { high: 10, low: 5 }, 20);
        assert_eq!(flow.signal(), Some(Signal::PauseWriting));
        flow.set_limits(Limits::default(), 20);
        assert_eq!(flow.signal(), None);
    }

    #[test]
    fn what_came_and_went_while_the_protocol_ran_is_not_told() {
        let mut flow = FlowControl::default();
        flow.grown(HIGH + 1);
        flow.shrunk(0);
        assert_eq!(flow.signal(), None);
        assert!(flow.is_default());
    }
}
