//! `sleep`: a timer, or one tick.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use crate::cancellation::is_marked;
use crate::event_loop::current_inner;
use crate::handle::{LocalWaker, TimerAction, TimerQueue};
use crate::timers::TimerKey;
use crate::trace::{WaitsFor, waits_for};

/// Waits for `delay`, which begins when it is first polled. Python: `asyncio.sleep()`.
///
/// Zero lets everything that is due run once: one tick. Python's second argument, a result, is left out: write the
/// value after the `await`. A delay that is negative or no number cannot be written as a [`Duration`].
///
/// # Panics
///
/// If it is polled where no event loop runs.
///
/// # Cancellation
///
/// The timer is removed at once.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// # fn main() -> asyncio::Result<()> {
/// asyncio::run(async {
///     asyncio::sleep(Duration::from_millis(5)).await;
///     asyncio::sleep(Duration::ZERO).await;
/// })
/// # }
/// ```
#[inline]
pub fn sleep(delay: Duration) -> Sleep {
    Sleep { stage: Stage::New(u64::try_from(delay.as_nanos()).unwrap_or(u64::MAX)) }
}

/// What [`sleep`] returns.
#[must_use = "a sleep does nothing until it is awaited: write `.await`"]
pub struct Sleep {
    stage: Stage,
}

enum Stage {
    /// The delay in nanoseconds: five centuries are enough.
    New(u64),
    /// A delay of zero that has let the others run.
    Yielded,
    Waiting(TimerKey, Rc<TimerQueue>),
    Done,
}

impl Future for Sleep {
    type Output = ();

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        match self.stage {
            Stage::New(0) => {
                LocalWaker::wake_context(cx);
                self.stage = Stage::Yielded;
            }
            Stage::Yielded if !is_marked() => {
                self.stage = Stage::Done;
                return Poll::Ready(());
            }
            Stage::Yielded => {}
            _ => return self.poll_timer(cx),
        }
        waits_for(WaitsFor::Sleep, 0);
        Poll::Pending
    }
}

impl Sleep {
    /// Apart, so that a yield stays small.
    #[inline(never)]
    fn poll_timer(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match &self.stage {
            Stage::New(delay) => self.stage = start(*delay, cx),
            Stage::Waiting(key, timers) if has_fired(*key, timers, cx) && !is_marked() => {
                self.stage = Stage::Done;
                return Poll::Ready(());
            }
            Stage::Waiting(..) => {}
            Stage::Yielded | Stage::Done => panic!("a sleep was polled after it had ended"),
        }
        waits_for(WaitsFor::Sleep, 0);
        Poll::Pending
    }

    #[inline(never)]
    fn leave_timer(&self) {
        if let Stage::Waiting(key, timers) = &self.stage {
            let action = timers.borrow_mut().remove(*key);
            drop(action);
        }
    }
}

fn start(delay: u64, cx: &Context<'_>) -> Stage {
    current_inner(|inner| {
        let inner = inner.expect("sleep() needs a running event loop; call it from inside asyncio::run(…)");
        match inner.wake_at(inner.nanos().saturating_add(delay), LocalWaker::new(cx)) {
            Ok(key) => Stage::Waiting(key, inner.timers().clone()),
            Err(error) => panic!("sleep: {error}"),
        }
    })
}

/// Whether the timer is over. If not, it wakes whoever polls now.
#[inline]
fn has_fired(key: TimerKey, timers: &TimerQueue, cx: &Context<'_>) -> bool {
    let mut timers = timers.borrow_mut();
    match timers.get_mut(key) {
        None => true,
        Some(TimerAction::Wake(waker)) if !waker.will_wake(cx) => {
            let former = std::mem::replace(waker, LocalWaker::new(cx));
            drop(timers);
            drop(former);
            false
        }
        Some(_) => false,
    }
}

impl Drop for Sleep {
    #[inline]
    fn drop(&mut self) {
        if let Stage::Waiting(..) = self.stage {
            self.leave_timer();
        }
    }
}

impl fmt::Debug for Sleep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stage = match self.stage {
            Stage::New(nanos) => return write!(f, "Sleep({:?})", Duration::from_nanos(nanos)),
            Stage::Yielded | Stage::Waiting(..) => "waiting",
            Stage::Done => "done",
        };
        write!(f, "Sleep({stage})")
    }
}
