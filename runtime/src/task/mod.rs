//! Tasks: coroutines that run beside each other on one loop.
//!
//! ```text
//!   create_task ──▶ ready queue ──▶ step: poll ──▶ suspended ──wake──▶ ready queue …
//!                                    │   └─ Pending under a marked cell ─▶ dropped, cancelled
//!                                    └─ Ready ─▶ outcome stored, waiters told, out of the list
//! ```
//!
//! # Safety
//!
//! A task is one block, freed by a plain count on the loop's own thread (`raw.rs`, `pool.rs`). Other threads never
//! hold its address: a waker that leaves the thread holds a number (`remote.rs`, safe code), which the loop looks up.
//! So the one thing to check is that addresses stay on their thread, and they do by type: [`TaskRef`](raw::TaskRef),
//! `Runnable`, `LocalWaker` and `CancelTarget` are all `!Send`. The waker of a poll is an address too, lent for the
//! time of the poll; what it may do on another thread is in `waker.rs`.

mod any;
mod awaiting;
mod cancel;
mod create;
mod graph;
mod header;
mod lent;
mod output;
#[expect(unsafe_code, reason = "where the blocks of tasks come from")]
mod pool;
mod publish;
#[expect(unsafe_code, reason = "the block of a task, whose future's type was forgotten")]
mod raw;
mod registry;
mod remote;
mod report;
mod run_until;
#[cfg(feature = "tracing")]
mod spans;
mod spawn;
mod state;
mod step;
mod trace;
#[expect(unsafe_code, reason = "says which type an outcome has")]
mod typed;
#[expect(unsafe_code, reason = "wakers are made of functions over addresses")]
mod waker;

pub use any::AnyTask;
pub use awaiting::{TaskAwait, TaskAwaitRef};
pub use create::{
    TaskBuilder, TaskFactory, TaskOptions, create_eager_task_factory, create_task, eager_task_factory, ensure_future,
};
pub use output::TaskOutput;
pub use registry::{all_tasks, current_task};

pub(crate) use create::{ensure_on, spawn_on};
pub(crate) use graph::{Standing, current_trail};
pub(crate) use lent::{Lent, LentTask, Steps};
pub(crate) use registry::{all_of, count_of, current_loop};

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;
use std::rc::Rc;

use crate::exceptions::{Error, Result};
use crate::future::{CallbackId, FutureLike, Watch, Watched};

/// A coroutine that runs on its own, and the place where its result will be. Python: `asyncio.Task`.
///
/// Awaiting it gives the result. Dropping it neither cancels nor stops it: the loop keeps a task until it is done. A
/// task that fails and is awaited by nobody is reported through the loop's exception handler. What every task can do,
/// whatever its result, stands with [`AnyTask`], to which this dereferences.
///
/// # Examples
///
/// ```
/// # fn main() -> asyncio::Result<()> {
/// asyncio::run(async {
///     let task = asyncio::create_task(async { Ok::<_, asyncio::Error>(6 * 7) });
///     assert_eq!(task.await?, 42);
///     Ok::<_, asyncio::Error>(())
/// })
/// # }
/// ```
pub struct Task<T> {
    any: AnyTask,
    value: PhantomData<T>,
}

impl<T: 'static> Task<T> {
    /// The one typed handle of a task whose value type is `T`; `create.rs` alone calls it.
    fn new(task: raw::TaskRef) -> Self {
        Self { any: AnyTask::new(task), value: PhantomData }
    }

    /// The result, cloned. Python: `Task.result()`.
    ///
    /// # Errors
    ///
    /// `InvalidStateError` while it is not done; `CancelledError` if it was cancelled; its error if it failed.
    pub fn result(&self) -> Result<T>
    where
        T: Clone,
    {
        if !self.done() {
            return Err(Error::invalid_state("the result is not set yet; await the task"));
        }
        self.seen();
        typed::clone(self).expect("it is taken only by `into_result`, which takes the handle")
    }

    /// The result, taken out.
    ///
    /// # Errors
    ///
    /// `InvalidStateError` while it is not done; `CancelledError` if it was cancelled; its error if it failed.
    pub fn into_result(mut self) -> Result<T> {
        if !self.done() {
            return Err(Error::invalid_state("the result is not set yet; await the task"));
        }
        self.take()
    }

    /// A handle without the type of the result.
    pub fn as_any(&self) -> AnyTask {
        self.any.clone()
    }

    /// Names the task, and returns it.
    pub fn named(self, name: impl Into<Cow<'static, str>>) -> Self {
        self.set_name(name.into());
        self
    }

    /// Lets the task go for good: a failure of it is nobody's concern, and is not reported.
    ///
    /// Dropping the handle instead leaves the task running as well, but a failure that nobody has looked at is reported
    /// then.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> asyncio::Result<()> {
    /// asyncio::run(async {
    ///     asyncio::create_task(async { Err::<(), _>(asyncio::Error::value_error("nobody minds")) }).detach();
    ///     asyncio::sleep(std::time::Duration::ZERO).await;
    /// })
    /// # }
    /// ```
    pub fn detach(self) {
        if self.done() {
            self.seen();
        } else {
            self.watch(Rc::new(Detached));
        }
    }

    /// The outcome of a task that is done.
    fn take(&mut self) -> Result<T> {
        self.seen();
        typed::take(self).expect("only the owner of the handle takes it, once")
    }
}

impl<T> Deref for Task<T> {
    type Target = AnyTask;

    fn deref(&self) -> &AnyTask {
        &self.any
    }
}

impl<T> fmt::Debug for Task<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.any.fmt(f)
    }
}

impl<T> PartialEq<AnyTask> for Task<T> {
    fn eq(&self, other: &AnyTask) -> bool {
        self.any == *other
    }
}

impl<T> crate::sealed::Sealed for Task<T> {}

impl<T> Watched for Task<T> {
    fn watch(&self, watch: Rc<dyn Watch>) -> CallbackId {
        self.any.watch(watch)
    }

    fn unwatch(&self, id: CallbackId) {
        self.any.unwatch(id);
    }

    fn failure(&self) -> Option<Error> {
        self.any.failure()
    }

    fn has_failed(&self) -> bool {
        self.any.has_failed()
    }

    fn address(&self) -> *const () {
        self.any.address()
    }

    fn check_loop(&self) -> Result<()> {
        self.any.check_loop()
    }

    fn describe(&self) -> String {
        format!("{self:?}")
    }
}

impl<T> FutureLike for Task<T> {
    fn done(&self) -> bool {
        self.any.done()
    }

    fn cancelled(&self) -> bool {
        self.any.cancelled()
    }

    fn cancel(&self) -> bool {
        self.any.cancel()
    }
}

/// Looks at a failure that nobody else is to look at.
struct Detached;

impl Watch for Detached {
    fn ended(&self, subject: &dyn Watched) {
        drop(subject.failure());
    }
}
