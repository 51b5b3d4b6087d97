//! `Future<T>`: asyncio's future, a cell that is set once and awaited by many.
//!
//! Not std's trait of that name. Callbacks and waiting tasks are told through the ready queue, never from inside
//! `set_result` or `cancel`.

mod awaiting;
mod concurrent;
mod parked;
mod state;
mod waiters;
mod watch;
mod wrapped;

pub use awaiting::FutureAwait;
pub use concurrent::ConcurrentFuture;
#[cfg(feature = "hyper")]
pub(crate) use parked::Key;
pub(crate) use parked::park;
pub use waiters::CallbackId;
pub(crate) use waiters::{DoneCallback, Many, Place, Waiter, Waiters, WaitersCell};
pub(crate) use watch::{Watch, Watched};
pub(crate) use wrapped::chain;
pub use wrapped::wrap_future;

use std::cell::{Cell, RefCell};
use std::fmt;
use std::panic::Location;
use std::rc::Rc;

use crate::cancellation::Target;
use crate::context::{self, Context};
use crate::event_loop::{EventLoop, ExceptionContext, Inner, current_inner, get_event_loop};
use crate::exceptions::{CancelledError, Error, Message, Result};
use state::State;

/// A result that is not there yet. Python: `asyncio.Future`.
///
/// A clonable handle to one cell. Awaiting it, any number of times, gives a clone of the result; so `T` must be
/// `Clone` for that. A failed future whose failure nobody looked at is reported when its last handle goes.
///
/// # Examples
///
/// ```
/// # fn main() -> asyncio::Result<()> {
/// asyncio::run(async {
///     let event_loop = asyncio::get_running_loop()?;
///     let future = event_loop.create_future();
///     let setter = future.clone();
///     event_loop.call_soon(move || setter.set_result(42).expect("nobody else sets it"))?;
///     assert_eq!(future.await?, 42);
///     Ok::<_, asyncio::Error>(())
/// })
/// # }
/// ```
pub struct Future<T: 'static> {
    cell: Rc<FutureCell<T>>,
}

struct FutureCell<T: 'static> {
    state: RefCell<State<T>>,
    waiters: WaitersCell<Future<T>>,
    inner: Rc<Inner>,
    /// It failed and nobody has looked.
    unseen: Cell<bool>,
    location: &'static Location<'static>,
}

impl EventLoop {
    /// A future of this loop. Python: `loop.create_future()`.
    #[track_caller]
    pub fn create_future<T>(&self) -> Future<T> {
        Future::on(self.inner().clone(), Location::caller())
    }
}

impl<T> Future<T> {
    /// A future of the running loop, or of the current one. Python: `asyncio.Future()`.
    ///
    /// # Errors
    ///
    /// `RuntimeError` if this thread has no loop.
    #[track_caller]
    pub fn new() -> Result<Self> {
        let location = Location::caller();
        if let Some(running) = current_inner(|inner| inner.cloned()) {
            return Ok(Self::on(running, location));
        }
        get_event_loop().map(|event_loop| Self::on(event_loop.inner().clone(), location))
    }

    pub(crate) fn on(inner: Rc<Inner>, location: &'static Location<'static>) -> Self {
        let cell = FutureCell {
            state: RefCell::new(State::Pending),
            waiters: WaitersCell::default(),
            inner,
            unseen: Cell::new(false),
            location,
        };
        Self { cell: Rc::new(cell) }
    }

    /// Marks it done with this result. Python: `Future.set_result()`.
    ///
    /// # Errors
    ///
    /// `InvalidStateError` if it is done already.
    pub fn set_result(&self, result: T) -> Result<()> {
        self.cell.state.borrow_mut().finish(Ok(result))?;
        self.tell();
        Ok(())
    }

    /// Marks it done with this error. Python: `Future.set_exception()`.
    ///
    /// # Errors
    ///
    /// `InvalidStateError` if it is done already.
    pub fn set_exception(&self, exception: impl Into<Error>) -> Result<()> {
        self.cell.state.borrow_mut().finish(Err(exception.into()))?;
        self.cell.unseen.set(true);
        self.tell();
        Ok(())
    }

