//! What is to be closed before the loop is: coroutines that async resources register, and `shutdown_asyncgens` runs.
//!
//! Rust has no async generators. What Python's loop keeps a list of them for is wanted here as well: a resource whose
//! end has to await something, and which somebody left in the middle. Destructors cannot await; the loop can.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::future::{Future as StdFuture, IntoFuture};
use std::panic::Location;
use std::pin::Pin;
use std::rc::{Rc, Weak};

use slab::Slab;

use crate::event_loop::{EventLoop, ExceptionContext, Inner, Slot, current_inner};
use crate::exceptions::{Error, Result};
use crate::task::{AnyTask, Task, TaskOptions, TaskOutput, ensure_on};
use crate::wait::gather;

type Closing = Box<dyn FnOnce() -> Pin<Box<dyn StdFuture<Output = Result<()>>>>>;

/// What is registered with one loop.
struct Asyncgens {
    closers: RefCell<Slab<Closer>>,
    /// Clean-ups of resources that were dropped.
    running: RefCell<Slab<Task<()>>>,
    shut: Cell<bool>,
    inner: Weak<Inner>,
}

struct Closer {
    closing: Closing,
    location: &'static Location<'static>,
}

impl Slot for Asyncgens {
    fn create(inner: &Rc<Inner>) -> Rc<Self> {
        let inner = Rc::downgrade(inner);
        Rc::new(Self { closers: RefCell::default(), running: RefCell::default(), shut: Cell::new(false), inner })
    }

    fn close(&self) {
        let running = std::mem::take(&mut *self.running.borrow_mut());
        drop(running);
        let closers = std::mem::take(&mut *self.closers.borrow_mut());
        let Some(inner) = self.inner.upgrade() else { return };
        for (_, closer) in closers {
            let message = "the event loop was closed before an async clean-up ran; call shutdown_asyncgens() first";
            inner.call_exception_handler(ExceptionContext::new(message).source(closer.location).code("ASY0016"));
        }
    }
}

/// A clean-up that awaits and that is still to be done; made by
/// [`add_async_cleanup`](EventLoop::add_async_cleanup). Belongs into the resource that it cleans up.
///
/// [`aclose`](Self::aclose) does it. Where that is not called the loop does: dropping this schedules the clean-up as a
/// task, as Python does for a generator that is collected, and
/// [`shutdown_asyncgens`](EventLoop::shutdown_asyncgens) runs it for a resource that lives until the end.
pub struct AsyncCleanup {
    registered: Option<Registered>,
    location: &'static Location<'static>,
}

struct Registered {
    asyncgens: Rc<Asyncgens>,
    key: usize,
}

impl EventLoop {
    /// Registers a coroutine that cleans up after an async resource, before the loop is closed.
    ///
    /// The counterpart of the list of async generators that Python's loop keeps.
    ///
    /// # Errors
    ///
    /// `RuntimeError` if the loop is closed, or [`shutdown_asyncgens`](Self::shutdown_asyncgens) ran already.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> asyncio::Result<()> {
    /// asyncio::run(async {
    ///     let event_loop = asyncio::get_running_loop()?;
    ///     let cleanup = event_loop.add_async_cleanup(async || {
    ///         asyncio::sleep(std::time::Duration::from_millis(1)).await;
    ///         println!("flushed");
    ///     })?;
    ///     cleanup.aclose().await
    /// })
    /// # }
    /// ```
    #[track_caller]
    pub fn add_async_cleanup<C, A>(&self, closing: C) -> Result<AsyncCleanup>
    where
        C: FnOnce() -> A + 'static,
        A: IntoFuture<Output: TaskOutput, IntoFuture: 'static>,
    {
        let location = Location::caller();
        self.inner().check_usable()?;
        let asyncgens = self.inner().slot::<Asyncgens>();
        if asyncgens.shut.get() {
            return Err(Error::runtime_error(
                "an async clean-up was registered after shutdown_asyncgens(), and nothing would run it any more",
            ));
        }
        let closing: Closing = Box::new(move || {
            let future = closing().into_future();
            Box::pin(async move { future.await.into_result().map(drop) })
        });
        let key = asyncgens.closers.borrow_mut().insert(Closer { closing, location });
        Ok(AsyncCleanup { registered: Some(Registered { asyncgens, key }), location })
    }

