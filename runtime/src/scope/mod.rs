//! Scopes: children that may borrow from the function around them.
//!
//! A child's future lives inside the scope's own future and is polled by it, so it cannot outlive what it borrows,
//! whatever is leaked. Everything else of it is a task like any other: see the task room's lent tasks.

mod child;
mod group;
mod supervised;

pub use child::{ScopedTask, ScopedTaskAwait};
pub(crate) use group::{Group, Stage};
pub(crate) use supervised::{Nursery, Supervised};

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::fmt;
use std::future::{Future, IntoFuture};
use std::panic::Location;
use std::rc::Rc;

use slab::Slab;

use crate::event_loop::{ExceptionContext, Inner, current_inner};
use crate::exceptions::{Error, Result};
use crate::task::{Lent, LentTask, Steps, Task, TaskOutput};

/// Runs `body`, and the children that it spawns, which may borrow what lives longer than this call.
///
/// Returns once the body and all children have ended. The rules are those of a [`TaskGroup`](crate::TaskGroup): when
/// a child fails, the other children and the body are cancelled, and all errors come back together.
///
/// Children are tasks with a name and a waker of their own, which can be cancelled one by one, and which
/// [`all_tasks`](crate::all_tasks) shows. They are polled by the task around the scope, in its own steps: they run
/// while that waits, and beside each other, never in parallel. They live in the scope's future: where that is dropped
/// instead of cancelled, they are dropped with it, and their clean-up cannot await.
///
/// # Errors
///
/// `ExceptionGroup` with the errors of the children, in the order in which they failed, and the body's own as the
/// last; `RuntimeError` outside of a task.
///
/// # Cancellation
///
/// Cancels the body and all children, and leaves when they have ended.
///
/// # Examples
///
/// ```
/// # fn main() -> asyncio::Result<()> {
/// asyncio::run(async {
///     let words = vec!["to".to_owned(), "be".to_owned()];
///     let lengths = asyncio::scope(async |s| {
///         let first = s.spawn(async { Ok::<_, asyncio::Error>(words[0].len()) });
///         let second = s.spawn(async { Ok::<_, asyncio::Error>(words[1].len()) });
///         Ok([first.await?, second.await?])
///     })
///     .await?;
///     assert_eq!(lengths, [2, 2]);
///     drop(words);
///     Ok::<_, asyncio::Error>(())
/// })
/// # }
/// ```
///
/// A borrow of what lives inside of the scope is refused:
///
/// ```compile_fail,E0597
/// # async fn f() -> asyncio::Result<()> {
/// asyncio::scope(async |s| {
///     let word = String::from("short-lived");
///     s.spawn(async { println!("{}", &word) });
///     Ok(())
/// })
/// .await
/// # }
/// ```
pub async fn scope<'env, R, B>(body: B) -> Result<R>
where
    B: AsyncFnOnce(&Scope<'env>) -> Result<R>,
{
    let inner = current_inner(|inner| inner.cloned())
        .ok_or_else(|| Error::runtime_error("a scope needs a running event loop; call it inside asyncio::run(…)"))?;
    let scope = Scope { core: Rc::new(Core::new(inner)) };
    let core = scope.core.clone();
    Supervised::new(body(&scope), core.group.clone(), core, "scope").await
}

/// Where the children of a [`scope`] are spawned.
///
/// A clonable handle. One that is kept for longer than the scope spawns nothing any more.
pub struct Scope<'env> {
    core: Rc<Core<'env>>,
}

struct Core<'env> {
    group: Rc<Group>,
    children: RefCell<Slab<Child<'env>>>,
    due: Rc<Due>,
    inner: Rc<Inner>,
}

struct Child<'env> {
    task: LentTask,
    /// `None` while it is being polled.
    future: Lent<'env>,
}

/// The children whose steps are due, in order.
struct Due {
    keys: RefCell<VecDeque<usize>>,
    group: Rc<Group>,
    inner: Rc<Inner>,
}

