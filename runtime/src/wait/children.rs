//! The tasks that `gather` waits for: many of one type, or a few of different ones.
//!
//! Different ones stand in a list of pairs, `(a, (b, (c, ())))`, so that there may be any number of them.

use std::future::IntoFuture;

use crate::exceptions::Result;
use crate::sealed::Sealed;
use crate::task::{AnyTask, Task, TaskOutput};

/// What awaiting the task of an `A` gives.
pub(crate) type ValueOf<A> = <<A as IntoFuture>::Output as TaskOutput>::Value;

/// Tasks whose results are wanted together.
#[expect(unnameable_types, reason = "users see what its implementors give")]
pub trait Children: Sealed {
    /// All results, if none is an error.
    type Values;
    /// All results.
    type Results;

    #[doc(hidden)]
    fn each(&self, visit: &mut dyn FnMut(&AnyTask));

    /// Once all are done.
    #[doc(hidden)]
    fn into_values(self) -> Result<Self::Values>;

    /// Once all are done.
    #[doc(hidden)]
    fn into_results(self) -> Self::Results;
}

impl<T> Sealed for Vec<Task<T>> {}

impl<T: 'static> Children for Vec<Task<T>> {
    type Values = Vec<T>;
    type Results = Vec<Result<T>>;

    fn each(&self, visit: &mut dyn FnMut(&AnyTask)) {
        self.iter().for_each(|task| visit(task));
    }

    fn into_values(self) -> Result<Vec<T>> {
        self.into_iter().map(Task::into_result).collect()
    }

    fn into_results(self) -> Vec<Result<T>> {
        self.into_iter().map(Task::into_result).collect()
    }
}

impl Children for () {
    type Values = ();
    type Results = ();

    fn each(&self, _visit: &mut dyn FnMut(&AnyTask)) {}

    fn into_values(self) -> Result<()> {
        Ok(())
    }

    fn into_results(self) {}
}

impl<T, R> Sealed for (Task<T>, R) {}

impl<T: 'static, R: Children> Children for (Task<T>, R) {
    type Values = (T, R::Values);
    type Results = (Result<T>, R::Results);

    fn each(&self, visit: &mut dyn FnMut(&AnyTask)) {
        visit(&self.0);
        self.1.each(visit);
    }

    fn into_values(self) -> Result<Self::Values> {
        Ok((self.0.into_result()?, self.1.into_values()?))
    }

    fn into_results(self) -> Self::Results {
        (self.0.into_result(), self.1.into_results())
    }
}
