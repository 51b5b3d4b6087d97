//! What is asked of the poller, and what it answers.

use mio::event::Event;

/// What to report of a descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Interest {
    /// Data to read, a connection to accept, the end of the stream.
    Read,
    /// Room to write, a connection made.
    Write,
    /// Both, and out-of-band data where the system tells it apart.
    Both,
}

/// What a descriptor is ready for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Readiness {
    pub(crate) readable: bool,
    pub(crate) writable: bool,
    /// The peer sends no more, or the connection is gone.
    pub(crate) read_closed: bool,
    pub(crate) write_closed: bool,
    pub(crate) error: bool,
    pub(crate) priority: bool,
}

impl Readiness {
    /// The union of two reports.
    pub(crate) fn or(self, other: Self) -> Self {
        Self {
            readable: self.readable | other.readable,
            writable: self.writable | other.writable,
            read_closed: self.read_closed | other.read_closed,
            write_closed: self.write_closed | other.write_closed,
            error: self.error | other.error,
            priority: self.priority | other.priority,
        }
    }

    pub(super) fn of(event: &Event) -> Self {
        Self {
            readable: event.is_readable(),
            writable: event.is_writable(),
            read_closed: event.is_read_closed(),
            write_closed: event.is_write_closed(),
            error: event.is_error(),
            priority: event.is_priority(),
        }
    }
}

impl From<Interest> for mio::Interest {
    fn from(interest: Interest) -> Self {
        match interest {
            Interest::Read => Self::READABLE,
            Interest::Write => Self::WRITABLE,
            Interest::Both => both(),
        }
    }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn both() -> mio::Interest {
    mio::Interest::READABLE | mio::Interest::WRITABLE | mio::Interest::PRIORITY
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn both() -> mio::Interest {
    mio::Interest::READABLE | mio::Interest::WRITABLE
}
