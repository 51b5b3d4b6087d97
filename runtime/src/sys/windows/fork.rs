//! Windows has no `fork`: a loop is always in the process that made it.

/// The process that made something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Process(bool);

impl Process {
    /// No process.
    pub(crate) const NONE: Self = Self(false);

    /// The process that runs now.
    pub(crate) fn current() -> Self {
        Self(true)
    }

    /// Whether it is the process that runs.
    #[inline]
    pub(crate) fn is_current(self) -> bool {
        self.0
    }
}

/// What the child of a fork would be told.
pub(crate) const FORKED: &str = "this event loop belongs to another process";
