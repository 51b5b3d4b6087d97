//! `Barrier`: a number of tasks that go on together.
//!
//! ```text
//!             the last one has come              the last one has gone
//!   Filling ─────────────────────────▶ Draining ────────────────────────▶ Filling
//!      │ reset, with somebody inside                                         ▲
//!      ├──────────────────────────────▶ Resetting ─── the last one has gone ─┤
//!      │ abort                                                               │
//!      └──────────────────────────────▶ Broken ────────── reset ─────────────┘
//! ```
//!
//! `reset` and `abort` may come in every state. Nobody enters while it drains or resets.

use std::cell::Cell;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use super::bound::Bound;
use super::wait_queue::{Place, WaitQueue};
use crate::cancellation::is_marked;
use crate::exceptions::{Error, Result};
use crate::trace::{WaitsFor, address_of, waits_for};

/// Lets tasks go on once as many have come as it wants; then it can be used again. Python: `asyncio.Barrier`.
///
/// A clonable handle that stays on its thread; a clone is the same barrier.
///
/// # Examples
///
/// ```
/// # fn main() -> asyncio::Result<()> {
/// asyncio::run(async {
///     let barrier = asyncio::Barrier::new(2)?;
///     let other = asyncio::create_task(barrier.wait());
///     asyncio::sleep(std::time::Duration::ZERO).await;
///     assert_eq!(barrier.n_waiting(), 1);
///     assert_eq!((barrier.wait().await?, other.await?), (1, 0));
///     Ok::<_, asyncio::Error>(())
/// })
/// # }
/// ```
#[derive(Clone)]
pub struct Barrier {
    shared: Rc<Shared>,
}

struct Shared {
    parties: usize,
    state: Cell<State>,
    /// How many are inside: have come and not gone.
    inside: Cell<usize>,
    /// Those inside, in the order in which they came.
    waiters: WaitQueue,
    /// Those who came while it drained or was being reset.
    outside: WaitQueue,
    bound: Bound,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Filling,
    Draining,
    Resetting,
    Broken,
}

impl Barrier {
    /// A barrier for so many tasks. It needs no running loop.
    ///
    /// # Errors
    ///
    /// `ValueError` if `parties` is zero.
    ///
    /// # Examples
    ///
    /// ```
    /// assert!(asyncio::Barrier::new(0).unwrap_err().to_string().contains("at least 1"));
    /// ```
    pub fn new(parties: usize) -> Result<Self> {
        if parties == 0 {
            return Err(Error::value_error("a barrier is for at least 1 task, 0 parties were given"));
        }
        let shared = Shared {
            parties,
            state: Cell::new(State::Filling),
            inside: Cell::new(0),
            waiters: WaitQueue::new(),
            outside: WaitQueue::new(),
            bound: Bound::new(),
        };
        Ok(Self { shared: Rc::new(shared) })
    }

    /// Waits until as many have come as the barrier wants. Python: `Barrier.wait()`, `async with barrier as index`.
    ///
    /// Gives the number of those who had come before, so that exactly one task sees each of `0..parties`, unless
    /// somebody was cancelled on the way. The last one goes on at once, the others in their order. A task that comes
    /// back before all have gone waits until they have.
    ///
    /// # Errors
    ///
    /// `BrokenBarrierError` if it is reset while this waits, or aborted, now or before. `RuntimeError` if it must
    /// wait, and tasks of another loop have waited here before.
    ///
    /// # Cancellation
    ///
    /// The task leaves, and the barrier waits for another one in its place; it does not break.
    pub fn wait(&self) -> BarrierWait {
        BarrierWait { barrier: self.clone(), stage: Stage::New }
    }

    /// Sends those who wait away with `BrokenBarrierError`, and makes the barrier as new. Python: `Barrier.reset()`.
    ///
    /// Nothing needs to be awaited here, unlike in Python.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> asyncio::Result<()> {
    /// let barrier = asyncio::Barrier::new(2)?;
    /// barrier.abort();
    /// barrier.reset();
    /// assert!(!barrier.broken());
    /// # Ok(())
    /// # }
    /// ```
    pub fn reset(&self) {
        let shared = &*self.shared;
        let state = if shared.inside.get() > 0 { State::Resetting } else { State::Filling };
        shared.become_(state);
    }

    /// Breaks it: who waits or comes from now on gets `BrokenBarrierError`, until a reset. Python: `Barrier.abort()`.
    ///
    /// Nothing needs to be awaited here, unlike in Python.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> asyncio::Result<()> {
    /// asyncio::run(async {
    ///     let barrier = asyncio::Barrier::new(2)?;
    ///     barrier.abort();
    ///     assert!(matches!(barrier.wait().await, Err(asyncio::Error::BrokenBarrierError)));
    ///     Ok::<_, asyncio::Error>(())
    /// })
    /// # }
    /// ```
    pub fn abort(&self) {
        self.shared.become_(State::Broken);
    }

