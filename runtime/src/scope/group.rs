//! Children that belong together: the first failure ends all of them.
//!
//! What the children owe each other, whoever polls them; `supervised.rs` adds the body that started them.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use crate::event_loop::Inner;
use crate::exceptions::Error;
use crate::future::{Watch, Watched};
use crate::handle::LocalWaker;
use crate::task::AnyTask;

/// Some tasks, how many of them run, and what they failed with.
pub(crate) struct Group {
    this: Weak<Self>,
    inner: Rc<Inner>,
    /// All that run, and some that have ended: they go when there are more of these.
    children: RefCell<Vec<AnyTask>>,
    running: Cell<usize>,
    errors: RefCell<Vec<Error>>,
    /// One has failed, and the others are about to be cancelled.
    failing: Cell<bool>,
    stage: Cell<Stage>,
    /// The parent, to be woken when all have ended or one has failed.
    parent: Cell<Option<LocalWaker>>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Takes children.
    #[default]
    Open,
    /// Something failed or somebody wants the parent to leave: the children were cancelled. Takes no more.
    Aborting,
    /// Over, and nobody asks for errors any more. Takes no more.
    Closed,
}

impl Group {
    pub(crate) fn new(inner: Rc<Inner>) -> Rc<Self> {
        Rc::new_cyclic(|this| Self {
            this: this.clone(),
            inner,
            children: RefCell::default(),
            running: Cell::new(0),
            errors: RefCell::default(),
            failing: Cell::new(false),
            stage: Cell::default(),
            parent: Cell::new(None),
        })
    }

    pub(crate) fn stage(&self) -> Stage {
        self.stage.get()
    }

    pub(crate) fn is_running(&self) -> bool {
        self.running.get() > 0
    }

    pub(crate) fn running(&self) -> usize {
        self.running.get()
    }

    /// Takes a new child in.
    pub(crate) fn adopt(self: &Rc<Self>, child: &AnyTask) {
        self.running.set(self.running.get() + 1);
        if child.done() {
            return self.ended(child);
        }
        child.watch(self.clone());
        if self.stage.get() != Stage::Open {
            // It began at once, and something failed before it was taken in.
            child.cancel();
        }
        let mut children = self.children.borrow_mut();
        if children.len() > 2 * self.running.get() + 16 {
            let (running, ended) = std::mem::take(&mut *children).into_iter().partition(|child| !child.done());
            *children = running;
            children.push(child.clone());
            drop(children);
            let ended: Vec<_> = ended;
            drop(ended);
        } else {
            children.push(child.clone());
        }
    }

    /// Cancels all children, once.
    pub(crate) fn abort(&self) {
        if self.stage.get() != Stage::Open {
            return;
        }
        self.stage.set(Stage::Aborting);
        let children = self.children.borrow().clone();
        for child in children {
            child.cancel();
        }
    }

    /// As a done callback would, in the next batch: who fails in the same tick is still heard.
    fn abort_soon(&self) {
        if self.stage.get() != Stage::Open || self.failing.replace(true) {
            return;
        }
        if let Some(group) = self.this.upgrade() {
            self.inner.call_soon_internal(move || {
                group.abort();
                group.wake();
            });
        }
    }

    /// Nobody waits any more: what runs is cancelled, and what fails from now on is reported as any task's failure.
    pub(crate) fn close(&self) {
        self.abort();
        self.stage.set(Stage::Closed);
        drop(self.parent.take());
        let children = self.children.take();
        drop(children);
    }

    pub(crate) fn take_errors(&self) -> Vec<Error> {
        self.errors.take()
    }

    /// Whom to wake; nobody, while the parent looks for itself.
    pub(crate) fn wake_by(&self, parent: Option<LocalWaker>) {
        drop(self.parent.replace(parent));
    }

    pub(super) fn wake(&self) {
        if let Some(parent) = self.parent.take() {
            parent.wake();
        }
    }
}

impl Watch for Group {
    fn ended(&self, child: &dyn Watched) {
        self.running.set(self.running.get() - 1);
        if child.has_failed() && self.stage.get() != Stage::Closed {
            self.errors.borrow_mut().extend(child.failure());
            self.abort_soon();
        }
        if !self.is_running() {
            self.wake();
        }
    }
}
