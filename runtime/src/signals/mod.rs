//! `add_signal_handler`, `remove_signal_handler`: signals as callbacks of the loop.
//!
//! The process has one set of signals, so one loop gets them: that of the main thread, as in Python. What a signal did
//! before its first handler is put back when the last one goes, and when the loop is closed.

mod number;

pub use number::Signal;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::io;
use std::panic::Location;
use std::rc::{Rc, Weak};

use crate::context;
use crate::event_loop::{EventLoop, Inner, Ready, Slot, Source, SourceKey};
use crate::exceptions::{Error, Result};
use crate::handle::{Call, RepeatedCall};
use crate::sys::signals::{Caught, Incoming, Refused};
use crate::sys::{Interest, Readiness};

impl EventLoop {
    /// Calls `callback` on the loop whenever the signal comes, until
    /// [`remove_signal_handler`](Self::remove_signal_handler). Python: `loop.add_signal_handler()`.
    ///
    /// It is a callback like any other: it may use the loop, and runs in a copy of the context in which it was added.
    /// Signals are handled in the order in which they came. The system itself makes one of equal signals that
    /// come before it has delivered the first; those that it delivered are all handled. System calls that a
    /// signal interrupts go on (`SA_RESTART`).
    ///
    /// Adding again replaces the callback. When the last one of a signal goes, and when the loop is closed, the
    /// signal does again what it did before. A handler of SIGINT takes the place of what [`run`](crate::run())
    /// and [`#[asyncio::main]`](macro@crate::main) do on Ctrl-C: the main task is not cancelled then.
    ///
    /// In a child of `fork` the signals that are caught do nothing, until the child adds handlers to a loop of its
    /// own; after `exec` they do what they do by default.
    ///
    /// # Errors
    ///
    /// `RuntimeError` on another thread than the main one; if another loop of this process has handlers; if the loop is closed;
    /// for SIGKILL and SIGSTOP, which the system lets nobody catch; for the faults SIGSEGV, SIGBUS, SIGFPE and
    /// SIGILL, which would come again for ever. `OsError` if no descriptor is left. `NotImplementedError` on Windows.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use asyncio::Signal;
    ///
    /// #[asyncio::main]
    /// async fn main() -> asyncio::Result<()> {
    ///     let event_loop = asyncio::get_running_loop()?;
    ///     let ended = event_loop.create_future();
    ///     for signal in [Signal::SIGINT, Signal::SIGTERM] {
    ///         let ended = ended.clone();
    ///         event_loop.add_signal_handler(signal, move || {
    ///             // The second one finds it set.
    ///             let _ = ended.set_result(signal);
    ///         })?;
    ///     }
    ///     println!("{} asks for the end", ended.await?);
    ///     Ok(())
    /// }
    /// ```
    #[track_caller]
    pub fn add_signal_handler(&self, sig: Signal, callback: impl FnMut() + 'static) -> Result<()> {
        self.handle_signal(sig, callback, false)
    }

    /// The same for what prints the tasks: no task waits for it.
    #[track_caller]
    pub(crate) fn add_idle_signal_handler(&self, sig: Signal, callback: impl FnMut() + 'static) -> Result<()> {
        self.handle_signal(sig, callback, true)
    }

    #[track_caller]
    fn handle_signal(&self, sig: Signal, callback: impl FnMut() + 'static, idle: bool) -> Result<()> {
        let inner = self.inner();
        inner.check_usable()?;
        let call = Rc::new(RepeatedCall::new(callback, context::snapshot(), Location::caller()));
        let signals = inner.slot::<Signals>();
        let added = signals.add(inner, sig, call, idle);
        signals.count(inner);
        added
    }

    /// Stops calling the signal's handler; false if there was none. Python: `loop.remove_signal_handler()`.
    ///
    /// The signal does again what it did before. A call that stands in the queue already still comes.
    pub fn remove_signal_handler(&self, sig: Signal) -> bool {
        let inner = self.inner();
        // A closed loop has none, and in the child of a fork they are the parent's.
        if inner.check_usable().is_err() {
            return false;
        }
        inner.existing_slot::<Signals>().is_some_and(|signals| signals.remove(inner, sig))
    }
}

/// The handlers of one loop.
struct Signals {
    inner: Weak<Inner>,
    handlers: RefCell<BTreeMap<Signal, Handler>>,
    /// There is one while there are handlers.
    listening: RefCell<Option<Listening>>,
    queued: Cell<bool>,
    /// Whether it is counted among the sources from which nobody waits for anything.
    unwaited: Cell<bool>,
}

struct Handler {
    caught: Caught,
    call: Rc<dyn Call>,
    /// No task waits for it.
    idle: bool,
}

/// The loop has the process's signals, and watches for them.
struct Listening {
    incoming: Incoming,
    key: SourceKey,
}

