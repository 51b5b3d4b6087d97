//! Which loop runs on this thread, and which one is set as its current one.

use std::cell::{Cell, RefCell};
use std::mem::ManuallyDrop;
use std::ptr;
use std::rc::Rc;
use std::sync::{Arc, PoisonError, RwLock};

use super::{EventLoop, Inner};
use crate::exceptions::{Error, Result};
use crate::sys::fork::Process;

thread_local! {
    /// Emptied by its guard and never dropped with the thread: a runner that is kept in a thread-local runs its loop once
    /// more when the thread ends, and by then what has a destructor may be gone.
    static RUNNING: RefCell<Option<ManuallyDrop<Rc<Inner>>>> = const { RefCell::new(None) };
    static CURRENT: RefCell<Option<EventLoop>> = const { RefCell::new(None) };
    /// Of the loop in `RUNNING`, and the process that runs it; only to be compared.
    static ADDRESS: Cell<(*const Inner, Process)> = const { Cell::new((ptr::null(), Process::NONE)) };
}

/// A loop is the running one of its thread until this is dropped.
pub(crate) struct Running {
    _private: (),
}

impl Running {
    pub(crate) fn enter(inner: &Rc<Inner>) -> Result<Self> {
        RUNNING.with(|running| {
            let mut running = running.borrow_mut();
            // A child of a fork inherits the mark, but not the loop.
            if running.as_ref().is_some_and(|other| other.process.is_current()) {
                return Err(Error::runtime_error(
                    "another event loop is running on this thread; one thread runs one loop, so use a second thread",
                ));
            }
            *running = Some(ManuallyDrop::new(inner.clone()));
            ADDRESS.set((Rc::as_ptr(inner), inner.process));
            Ok(Self { _private: () })
        })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        ADDRESS.set((ptr::null(), Process::NONE));
        let inner = RUNNING.with(RefCell::take).map(ManuallyDrop::into_inner);
        drop(inner);
    }
}

/// Whether `inner` is the address of the running loop of this thread: shorter than [`current_inner`].
#[inline]
pub(crate) fn is_running_here(inner: *const Inner) -> bool {
    let (running, process) = ADDRESS.get();
    ptr::eq(running, inner) && process.is_current()
}

/// Calls `f` with the running loop of this thread; `None` in the child of a fork.
#[inline]
pub(crate) fn current_inner<R>(f: impl FnOnce(Option<&Rc<Inner>>) -> R) -> R {
    RUNNING.with(|running| f(running.borrow().as_deref().filter(|inner| inner.process.is_current())))
}

/// The loop that runs on this thread. Python: `asyncio.get_running_loop()`.
///
/// # Errors
///
/// `RuntimeError` outside of callbacks and coroutines, and in the child of a fork.
pub fn get_running_loop() -> Result<EventLoop> {
    current_inner(|inner| inner.and_then(|inner| inner.event_loop())).ok_or_else(|| {
        Error::runtime_error("no event loop is running on this thread; call this from inside asyncio::run(…)")
    })
}

/// The running loop, else the one that [`set_event_loop`] put there. Python: `asyncio.get_event_loop()`.
///
/// None is made on the way, as in Python 3.14.
///
/// # Errors
///
/// `RuntimeError` if there is neither.
pub fn get_event_loop() -> Result<EventLoop> {
    if let Ok(running) = get_running_loop() {
        return Ok(running);
    }
    // A child of a fork inherits what was set, but not the loop.
    let current = CURRENT.try_with(|current| current.borrow().clone()).ok().flatten();
    current.filter(|current| current.inner().process.is_current()).ok_or_else(|| {
        Error::runtime_error("this thread has no event loop; use asyncio::run(…), or set_event_loop(new_event_loop()?)")
    })
}

/// Makes a loop the current one of this thread, or none. Python: `asyncio.set_event_loop()`.
///
/// On a thread that ends, inside the destructor of a thread-local, nothing can be made current any more.
pub fn set_event_loop(event_loop: Option<EventLoop>) {
    let former = CURRENT.try_with(|current| current.replace(event_loop));
    drop(former);
}

/// A new loop, as the policy makes them; it does not become the current one. Python: `asyncio.new_event_loop()`.
///
/// # Errors
///
/// `OsError` if the system gives no poller; whatever a policy of the user's own returns.
pub fn new_event_loop() -> Result<EventLoop> {
    let policy = POLICY.read().unwrap_or_else(PoisonError::into_inner).clone();
    match policy {
        Some(policy) => policy.new_event_loop(),
        None => EventLoop::new(),
    }
}

static POLICY: RwLock<Option<Arc<dyn PolicyObject>>> = RwLock::new(None);

/// Keeps the deprecated trait out of the rest of this file.
trait PolicyObject: Send + Sync {
    fn new_event_loop(&self) -> Result<EventLoop>;
    fn policy(&self) -> Arc<dyn std::any::Any + Send + Sync>;
}

/// How loops are made, for the whole process. Python: `asyncio.AbstractEventLoopPolicy`.
#[deprecated(note = "policies go in Python 3.16: pass a loop_factory to Runner::builder() instead")]
pub trait EventLoopPolicy: Send + Sync + 'static {
    /// Makes a loop.
    ///
    /// # Errors
    ///
    /// Whatever keeps it from making one.
    fn new_event_loop(&self) -> Result<EventLoop>;
}

struct Adapter<P>(Arc<P>);

#[expect(deprecated, reason = "this is the one implementation of what is deprecated")]
impl<P: EventLoopPolicy> PolicyObject for Adapter<P> {
    fn new_event_loop(&self) -> Result<EventLoop> {
        self.0.new_event_loop()
    }

    fn policy(&self) -> Arc<dyn std::any::Any + Send + Sync> {
        self.0.clone()
    }
}

/// Sets how [`new_event_loop`] makes loops; `None` is the default again. Python: `asyncio.set_event_loop_policy()`.
#[deprecated(note = "policies go in Python 3.16: pass a loop_factory to Runner::builder() instead")]
#[expect(deprecated, reason = "this is the one setter of what is deprecated")]
pub fn set_event_loop_policy<P: EventLoopPolicy>(policy: Option<P>) {
    let policy = policy.map(|policy| Arc::new(Adapter(Arc::new(policy))) as Arc<dyn PolicyObject>);
    *POLICY.write().unwrap_or_else(PoisonError::into_inner) = policy;
}

/// The policy of that type, if it is the one that was set. Python: `asyncio.get_event_loop_policy()`.
#[deprecated(note = "policies go in Python 3.16: pass a loop_factory to Runner::builder() instead")]
#[expect(deprecated, reason = "this is the one getter of what is deprecated")]
pub fn get_event_loop_policy<P: EventLoopPolicy>() -> Option<Arc<P>> {
    let policy = POLICY.read().unwrap_or_else(PoisonError::into_inner).clone();
    policy?.policy().downcast().ok()
}
