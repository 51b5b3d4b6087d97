//! Keeps traits that users call but must not implement in this crate.

/// Only types of this crate have it.
#[expect(unnameable_types, reason = "that is what it is for")]
pub trait Sealed {}

impl<S: Sealed + ?Sized> Sealed for &S {}

/// What a function returns. Only so can `!` be named yet.
#[expect(unnameable_types, reason = "as above")]
pub trait Returns {
    /// It.
    type Output;
}

impl<T> Returns for fn() -> T {
    type Output = T;
}