impl Signals {
    fn add(self: &Rc<Self>, inner: &Inner, sig: Signal, call: Rc<dyn Call>, idle: bool) -> Result<()> {
        check(sig)?;
        self.listen(inner)?;
        let mut handlers = self.handlers.borrow_mut();
        let former = match handlers.get_mut(&sig) {
            Some(handler) => {
                handler.caught.again().map_err(|error| uncaught(sig, error))?;
                handler.idle = idle;
                Some(std::mem::replace(&mut handler.call, call))
            }
            None => match Caught::catch(sig.as_raw()) {
                Ok(caught) => {
                    handlers.insert(sig, Handler { caught, call, idle });
                    None
                }
                Err(error) => {
                    drop(handlers);
                    self.rest(inner);
                    return Err(uncaught(sig, error));
                }
            },
        };
        drop(handlers);
        // The user's destructor finds nothing borrowed.
        drop(former);
        Ok(())
    }

    fn remove(&self, inner: &Inner, sig: Signal) -> bool {
        let handler = self.handlers.borrow_mut().remove(&sig);
        let Some(Handler { caught, call, .. }) = handler else { return false };
        drop(caught);
        self.rest(inner);
        drop(call);
        true
    }

    /// Sees that signals come to this loop.
    fn listen(self: &Rc<Self>, inner: &Inner) -> Result<()> {
        if self.listening.borrow().is_some() {
            return Ok(());
        }
        let incoming = Incoming::claim().map_err(refused)?;
        let key = inner.add_source(incoming.fd(), Interest::Read, self.clone())?;
        *self.listening.borrow_mut() = Some(Listening { incoming, key });
        Ok(())
    }

    /// Leaves the signals to another loop, if there is no handler left.
    fn rest(&self, inner: &Inner) {
        if self.handlers.borrow().is_empty() {
            if let Some(Listening { incoming, key }) = self.listening.take() {
                inner.remove_source(key, incoming.fd());
            }
        }
        self.count(inner);
    }

    /// Has the loop know whether anybody may wait for a signal.
    fn count(&self, inner: &Inner) {
        let unwaited = self.listening.borrow().is_some() && self.handlers.borrow().values().all(|handler| handler.idle);
        if self.unwaited.replace(unwaited) != unwaited {
            inner.count_unwaited(if unwaited { 1 } else { -1 });
        }
    }

    /// Queues the handlers of what came. True: there may be more.
    fn deliver(&self, inner: &Inner) -> io::Result<bool> {
        let (listening, handlers) = (self.listening.borrow(), self.handlers.borrow());
        let Some(listening) = &*listening else { return Ok(false) };
        listening.incoming.take(|number| {
            // One that was removed while its signal was under way is not there any more.
            let handler = Signal::new(number).ok().and_then(|sig| handlers.get(&sig));
            if let Some(handler) = handler {
                inner.push(Ready::Call(handler.call.clone()));
            }
        })
    }
}

impl Source for Signals {
    fn on_event(&self, _readiness: Readiness) -> bool {
        !self.queued.replace(true)
    }

    fn run(self: Rc<Self>) {
        self.queued.set(false);
        let Some(inner) = self.inner.upgrade() else { return };
        match self.deliver(&inner) {
            Ok(false) => {}
            // The poller reports edges, and there is none any more.
            Ok(true) if !self.queued.replace(true) => inner.queue_source(self),
            Ok(true) => {}
            Err(error) => crate::log::record!(error, "ASY0026: the signals that came cannot be read: {error}"),
        }
    }

    fn describe(&self) -> String {
        "<signals>".to_owned()
    }
}

impl Slot for Signals {
    fn create(inner: &Rc<Inner>) -> Rc<Self> {
        Rc::new(Self {
            inner: Rc::downgrade(inner),
            handlers: RefCell::default(),
            listening: RefCell::default(),
            queued: Cell::new(false),
            unwaited: Cell::new(false),
        })
    }

    fn close(&self) {
        let handlers = std::mem::take(&mut *self.handlers.borrow_mut());
        let (caught, calls): (Vec<_>, Vec<_>) =
            handlers.into_values().map(|handler| (handler.caught, handler.call)).unzip();
        // First what concerns the process, then what may panic.
        drop(caught);
        let Some(inner) = self.inner.upgrade() else { return };
        self.rest(&inner);
        calls.into_iter().for_each(|call| inner.let_go(call));
    }
}

/// An error for what must not be caught.
fn check(sig: Signal) -> Result<()> {
    if sig.is_fault() {
        return Err(Error::runtime_error(format!(
            "{sig} cannot be handled on an event loop: the program would run into the same fault again"
        )));
    }
    Ok(())
}

fn refused(refused: Refused) -> Error {
    match refused {
        Refused::NotMainThread => Error::runtime_error(
            "add_signal_handler() works on the main thread only; call it on the loop that runs there, which may pass \
             the news on with call_soon_threadsafe()",
        ),
        Refused::Claimed => Error::runtime_error(
            "another event loop of this process handles signals; remove its handlers or close it first",
        ),
        Refused::System(error) => error.into(),
    }
}

fn uncaught(sig: Signal, error: io::Error) -> Error {
    if error.kind() == io::ErrorKind::InvalidInput {
        Error::runtime_error(format!("{sig} cannot be caught: the system lets no program handle it"))
    } else {
        Error::os_error_at(error, sig)
    }
}
