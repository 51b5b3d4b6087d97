//! The await trace that a task keeps of its last step.

use std::cell::{Cell, OnceCell, RefCell};

use crate::trace::{Entry, Frame, Step, Wait, postorder};

/// Its coroutines, and the branches of the innermost. What that one waits for stands in the task.
#[derive(Debug, Default)]
pub(super) struct Trace {
    /// Outermost first.
    pub(super) frames: List<Frame>,
    /// Few tasks have any.
    pub(super) branches: OnceCell<Box<List<Entry>>>,
}

/// A list, and where it is: another process reads that, without asking.
#[derive(Debug)]
#[repr(C)]
pub(super) struct List<T> {
    items: RefCell<Vec<T>>,
    pub(super) address: Cell<usize>,
    pub(super) len: Cell<usize>,
}

impl<T> Default for List<T> {
    fn default() -> Self {
        Self { items: RefCell::default(), address: Cell::new(0), len: Cell::new(0) }
    }
}

impl<T> List<T> {
    #[inline]
    fn is_empty(&self) -> bool {
        self.len.get() == 0
    }

    /// Empties it, and lets `fill` write it anew. Keeps the memory.
    #[inline]
    fn replace(&self, fill: impl FnOnce(&mut Vec<T>)) {
        let mut items = self.items.borrow_mut();
        self.len.set(0);
        items.clear();
        fill(&mut items);
        self.address.set(items.as_ptr().addr());
        self.len.set(items.len());
    }
}

impl List<Frame> {
    /// Most steps suspend as deep as the one before: then nothing moves.
    #[inline]
    fn copy(&self, frames: &[Cell<Frame>]) {
        if self.len.get() == frames.len() {
            self.items.borrow_mut().iter_mut().zip(frames).for_each(|(item, frame)| *item = frame.get());
        } else {
            self.replace(|items| items.extend(frames.iter().map(Cell::get)));
        }
    }
}

impl Trace {
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.frames.is_empty() && self.branches.get().is_none_or(|branches| branches.is_empty())
    }

    /// Keeps that of a step that has just suspended.
    #[inline]
    pub(super) fn keep(&self, step: &Step) {
        let branched = step.with_frames(|frames, branched| {
            self.frames.copy(frames);
            branched
        });
        if branched || self.branches.get().is_some() {
            self.keep_branches(step);
        }
    }

    #[inline(never)]
    fn keep_branches(&self, step: &Step) {
        self.branches.get_or_init(Box::default).replace(|branches| step.copy_branches_to(branches));
    }

    pub(super) fn forget(&self) {
        self.frames.copy(&[]);
        if let Some(branches) = self.branches.get() {
            branches.replace(|_| {});
        }
    }

    /// The outermost coroutine.
    pub(super) fn outermost(&self) -> Option<Frame> {
        self.frames.items.borrow().first().copied()
    }

    /// All of it, of a task that waits for that.
    pub(super) fn entries(&self, wait: Wait) -> Vec<Entry> {
        let branches = self.branches.get().map(|branches| branches.items.borrow().clone());
        postorder(branches.unwrap_or_default(), wait, &self.frames.items.borrow())
    }
}