    /// Cancels it: whoever awaits it gets `CancelledError`. False, and no effect, if it is done. Python:
    /// `Future.cancel()`.
    pub fn cancel(&self) -> bool {
        self.cancel_inner(None)
    }

    /// As [`cancel`](Self::cancel), with a message. Python: `Future.cancel(msg)`.
    pub fn cancel_with(&self, message: impl Into<std::borrow::Cow<'static, str>>) -> bool {
        self.cancel_inner(Some(Message::new(message)))
    }

    /// As [`cancel`](Self::cancel), for what another was cancelled for.
    pub(crate) fn cancel_because(&self, cancelled: CancelledError) -> bool {
        self.cancel_inner(cancelled.into_message())
    }

    /// What it was cancelled for, if it was.
    pub(crate) fn cancelled_error(&self) -> Option<CancelledError> {
        self.cell.state.borrow().cancelled_error()
    }

    fn cancel_inner(&self, message: Option<Message>) -> bool {
        self.cell.unseen.set(false);
        let cancelled = self.cell.state.borrow_mut().cancel(message);
        if cancelled {
            self.tell();
        }
        cancelled
    }

    /// Whether it has a result, an exception, or was cancelled. Python: `Future.done()`.
    pub fn done(&self) -> bool {
        self.cell.state.borrow().is_done()
    }

    /// Whether it was cancelled. Python: `Future.cancelled()`.
    pub fn cancelled(&self) -> bool {
        self.cell.state.borrow().is_cancelled()
    }

    /// The result. Python: `Future.result()`.
    ///
    /// # Errors
    ///
    /// `InvalidStateError` while it is pending; `CancelledError` if it was cancelled; its exception if it failed.
    pub fn result(&self) -> Result<T>
    where
        T: Clone,
    {
        self.cell.unseen.set(false);
        self.cell.state.borrow().result()
    }

    /// The exception that it failed with, `None` if it has a result. Python: `Future.exception()`.
    ///
    /// # Errors
    ///
    /// `InvalidStateError` while it is pending; `CancelledError` if it was cancelled.
    pub fn exception(&self) -> Result<Option<Error>> {
        self.cell.unseen.set(false);
        self.cell.state.borrow().exception()
    }

    /// Calls `callback` with the future once it is done, through the ready queue, in a copy of the current context.
    /// Python: `Future.add_done_callback()`.
    ///
    /// Callbacks run in the order in which they were added. On a future that is done it is scheduled at once.
    #[track_caller]
    pub fn add_done_callback(&self, callback: impl FnOnce(&Self) + 'static) -> CallbackId {
        self.add_callback(DoneCallback::new(callback, context::snapshot()))
    }

    /// As [`add_done_callback`](Self::add_done_callback), in this very context.
    #[track_caller]
    pub fn add_done_callback_with_context(
        &self,
        context: Context,
        callback: impl FnOnce(&Self) + 'static,
    ) -> CallbackId {
        self.add_callback(DoneCallback::new(callback, Some(context)))
    }

    fn add_callback(&self, callback: DoneCallback<Self>) -> CallbackId {
        let id = self.cell.waiters.with(|waiters| waiters.call(callback));
        if self.done() {
            self.tell();
        }
        id
    }

    /// Takes a callback back; false if it was scheduled or removed before. Python: `Future.remove_done_callback()`.
    pub fn remove_done_callback(&self, id: CallbackId) -> bool {
        let removed = self.cell.waiters.with(|waiters| waiters.remove(id));
        removed.is_some()
    }

    /// The loop that it belongs to. Python: `Future.get_loop()`.
    ///
    /// # Errors
    ///
    /// `RuntimeError` if the loop is gone.
    pub fn get_loop(&self) -> Result<EventLoop> {
        let event_loop = self.cell.inner.event_loop();
        event_loop.ok_or_else(|| Error::runtime_error("the event loop of this future was dropped"))
    }

    /// Schedules all who wait.
    #[inline]
    fn tell(&self) {
        match self.cell.waiters.take() {
            Waiters::None => {}
            Waiters::One(waker) => waker.wake(),
            waiters => tell(waiters, self, &self.cell.inner),
        }
    }
}

