//! What is asked of the poller, and what it answers: a bit each, because reports are joined and looked at for every event
//! of every connection.

use std::fmt;

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

/// A set of things that a descriptor is ready for.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Readiness(u8);

impl Readiness {
    pub(crate) const READABLE: Self = Self(1);
    pub(crate) const WRITABLE: Self = Self(1 << 1);
    /// The peer sends no more, or the connection is gone.
    pub(crate) const READ_CLOSED: Self = Self(1 << 2);
    /// The peer reads no more, or the connection is gone.
    pub(crate) const WRITE_CLOSED: Self = Self(1 << 3);
    pub(crate) const ERROR: Self = Self(1 << 4);
    /// Out-of-band data.
    pub(crate) const PRIORITY: Self = Self(1 << 5);

    /// All that somebody who reads has to see.
    pub(crate) const FOR_READERS: Self = Self::READABLE.or(Self::READ_CLOSED).or(Self::ERROR).or(Self::PRIORITY);
    /// All that somebody who writes has to see.
    pub(crate) const FOR_WRITERS: Self = Self::WRITABLE.or(Self::WRITE_CLOSED).or(Self::ERROR);

    pub(crate) const ALL: Self = Self::FOR_READERS.or(Self::FOR_WRITERS);

    const NAMES: [&'static str; 6] = ["readable", "writable", "read closed", "write closed", "error", "priority"];

    /// What the poller reports.
    #[inline]
    pub(super) fn of(event: &Event) -> Self {
        let usual = Self::READABLE.when(event.is_readable()).or(Self::WRITABLE.when(event.is_writable()));
        let ended = Self::READ_CLOSED.when(event.is_read_closed()).or(Self::WRITE_CLOSED.when(event.is_write_closed()));
        usual.or(ended).or(Self::ERROR.when(event.is_error())).or(Self::PRIORITY.when(event.is_priority()))
    }

    /// The union of two sets.
    #[inline]
    pub(crate) const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// What both sets have.
    #[inline]
    pub(crate) const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// What only this set has.
    #[inline]
    pub(crate) const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// This set if it holds, else none.
    #[inline]
    pub(crate) fn when(self, holds: bool) -> Self {
        if holds { self } else { Self::default() }
    }

    /// Whether it has something of the other set.
    #[inline]
    pub(crate) const fn has(self, any_of: Self) -> bool {
        self.0 & any_of.0 != 0
    }

    /// All that such bits stand for.
    #[inline]
    pub(crate) const fn from_bits(bits: u8) -> Self {
        Self(bits)
    }

    #[inline]
    pub(crate) const fn bits(self) -> u8 {
        self.0
    }
}

impl fmt::Debug for Readiness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = Self::NAMES.iter().enumerate().filter(|(place, _)| self.0 & (1 << place) != 0);
        f.debug_set().entries(names.map(|(_, name)| name)).finish()
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