    /// Runs every registered clean-up that is still to be done, all at once, and waits for them. Python:
    /// `loop.shutdown_asyncgens()`.
    ///
    /// A clean-up that fails is reported through the exception handler, and the others run all the same. From then on
    /// nothing can be registered. [`Runner`](crate::Runner) calls this at its end.
    ///
    /// # Errors
    ///
    /// `RuntimeError` if it is awaited elsewhere than on this loop; nothing is changed then.
    ///
    /// # Cancellation
    ///
    /// Cancels the clean-ups that are not done.
    pub async fn shutdown_asyncgens(&self) -> Result<()> {
        let inner = self.inner();
        if !current_inner(|running| running.is_some_and(|running| Rc::ptr_eq(running, inner))) {
            return Err(Error::runtime_error("shutdown_asyncgens() waits for tasks of its loop; await it there"));
        }
        let asyncgens = inner.slot::<Asyncgens>();
        asyncgens.shut.set(true);
        let closers = std::mem::take(&mut *asyncgens.closers.borrow_mut());
        let running = std::mem::take(&mut *asyncgens.running.borrow_mut());
        let mut tasks: Vec<Task<()>> = running.into_iter().map(|(_, task)| task).collect();
        for (_, closer) in closers {
            tasks.push(closer.start(inner)?);
        }
        let locations: Vec<_> = tasks.iter().map(|task| task.location()).collect();
        let outcomes = gather(tasks).return_exceptions().await;
        for (outcome, location) in outcomes.into_iter().zip(locations) {
            if let Err(error) = outcome {
                let message = "an error occurred during an async clean-up";
                let report = ExceptionContext::new(message).exception(error).source(location).code("ASY0016");
                inner.call_exception_handler(report.with("asyncgen", location.to_string()));
            }
        }
        Ok(())
    }

    /// Whether a task is the clean-up of a resource that was dropped: it ends by itself, and
    /// [`shutdown_asyncgens`](Self::shutdown_asyncgens) waits for it.
    pub(crate) fn is_async_cleanup(&self, task: &AnyTask) -> bool {
        let asyncgens = self.inner().existing_slot::<Asyncgens>();
        asyncgens.is_some_and(|there| there.running.borrow().iter().any(|(_, running)| **running == *task))
    }

    /// Whether something is registered.
    pub(crate) fn has_asyncgens(&self) -> bool {
        let asyncgens = self.inner().existing_slot::<Asyncgens>();
        asyncgens.is_some_and(|there| !there.closers.borrow().is_empty() || !there.running.borrow().is_empty())
    }
}

impl Asyncgens {
    /// Starts the clean-up of a resource that was dropped, unless it was taken meanwhile.
    fn finalize(self: Rc<Self>, key: usize) {
        let closer = self.closers.borrow_mut().try_remove(key);
        let (Some(closer), Some(inner)) = (closer, self.inner.upgrade()) else { return };
        // A callback runs, so the loop is open.
        let Ok(task) = closer.start(&inner) else { return };
        let any = task.as_any();
        let key = self.running.borrow_mut().insert(task);
        any.add_done_callback(move |_| {
            // A failure is reported when this handle goes: nobody else has one.
            let task = self.running.borrow_mut().try_remove(key);
            drop(task);
        });
    }
}

impl Closer {
    fn start(self, inner: &Rc<Inner>) -> Result<Task<()>> {
        let Self { closing, location } = self;
        // Called in the task, so that a panic in it is the task's.
        ensure_on(inner, async move { closing().await }, TaskOptions::default(), location)
    }
}

impl AsyncCleanup {
    /// Does it now. If [`shutdown_asyncgens`](EventLoop::shutdown_asyncgens) did it before, nothing is left to do.
    ///
    /// # Errors
    ///
    /// What the clean-up failed with.
    ///
    /// # Cancellation
    ///
    /// Interrupts the clean-up, which is not run again.
    pub async fn aclose(mut self) -> Result<()> {
        match self.take() {
            Some(closer) => (closer.closing)().await,
            None => Ok(()),
        }
    }

    /// Nothing is to be cleaned up any more: the resource came to its end by itself.
    pub fn discard(mut self) {
        let closer = self.take();
        drop(closer);
    }

    fn take(&mut self) -> Option<Closer> {
        let Registered { asyncgens, key } = self.registered.take()?;
        asyncgens.closers.borrow_mut().try_remove(key)
    }
}

impl Drop for AsyncCleanup {
    fn drop(&mut self) {
        let Some(Registered { asyncgens, key }) = self.registered.take() else { return };
        // Not here and now: whatever drops it shall not be interrupted, and shutdown_asyncgens may come first.
        if let Some(inner) = asyncgens.inner.upgrade() {
            inner.call_soon_internal(move || asyncgens.finalize(key));
        }
    }
}

impl fmt::Debug for AsyncCleanup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<AsyncCleanup registered at {}>", self.location)
    }
}