/// Wakes the waiting tasks and schedules the callbacks of something that is done, in their order.
pub(crate) fn tell<S: Clone + Watched + 'static>(mut waiters: Waiters<S>, subject: &S, inner: &Rc<Inner>) {
    waiters.drain(|waiter| match waiter {
        Waiter::Wake(waker) => waker.wake(),
        Waiter::Watch(watch) => watch.ended(subject),
        Waiter::Call(callback) => callback.schedule(subject, inner),
    });
}

impl<T: 'static> Target for FutureCell<T> {
    fn cancel(self: Rc<Self>, message: Option<Message>) -> bool {
        Future { cell: self }.cancel_inner(message)
    }
}

impl<T> Clone for Future<T> {
    fn clone(&self) -> Self {
        Self { cell: self.cell.clone() }
    }
}

impl<T> PartialEq for Future<T> {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.cell, &other.cell)
    }
}

impl<T> Eq for Future<T> {}

impl<T> fmt::Debug for Future<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match &*self.cell.state.borrow() {
            State::Pending => "pending",
            State::Cancelled(_) => "cancelled",
            State::Finished(Ok(_)) => "finished",
            State::Finished(Err(_)) => "failed",
        };
        write!(f, "<Future {state} created at {}>", self.cell.location)
    }
}

impl<T> Drop for FutureCell<T> {
    fn drop(&mut self) {
        if !self.unseen.get() {
            return;
        }
        let Ok(Some(error)) = self.state.borrow().exception() else { return };
        let report = ExceptionContext::new("Future exception was never retrieved").exception(error).code("ASY0005");
        let report = report.with("future", Lost(self.location)).source(self.location);
        self.inner.call_exception_handler(report);
    }
}

/// Stands for a failed future in the report of its end, where no handle to it can be made any more.
struct Lost(&'static Location<'static>);

impl fmt::Debug for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<Future failed created at {}>", self.0)
    }
}

/// Whether something is a future in asyncio's sense: a [`Future`], a [`Task`](crate::Task), an
/// [`AnyTask`](crate::AnyTask). Python: `asyncio.isfuture()`.
///
/// A type either is one or is not, so this is a bound; the function exists to read the same.
pub fn isfuture<F: FutureLike>(_future: &F) -> bool {
    true
}

/// What futures and tasks have in common, whatever they result in.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no task and no future of asyncio",
    note = "a coroutine becomes a task by `asyncio::create_task(…)`"
)]
pub trait FutureLike: Watched {
    /// Whether it is done.
    fn done(&self) -> bool;

    /// Whether it was cancelled.
    fn cancelled(&self) -> bool;

    /// Cancels it.
    fn cancel(&self) -> bool;
}

impl<F: FutureLike + ?Sized> FutureLike for &F {
    fn done(&self) -> bool {
        (**self).done()
    }

    fn cancelled(&self) -> bool {
        (**self).cancelled()
    }

    fn cancel(&self) -> bool {
        (**self).cancel()
    }
}

impl<T> crate::sealed::Sealed for Future<T> {}

impl<T> Watched for Future<T> {
    fn watch(&self, watch: Rc<dyn Watch>) -> CallbackId {
        self.cell.waiters.with(|waiters| waiters.watch(watch))
    }

    fn unwatch(&self, id: CallbackId) {
        self.remove_done_callback(id);
    }

    fn failure(&self) -> Option<Error> {
        self.exception().unwrap_or_else(Some)
    }

    fn has_failed(&self) -> bool {
        matches!(&*self.cell.state.borrow(), State::Finished(Err(_)))
    }

    fn address(&self) -> *const () {
        Rc::as_ptr(&self.cell).cast()
    }

    fn check_loop(&self) -> Result<()> {
        awaiting::never_ends(&self.cell.inner, self.cell.location)
    }

    fn describe(&self) -> String {
        format!("{self:?}")
    }
}

impl<T> FutureLike for Future<T> {
    fn done(&self) -> bool {
        Self::done(self)
    }

    fn cancelled(&self) -> bool {
        Self::cancelled(self)
    }

    fn cancel(&self) -> bool {
        Self::cancel(self)
    }
}
