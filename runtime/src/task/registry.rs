//! The loop's side of tasks: the list of those that are not done, the pool of their blocks, and who made them.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::ptr::NonNull;
use std::rc::Rc;
use std::sync::Arc;

use super::any::AnyTask;
use super::create::TaskFactory;
use super::pool::Pool;
use super::publish::Published;
use super::raw::TaskRef;
use super::{report, step, waker};
use crate::event_loop::{EventLoop, Inner, Shared, Slot, get_running_loop};
use crate::exceptions::Result;

/// What the task room keeps for each loop.
pub(super) struct TaskLoop {
    inner: Rc<Inner>,
    pub(super) pool: Pool,
    list: RefCell<List>,
    /// Failed tasks whose failure nobody has looked at, and which somebody still holds.
    unseen: RefCell<HashMap<NonNull<()>, TaskRef>>,
    created: Cell<u32>,
    thread: usize,
    pub(super) factory: RefCell<Option<Rc<TaskFactory>>>,
    /// Until the loop is closed.
    published: RefCell<Option<Published>>,
}

/// The tasks that are not done: a word a task, and no search.
#[derive(Default)]
struct List {
    places: Vec<Option<TaskRef>>,
    free: Vec<u32>,
}

thread_local! {
    static TOKEN: u8 = const { 0 };
}

/// Tells threads apart that live at the same time.
#[inline]
pub(super) fn thread_token() -> usize {
    TOKEN.with(|token| std::ptr::from_ref(token).addr())
}

impl Slot for TaskLoop {
    fn create(inner: &Rc<Inner>) -> Rc<Self> {
        waker::introduce();
        Rc::new(Self {
            inner: inner.clone(),
            pool: Pool::new(),
            list: RefCell::default(),
            unseen: RefCell::new(HashMap::new()),
            created: Cell::new(0),
            thread: thread_token(),
            factory: RefCell::new(None),
            published: RefCell::new(Some(Published::new(inner))),
        })
    }

    /// Drops what is still pending, oldest first, and reports the failures that nobody looked at.
    fn close(&self) {
        drop(self.published.take());
        let list = self.list.take();
        let mut tasks: Vec<TaskRef> = list.places.into_iter().flatten().collect();
        tasks.sort_by_key(|task| task.header().id);
        for task in tasks {
            if task.header().state.is_done() {
                // A child of a scope, which went with the task around that.
                continue;
            }
            report::destroyed_pending(&task);
            step::abandon(&task);
        }
        let unseen = std::mem::take(&mut *self.unseen.borrow_mut());
        let mut unseen: Vec<TaskRef> = unseen.into_values().collect();
        unseen.sort_by_key(|task| task.header().id);
        for task in unseen {
            report::never_retrieved(&task);
        }
        let factory = self.factory.borrow_mut().take();
        drop(factory);
    }
}

impl TaskLoop {
    #[inline]
    pub(super) fn inner(&self) -> &Rc<Inner> {
        &self.inner
    }

    pub(super) fn shared(&self) -> &Arc<Shared> {
        self.inner.shared()
    }

    pub(super) fn thread(&self) -> usize {
        self.thread
    }

    /// A number for a new task, and the place that [`enter`](Self::enter) will put it into.
    #[inline]
    pub(super) fn reserve(&self) -> (u32, u32) {
        let id = self.created.get().wrapping_add(1);
        self.created.set(id);
        let list = self.list.borrow();
        let slot = list.free.last().copied().unwrap_or(list.places.len() as u32);
        (id, slot)
    }

    #[inline]
    pub(super) fn enter(&self, slot: u32, task: TaskRef) {
        let mut list = self.list.borrow_mut();
        if let Some(place) = list.places.get_mut(slot as usize) {
            *place = Some(task);
            list.free.pop();
        } else {
            assert!(slot < u32::MAX, "four thousand million tasks do not fit into memory");
            list.places.push(Some(task));
            self.publish(&list);
        }
    }

    #[inline(never)]
    fn publish(&self, list: &List) {
        if let Some(published) = &*self.published.borrow() {
            published.list(list.places.as_ptr().addr(), list.places.len());
        }
    }

    /// The task is done. Its reference is returned, to be dropped where nothing is borrowed.
    #[inline]
    pub(super) fn leave(&self, slot: u32) -> Option<TaskRef> {
        let mut list = self.list.borrow_mut();
        // Not there while the loop is being closed.
        let task = list.places.get_mut(slot as usize)?.take()?;
        list.free.push(slot);
        Some(task)
    }

    pub(super) fn find(&self, slot: u32, id: u32) -> Option<TaskRef> {
        let list = self.list.borrow();
        let task = list.places.get(slot as usize)?.as_ref()?;
        (task.header().id == id).then(|| task.clone())
    }

    /// A task failed, and somebody holds it who may look. It is reported at the latest when the loop closes.
    pub(super) fn watch_unseen(&self, task: &TaskRef) {
        self.unseen.borrow_mut().insert(task.address(), task.clone());
    }

    /// Somebody has looked, or nobody can any more.
    pub(super) fn forget_unseen(&self, task: &TaskRef) {
        let forgotten = self.unseen.borrow_mut().remove(&task.address());
        drop(forgotten);
    }

    pub(super) fn all(&self) -> Vec<AnyTask> {
        let mut tasks: Vec<TaskRef> = self.list.borrow().places.iter().flatten().cloned().collect();
        tasks.sort_by_key(|task| task.header().id);
        tasks.into_iter().map(AnyTask::new).collect()
    }
}

/// The task that runs now; `None` in a plain callback. Python: `asyncio.current_task()`.
///
/// # Errors
///
/// `RuntimeError` if no loop runs on this thread.
pub fn current_task() -> Result<Option<AnyTask>> {
    get_running_loop()?;
    Ok(waker::current().map(AnyTask::new))
}

/// The loop of the task that runs now, also while its loop is being closed.
pub(crate) fn current_loop() -> Option<Rc<Inner>> {
    waker::current().map(|task| task.header().task_loop.inner().clone())
}

/// The tasks of the running loop that are not done, oldest first. Python: `asyncio.all_tasks()`.
///
/// # Errors
///
/// `RuntimeError` if no loop runs on this thread.
pub fn all_tasks() -> Result<Vec<AnyTask>> {
    Ok(get_running_loop()?.all_tasks())
}

impl EventLoop {
    /// The tasks of this loop that are not done, oldest first. Python: `asyncio.all_tasks(loop)`.
    pub fn all_tasks(&self) -> Vec<AnyTask> {
        all_of(self.inner())
    }
}

/// How many tasks a loop has that are not done, and how many were started on it.
pub(crate) fn count_of(inner: &Inner) -> (usize, u32) {
    inner.existing_slot::<TaskLoop>().map_or((0, 0), |tasks| {
        let list = tasks.list.borrow();
        (list.places.len() - list.free.len(), tasks.created.get())
    })
}

/// The tasks of a loop that are not done, oldest first.
pub(crate) fn all_of(inner: &Inner) -> Vec<AnyTask> {
    inner.existing_slot::<TaskLoop>().map_or_else(Vec::new, |tasks| tasks.all())
}
