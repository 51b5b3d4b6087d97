//! What a task's future may give: `()`, a `Result`, or nothing as it never ends.

use crate::exceptions::{Error, Result};
use crate::sealed::{Returns, Sealed};

/// What the future of a task gives: `()`, or a `Result` whose error turns into [`Error`].
///
/// A future that never ends, `async { loop { … } }`, counts as one that gives `()`.
///
/// Awaiting the task then gives one flat [`Result`]: the task's own error, or that it was cancelled or panicked. A
/// future of any other type goes into `async { Ok::<_, asyncio::Error>(future.await) }`.
#[diagnostic::on_unimplemented(
    message = "the future of a task must give `()` or a `Result`, and this one gives `{Self}`",
    label = "gives `{Self}`",
    note = "write `async {{ Ok::<_, asyncio::Error>(….await) }}`; an error of your own needs `.map_err(asyncio::Error::other)`"
)]
pub trait TaskOutput: Sealed {
    /// What awaiting the task gives if all goes well.
    type Value;

    #[doc(hidden)]
    fn into_result(self) -> Result<Self::Value>;
}

impl Sealed for () {}

impl TaskOutput for () {
    type Value = ();

    fn into_result(self) -> Result<()> {
        Ok(())
    }
}

impl<T, E> Sealed for Result<T, E> {}

impl<T, E: Into<Error>> TaskOutput for Result<T, E> {
    type Value = T;

    fn into_result(self) -> Result<T> {
        self.map_err(Into::into)
    }
}

/// The type of a `loop` without `break`.
type Never = <fn() -> ! as Returns>::Output;

impl Sealed for Never {}

#[diagnostic::do_not_recommend]
impl TaskOutput for Never {
    type Value = ();

    fn into_result(self) -> Result<()> {
        self
    }
}
