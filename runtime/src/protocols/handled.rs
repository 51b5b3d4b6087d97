//! What a handler under `#[asyncio::protocol]` may return, as the trait wants it.

use crate::exceptions::{Error, Result};

/// The return value of a handler: its answer, or a `Result` of it whose error becomes an [`Error`].
#[diagnostic::on_unimplemented(
    message = "a handler that answers `{T}` cannot return `{Self}`",
    label = "return `{T}`, or `Result<{T}, E>` with an error that converts into `asyncio::Error`"
)]
pub trait IntoHandled<T> {
    /// Converts it.
    ///
    /// # Errors
    ///
    /// The handler's own.
    fn into_handled(self) -> Result<T>;
}

impl IntoHandled<Self> for () {
    #[inline]
    fn into_handled(self) -> Result<Self> {
        Ok(self)
    }
}

impl IntoHandled<Self> for bool {
    #[inline]
    fn into_handled(self) -> Result<Self> {
        Ok(self)
    }
}

impl IntoHandled<Self> for &mut [u8] {
    #[inline]
    fn into_handled(self) -> Result<Self> {
        Ok(self)
    }
}

impl<T, E: Into<Error>> IntoHandled<T> for Result<T, E> {
    #[inline]
    fn into_handled(self) -> Result<T> {
        self.map_err(Into::into)
    }
}

/// What the macro's expansion calls on a handler's return value.
///
/// # Errors
///
/// The handler's own.
#[inline]
pub fn handled<T>(value: impl IntoHandled<T>) -> Result<T> {
    value.into_handled()
}
