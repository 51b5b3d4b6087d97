//! Keeps traits that users call but must not implement in this crate.

/// Only types of this crate have it.
#[expect(unnameable_types, reason = "that is what it is for")]
pub trait Sealed {}

impl<S: Sealed + ?Sized> Sealed for &S {}
