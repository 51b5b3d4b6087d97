//! Tasks whose future somebody else holds and polls: the children of a scope.
//!
//! Such a future may borrow, so it cannot lie in the block of a task, which may live as long as the loop. The block
//! has all the rest: state, cancel cell, name, context, waiters. A wake does not go to the ready queue but to the
//! lender, who runs the step, with the future in his hands.

use std::future::{Future, Ready, ready};
use std::panic::Location;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use super::Task;
use super::create::new_handle;
use super::raw::TaskRef;
use super::state::Ending;
use super::step::{self, Body};
use crate::event_loop::Inner;
use crate::exceptions::{CancelledError, Error, Result};

/// Who runs the steps of lent tasks.
pub(crate) trait Steps {
    /// A step of the task with this key is due. Runs no code of the user's.
    fn due(&self, key: usize);
}

pub(super) struct Lender {
    steps: Rc<dyn Steps>,
    key: usize,
}

/// A future that is lent; `None` once it is gone.
pub(crate) type Lent<'f> = Option<Pin<Box<dyn Future<Output = Result<()>> + 'f>>>;

/// What the block holds in the place of the future: polled when that has ended well.
type Ended = Ready<Result<()>>;

/// The lender's side of a task.
#[derive(Clone)]
pub(crate) struct LentTask {
    task: TaskRef,
}

impl LentTask {
    /// A new task; its first step is due at once.
    pub(crate) fn new(
        inner: &Rc<Inner>,
        steps: Rc<dyn Steps>,
        key: usize,
        location: &'static Location<'static>,
    ) -> Result<(Self, Task<()>)> {
        let ended: Ended = ready(Ok(()));
        let (handle, task) = new_handle(inner, ended, location)?;
        task.header().state.lend();
        let lender = task.header().rare().lender.set(Lender { steps, key });
        debug_assert!(lender.is_ok(), "a new task has no lender");
        super::waker::schedule(&task);
        Ok((Self { task }, handle))
    }

    /// Runs the step that is due, if one is. The future is gone when it has ended.
    pub(crate) fn run(&self, future: &mut Lent<'_>) {
        // A key may be that of a former child, which was woken in its last step.
        if !self.task.header().state.is_scheduled() {
            return;
        }
        step::inside(|| step::run_body(&self.task, &mut LentBody { future }));
    }

    /// Drops the future where it stands; the task ends as cancelled.
    pub(crate) fn abandon(&self, future: &mut Lent<'_>) {
        let error = CancelledError::new("the scope of this task is gone");
        step::end(&self.task, &mut LentBody { future }, error);
    }
}

/// Tells the lender of a task that a step is due.
pub(super) fn due(task: &TaskRef) {
    if let Some(Lender { steps, key }) = task.header().rare().lender.get() {
        steps.due(*key);
    }
}

struct LentBody<'a, 'f> {
    future: &'a mut Lent<'f>,
}

impl Body for LentBody<'_, '_> {
    fn poll(&mut self, task: &TaskRef, context: &mut Context<'_>) -> Poll<Ending> {
        let future = self.future.as_mut().expect("a task that is not done has a future");
        #[cfg(feature = "tracing")]
        let _span = super::spans::enter(task);
        let Poll::Ready(outcome) = future.as_mut().poll(context) else { return Poll::Pending };
        *self.future = None;
        match outcome {
            Ok(()) => task.poll(context),
            Err(error) => {
                let ending = Ending::of_error(&error);
                task.store(error);
                Poll::Ready(ending)
            }
        }
    }

    fn store(&mut self, task: &TaskRef, error: Error) {
        #[cfg(feature = "tracing")]
        let _span = super::spans::again(task);
        *self.future = None;
        task.store(error);
    }
}