    /// For how many tasks it is. Python: `Barrier.parties`.
    pub fn parties(&self) -> usize {
        self.shared.parties
    }

    /// How many wait for the others; 0 while they leave. Python: `Barrier.n_waiting`.
    pub fn n_waiting(&self) -> usize {
        if self.shared.state.get() == State::Filling { self.shared.inside.get() } else { 0 }
    }

    /// Whether it was aborted and not reset since. Python: `Barrier.broken`.
    pub fn broken(&self) -> bool {
        self.shared.state.get() == State::Broken
    }
}

impl Shared {
    /// Changes the state from outside; all look at it again.
    fn become_(&self, state: State) {
        self.state.set(state);
        self.waiters.wake_all();
        self.outside.wake_all();
    }

    /// One more is inside; its number. The last one opens the barrier.
    fn arrive(&self) -> usize {
        let index = self.inside.get();
        self.inside.set(index + 1);
        if index + 1 == self.parties {
            self.state.set(State::Draining);
            self.waiters.wake_all();
        }
        index
    }

    /// One has gone; the last one closes the barrier behind itself.
    fn depart(&self) {
        self.inside.set(self.inside.get() - 1);
        let state = self.state.get();
        if self.inside.get() == 0 && matches!(state, State::Draining | State::Resetting) {
            self.state.set(State::Filling);
            self.outside.wake_all();
        }
    }
}

/// What [`Barrier::wait`] returns.
#[derive(Debug)]
#[must_use = "nothing waits until it is awaited: write `.await`"]
pub struct BarrierWait {
    barrier: Barrier,
    stage: Stage,
}

#[derive(Clone, Copy, Debug)]
enum Stage {
    New,
    /// Until it has drained, or was reset.
    Outside(Place),
    Inside {
        place: Place,
        index: usize,
    },
    Done,
}

impl BarrierWait {
    /// Enters if the barrier is open for that.
    fn enter(&mut self, context: &Context<'_>) -> Poll<Result<usize>> {
        let shared = &*self.barrier.shared;
        // A place outside was given up for this.
        self.stage = Stage::New;
        if matches!(shared.state.get(), State::Draining | State::Resetting) {
            shared.bound.check("barrier")?;
            self.stage = Stage::Outside(shared.outside.enter(context));
            return Poll::Pending;
        }
        if shared.state.get() == State::Broken {
            return Poll::Ready(Err(Error::BrokenBarrierError));
        }
        if shared.inside.get() + 1 < shared.parties {
            shared.bound.check("barrier")?;
            let place = shared.waiters.enter(context);
            self.stage = Stage::Inside { place, index: shared.arrive() };
            return Poll::Pending;
        }
        let index = shared.arrive();
        shared.depart();
        self.stage = Stage::Done;
        Poll::Ready(Ok(index))
    }

    /// It was woken inside: by the last one, a reset or an abort.
    fn go(&mut self, index: usize) -> Result<usize> {
        let shared = &*self.barrier.shared;
        let broken = matches!(shared.state.get(), State::Broken | State::Resetting);
        self.stage = Stage::Done;
        shared.depart();
        if broken { Err(Error::BrokenBarrierError) } else { Ok(index) }
    }
}

impl Future for BarrierWait {
    type Output = Result<usize>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<usize>> {
        let this = &mut *self;
        let shared = &*this.barrier.shared;
        waits_for(WaitsFor::Barrier, address_of(shared));
        match this.stage {
            Stage::New => this.enter(context),
            Stage::Outside(place) if !is_marked() && shared.outside.leave_if_woken(place, context) => {
                this.enter(context)
            }
            Stage::Inside { place, index } if !is_marked() && shared.waiters.leave_if_woken(place, context) => {
                Poll::Ready(this.go(index))
            }
            Stage::Outside(_) | Stage::Inside { .. } => Poll::Pending,
            Stage::Done => panic!("a future was polled after it had ended"),
        }
    }
}

impl Drop for BarrierWait {
    fn drop(&mut self) {
        let shared = &*self.barrier.shared;
        match self.stage {
            Stage::Outside(place) => {
                shared.outside.leave(place);
            }
            Stage::Inside { place, .. } => {
                shared.waiters.leave(place);
                shared.depart();
            }
            Stage::New | Stage::Done => {}
        }
    }
}

impl fmt::Debug for Barrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Shared { parties, state, inside, .. } = &*self.shared;
        let state = format!("{:?}", state.get()).to_lowercase();
        write!(f, "<Barrier {state}, inside: {}/{parties}>", inside.get())
    }
}
