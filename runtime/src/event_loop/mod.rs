//! The event loop: callbacks in order, timers, readiness, and other threads' calls, one batch after the other.
//!
//! The loop knows runnables, timers, a driver and a clock, and never names tasks, transports, TLS or subprocesses.
//! Their methods (`create_task`, `create_server`, …) are `impl EventLoop` blocks in the rooms that own the power;
//! all stand on the page of [`EventLoop`]. Their data sits in [`slots`].
//!
//! | asyncio | file |
//! |---|---|
//! | `run_forever`, `run_until_complete`, `stop`, `close`, `is_running`, `is_closed` | `run.rs` (`run_until_complete` in `task/`) |
//! | one tick | `tick.rs` |
//! | `call_soon`, `call_later`, `call_at`, `time` | `schedule.rs` |
//! | `call_soon_threadsafe` | `remote.rs` |
//! | `add_reader`, `add_writer`, … | `readers.rs` |
//! | `get_running_loop`, `get_event_loop`, `set_event_loop`, `new_event_loop` | `running.rs` |
//! | `call_exception_handler` and its kin | `errors.rs` |

mod abstract_loop;
mod builder;
mod elsewhere;
mod ends;
mod errors;
mod figures;
mod pace;
mod prompt;
mod readers;
mod ready;
mod remote;
mod run;
mod running;
mod schedule;
mod shuffle;
mod slots;
mod sources;
mod stall;
mod tick;

pub use abstract_loop::AbstractEventLoop;
pub use builder::EventLoopBuilder;
pub use errors::{ContextValue, ExceptionContext, ExceptionHandler};
pub use remote::LoopHandle;
#[expect(deprecated, reason = "exported under the names that Python documents")]
pub use running::{EventLoopPolicy, get_event_loop_policy, set_event_loop_policy};
pub use running::{get_event_loop, get_running_loop, new_event_loop, set_event_loop};

pub(crate) use elsewhere::JobElsewhere;
pub(crate) use errors::second_panic;
pub(crate) use figures::Figures;
pub(crate) use ready::Ready;
pub(crate) use remote::{Posted, RemoteWake, Shared};
pub(crate) use running::{current_inner, is_running_here};
pub(crate) use slots::Slot;
pub(crate) use sources::{Source, SourceKey};

use std::cell::{Cell, RefCell};
use std::fmt;
use std::panic::Location;
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::time::Duration;

use crate::clock::Clock;
use crate::exceptions::{Error, Result};
use crate::handle::{Runnable, TimerQueue};
use crate::sys;
use elsewhere::Elsewhere;
use ends::Ends;
use pace::Pace;
use readers::Watches;
use ready::ReadyQueue;
use shuffle::Shuffle;
use slots::Slots;
use sources::Sources;
use stall::Stall;

/// An event loop. Python: `asyncio.EventLoop`, `asyncio.SelectorEventLoop`.
///
/// A clonable handle that stays on its thread; [`handle`](Self::handle) gives one that may leave it. When the last
/// clone goes, an unclosed loop is closed. Programs rarely make one: [`run`](crate::run) and
/// [`#[asyncio::main]`](macro@crate::main) do.
///
/// # Examples
///
/// ```
/// # fn main() -> asyncio::Result<()> {
/// let event_loop = asyncio::EventLoop::new()?;
/// let stopper = event_loop.clone();
/// event_loop.call_soon(move || stopper.stop())?;
/// event_loop.run_forever()?;
/// event_loop.close()
/// # }
/// ```
#[derive(Clone)]
pub struct EventLoop {
    owner: Rc<Owner>,
}

/// Python has two names for the loop on readiness; here they are one type.
pub type SelectorEventLoop = EventLoop;

/// What the handles of a loop share; the loop is closed when it goes. Tasks and transports hold [`Inner`] only, so
/// that they do not keep an abandoned loop open.
struct Owner {
    inner: Rc<Inner>,
}

/// Whether the loop can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Idle,
    Running,
    Closed,
}