impl Steps for Due {
    fn due(&self, key: usize) {
        if self.group.stage() == Stage::Closed {
            // Nobody will run it.
            return;
        }
        self.keys.borrow_mut().push_back(key);
        self.inner.hold();
        self.group.wake();
    }
}

impl<'env> Scope<'env> {
    /// Starts a child.
    ///
    /// Its first step runs when the body waits. What it fails with is an error of the whole scope. In a scope that
    /// ends because something failed, and after its end, it is cancelled at once and never runs; after its end that is
    /// also reported through the exception handler.
    ///
    /// # Panics
    ///
    /// If the loop of the scope is closed.
    #[track_caller]
    pub fn spawn<A>(&self, awaitable: A) -> ScopedTask<'env, <A::Output as TaskOutput>::Value>
    where
        A: IntoFuture<Output: TaskOutput, IntoFuture: 'env>,
        <A::Output as TaskOutput>::Value: 'env,
    {
        let location = Location::caller();
        let value = Rc::new(Cell::new(None));
        let (future, place) = (awaitable.into_future(), value.clone());
        let future = async move {
            place.set(Some(future.await.into_result()?));
            Ok(())
        };
        let task = self.core.spawn(future, location).unwrap_or_else(|error| panic!("spawn: {error}"));
        ScopedTask::new(task, value)
    }
}

impl<'env> Core<'env> {
    fn new(inner: Rc<Inner>) -> Self {
        let group = Group::new(inner.clone());
        let due = Rc::new(Due { keys: RefCell::default(), group: group.clone(), inner: inner.clone() });
        Self { group, children: RefCell::default(), due, inner }
    }

    fn spawn(
        &self,
        future: impl Future<Output = Result<()>> + 'env,
        location: &'static Location<'static>,
    ) -> Result<Task<()>> {
        let key = self.children.borrow().vacant_key();
        let (task, handle) = LentTask::new(&self.inner, self.due.clone(), key, location)?;
        let mut future: Lent<'env> = Some(Box::pin(future));
        match self.group.stage() {
            Stage::Open => {
                // First, for the group lets go of others, whose destructors may spawn.
                self.children.borrow_mut().insert(Child { task, future });
                self.group.adopt(&handle);
            }
            stage => {
                task.abandon(&mut future);
                if stage == Stage::Closed {
                    let report = ExceptionContext::new("a child of a scope that has ended never runs").code("ASY0007");
                    self.inner.call_exception_handler(report.with("task", handle.as_any()).source(location));
                }
            }
        }
        Ok(handle)
    }

    /// Runs a step of a child. It may spawn others: nothing is borrowed meanwhile.
    fn step(&self, key: usize) {
        let taken = self.children.borrow_mut().get_mut(key).map(|child| (child.task.clone(), child.future.take()));
        let Some((task, mut future @ Some(_))) = taken else { return };
        task.run(&mut future);
        let mut children = self.children.borrow_mut();
        if future.is_some() {
            if let Some(child) = children.get_mut(key) {
                child.future = future;
            }
            return;
        }
        let ended = children.try_remove(key);
        drop(children);
        drop(ended);
    }
}

impl Nursery for Rc<Core<'_>> {
    fn poll_children(&self) {
        // Those that are due now; what they make due waits for the next step.
        let due = self.due.keys.borrow().len();
        for _ in 0..due {
            let Some(key) = self.due.keys.borrow_mut().pop_front() else { break };
            self.inner.unhold();
            self.step(key);
        }
    }

    fn is_due(&self) -> bool {
        !self.due.keys.borrow().is_empty()
    }

    fn abandon(&self) {
        let mut children = std::mem::take(&mut *self.children.borrow_mut());
        for mut child in children.drain() {
            child.task.abandon(&mut child.future);
        }
        let never_run = std::mem::take(&mut *self.due.keys.borrow_mut());
        never_run.iter().for_each(|_| self.inner.unhold());
    }
}

impl Clone for Scope<'_> {
    fn clone(&self) -> Self {
        Self { core: self.core.clone() }
    }
}

impl fmt::Debug for Scope<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope").field("children", &self.core.children.borrow().len()).finish_non_exhaustive()
    }
}
