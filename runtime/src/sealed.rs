//! Keeps traits that users call but must not implement in this crate.

/// Only types of this crate have it.
pub trait Sealed {}
