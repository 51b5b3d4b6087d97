//! What the system has reported of a stream, kept in the state's word: noted, looked at, used up by reads and sends.

use super::{Is, REPORTED_AT, State, reported};
use crate::sys::Readiness;

impl State {
    /// Whether something may be received now, and there is something.
    #[inline]
    pub(in crate::transports) fn may_read(self) -> bool {
        const SOMETHING: u32 = Is::Unread as u32 | Is::EndSeen as u32 | reported(Readiness::FOR_READERS);
        self.may_receive() && self.0 & SOMETHING != 0
    }

    /// Whether what is received goes the usual way: from the system, lent to the protocol.
    #[inline]
    pub(in crate::transports) fn reads_as_usual(self) -> bool {
        const OTHERWISE: u32 = Is::Unread as u32 | Is::EndSeen as u32 | Is::Buffered as u32;
        self.0 & OTHERWISE == 0
    }

    /// Whether more than reading is to be done when something is reported.
    #[inline]
    pub(in crate::transports) fn has_more_to_do(self) -> bool {
        self.has(Is::Special) || self.is_half_open()
    }

    pub(in crate::transports) fn set_uncertain(&mut self, uncertain: bool) {
        self.put(Is::Uncertain, uncertain);
    }

    /// What was reported and not yet used up.
    #[inline]
    pub(in crate::transports) fn readiness(self) -> Readiness {
        Readiness::from_bits((self.0 >> REPORTED_AT) as u8)
    }

    pub(in crate::transports) fn set_readiness(&mut self, readiness: Readiness) {
        self.0 = self.0 & !reported(Readiness::ALL) | reported(readiness);
    }

    /// Takes note of a report. True: it is to be acted upon, and the connection is queued from now on; it was not.
    ///
    /// The first report says "writable" and means nothing; a paused connection keeps its reports for later.
    #[inline]
    pub(in crate::transports) fn report(&mut self, readiness: Readiness) -> bool {
        self.0 |= reported(readiness);
        (self.may_receive() || self.has_more_to_do()) && self.queue()
    }

    /// A read was done. Unless more may be left, the report is used up; a new one will come.
    #[inline]
    pub(in crate::transports) fn read(&mut self, filled: bool) {
        const ODD: Readiness = Readiness::FOR_READERS.without(Readiness::READABLE);
        if !filled && self.0 & (Is::Uncertain as u32 | reported(ODD)) == 0 {
            self.0 &= !reported(Readiness::READABLE);
        }
    }

    /// The system says that nothing is left.
    pub(in crate::transports) fn drained(&mut self) {
        self.set_readiness(self.readiness().and(Readiness::WRITABLE));
    }

    /// Whether the system takes more.
    pub(in crate::transports) fn set_writable(&mut self, writable: bool) {
        let others = self.readiness().without(Readiness::WRITABLE);
        self.set_readiness(others.or(Readiness::WRITABLE.when(writable)));
    }
}