/// The loop itself, shared by all that is scheduled on it.
pub(crate) struct Inner {
    ready: ReadyQueue,
    timers: Rc<TimerQueue>,
    clock: Box<dyn Clock>,
    driver: sys::Driver,
    sources: Sources,
    watches: Watches,
    shared: Arc<Shared>,
    slots: Slots,
    state: Cell<State>,
    stopping: Cell<bool>,
    pace: Pace,
    shuffle: Shuffle,
    /// How long the ready queue was when a source had woken a task promptly, with that in it; else 0.
    prompt: Cell<usize>,
    /// How many steps are due that no batch holds: those of the children of scopes, which their parents run.
    held: Cell<usize>,
    ends: Ends,
    /// How many handles the batch has that runs now.
    batch: Cell<usize>,
    /// How many wait for the loop to be idle: they keep each other busy.
    idlers: Cell<usize>,
    debug: Cell<bool>,
    /// A watchdog wants to know of each callback that has returned.
    watched: Cell<bool>,
    /// How long each callback takes is counted.
    histogram: Cell<bool>,
    /// In debug mode, watched or timed, so that callbacks are run one by one with more ado.
    closely: Cell<bool>,
    slow_callback_duration: Cell<Duration>,
    /// Debug mode: where that was created which runs now.
    running: Cell<Option<&'static Location<'static>>>,
    exception_handler: RefCell<Option<Rc<ExceptionHandler>>>,
    interrupt: RefCell<Option<Rc<dyn Fn()>>>,
    stall: Stall,
    elsewhere: Elsewhere,
    figures: Arc<Figures>,
    process: sys::fork::Process,
    owner: RefCell<Weak<Owner>>,
}

impl EventLoop {
    pub(crate) fn inner(&self) -> &Rc<Inner> {
        &self.owner.inner
    }
}

impl Inner {
    /// The public handle of this loop; `None` when the last one has gone.
    pub(crate) fn event_loop(&self) -> Option<EventLoop> {
        self.owner.borrow().upgrade().map(|owner| EventLoop { owner })
    }

    pub(crate) fn figures(&self) -> &Arc<Figures> {
        &self.figures
    }

    /// Counts from now on for a watchdog.
    pub(crate) fn watch_closely(&self) {
        self.watched.set(true);
        self.look_closely();
    }

    /// Counts from now on how long callbacks take.
    pub(crate) fn count_durations(&self) {
        self.histogram.set(true);
        self.look_closely();
    }

    fn look_closely(&self) {
        self.closely.set(self.debug.get() || self.watched.get() || self.histogram.get());
    }

    /// How many were due when the present batch began.
    pub(crate) fn batch(&self) -> &Cell<usize> {
        &self.batch
    }

    pub(crate) fn timers(&self) -> &Rc<TimerQueue> {
        &self.timers
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.state.get() == State::Closed
    }

    pub(crate) fn is_running(&self) -> bool {
        self.state.get() == State::Running
    }

    pub(crate) fn get_debug(&self) -> bool {
        self.debug.get()
    }

    /// An error if the loop is closed, or belongs to the parent of a fork.
    #[inline]
    pub(crate) fn check_usable(&self) -> Result<()> {
        if self.state.get() != State::Closed && self.process.is_current() { Ok(()) } else { Err(self.unusable()) }
    }

    #[cold]
    fn unusable(&self) -> Error {
        if self.process.is_current() {
            Error::runtime_error("the event loop is closed; make a new one with EventLoop::new()")
        } else {
            Error::runtime_error(sys::fork::FORKED)
        }
    }

    /// Appends to the ready queue; on a closed loop the thing is dropped.
    pub(crate) fn push(&self, ready: Ready) {
        if self.state.get() == State::Closed {
            return drop(ready);
        }
        self.ready.push(ready);
    }

    /// Appends a step; the loop is not closed. Inlined, for the same reason as the queue's own `push`.
    #[inline(always)]
    pub(crate) fn push_step(&self, step: Runnable) {
        debug_assert!(self.state.get() != State::Closed, "the caller has looked");
        self.ready.push(Ready::Step(step));
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        if !self.inner.is_closed() {
            if self.inner.get_debug() {
                crate::log::warning(format_args!(
                    "ASY0008: an event loop was dropped before it was closed; call close() on it"
                ));
            }
            self.inner.shut();
        }
    }
}

impl PartialEq for EventLoop {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.owner.inner, &other.owner.inner)
    }
}

impl Eq for EventLoop {}

impl fmt::Debug for EventLoop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = self.inner();
        f.debug_struct("EventLoop")
            .field("running", &inner.is_running())
            .field("closed", &inner.is_closed())
            .field("debug", &inner.get_debug())
            .finish()
    }
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inner").field("state", &self.state.get()).finish_non_exhaustive()
    }
}
