//! Ending a child with all its descendants, politely first.
//!
//! They are the child's process group. On Linux 6.9 and newer a group is signalled by the descriptor of its first
//! member, also after that was reaped, so that it can only be the right one. Elsewhere who is left when the child itself
//! has ended gets SIGKILL right before it is reaped, for its number is safe only so long.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use super::child::Running;
use super::wait::WaitProcess;
use crate::endpoints::Creating;
use crate::exceptions::{Error, Result};
use crate::signals::Signal;
use crate::wait::sleep;

/// How soon it is asked again whether anybody is left, at first and at most.
const LOOK: (Duration, Duration) = (Duration::from_millis(1), Duration::from_millis(50));

/// What [`Process::terminate_tree`](super::Process::terminate_tree) returns.
#[must_use = "nothing is ended until this is awaited: write `.await`"]
pub struct TerminateTree {
    work: Creating<i32>,
}

impl TerminateTree {
    pub(super) fn new(running: Rc<Running>, grace: Duration) -> Self {
        Self { work: Creating::new(terminate(running, grace)) }
    }
}

impl Future for TerminateTree {
    type Output = Result<i32>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<i32>> {
        Pin::new(&mut self.work).poll(context)
    }
}

async fn terminate(running: Rc<Running>, grace: Duration) -> Result<i32> {
    if !running.leads_group {
        return Err(Error::value_error(
            "terminate_tree: the process has no group of its own; start it with process_group(0)",
        ));
    }
    let deadline = running.inner().time().saturating_add(grace);
    end_tree(&running, grace);
    let returncode = WaitProcess::new(running.clone()).await?;
    let (mut pause, longest) = LOOK;
    // After that they have got SIGKILL. Who was killed and not reaped by its parent counts as left for ever.
    while is_left(&running) && running.inner().time() < deadline {
        sleep(pause).await;
        pause = longest.min(pause * 2);
    }
    Ok(returncode)
}

/// Whether anybody of the group lives; a zombie of the child itself does not count.
fn is_left(running: &Running) -> bool {
    running.child().returncode().is_none() || running.child().signal_group(0).is_ok()
}

/// Ends the group; the loop goes on with it by itself.
pub(super) fn end_tree(running: &Rc<Running>, grace: Duration) {
    running.ends_tree.set(true);
    if grace.is_zero() {
        return kill(running);
    }
    // Nobody is left, if this fails.
    if running.child().signal_group(Signal::SIGTERM.as_raw()).is_ok() {
        Grace(Some(running.clone())).look_again(running.inner().time().saturating_add(grace), LOOK.0);
    }
}

fn kill(running: &Running) {
    // As above.
    let _ = running.child().signal_group(Signal::SIGKILL.as_raw());
}

/// The time that a group has to end by itself. It is over when this is dropped, which closing the loop does.
struct Grace(Option<Rc<Running>>);

impl Grace {
    /// After a while, sees who is left.
    fn look_again(self, deadline: Duration, pause: Duration) {
        let Some(running) = self.0.clone() else { return };
        // By the clock: a busy loop looks later than it has planned, each time.
        let left = deadline.saturating_sub(running.inner().time());
        // A loop that is closed drops the callback.
        let _ = running.inner().clone().call_later_internal(pause.min(left), move || {
            if !is_left(&running) {
                self.defuse();
            } else if running.inner().time() < deadline {
                self.look_again(deadline, LOOK.1.min(pause * 2));
            }
        });
    }

    fn defuse(mut self) {
        self.0 = None;
    }
}

impl Drop for Grace {
    fn drop(&mut self) {
        if let Some(running) = &self.0 {
            kill(running);
        }
    }
}

impl fmt::Debug for TerminateTree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TerminateTree").finish_non_exhaustive()
    }
}
