//! Who wants to know that something is done: tasks that await it, and callbacks, in the order in which they came.
//!
//! Used by futures and tasks alike. One waiting task, the common case, needs no allocation.

use std::cell::Cell;
use std::fmt;
use std::panic::Location;
use std::rc::Rc;
use std::task::Context as PollContext;

use super::watch::Watch;
use crate::context::Context;
use crate::event_loop::Inner;
use crate::handle::LocalWaker;

/// Names a callback for `remove_done_callback`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallbackId(u32);

type Schedule<S> = Box<dyn FnOnce(&S, &Inner)>;

/// A callback of `add_done_callback`, and the context that it runs in. Its type is forgotten, its name is not.
pub(crate) struct DoneCallback<S> {
    schedule: Schedule<S>,
}

impl<S: Clone + 'static> DoneCallback<S> {
    #[track_caller]
    pub(crate) fn new<F: FnOnce(&S) + 'static>(callback: F, context: Option<Context>) -> Self {
        let location = Location::caller();
        let schedule = move |subject: &S, inner: &Inner| {
            let subject = subject.clone();
            // A closed loop runs nothing any more: then there is nobody to tell.
            let _ = inner.call_soon_named::<F>(move || callback(&subject), context, location);
        };
        Self { schedule: Box::new(schedule) }
    }

    /// Puts it into the ready queue, now that `subject` is done.
    pub(crate) fn schedule(self, subject: &S, inner: &Inner) {
        (self.schedule)(subject, inner);
    }
}

pub(crate) enum Waiter<S> {
    Wake(LocalWaker),
    Watch(Rc<dyn Watch>),
    Call(DoneCallback<S>),
}

/// The waiters of one future or task; `S` is what its callbacks get.
pub(crate) enum Waiters<S> {
    None,
    /// Its number is [`FIRST`], and so is the watcher's.
    One(LocalWaker),
    Watch(Rc<dyn Watch>),
    Many(Box<Many<S>>),
}

/// The place where they are. Nothing is run while they are out of it, so whoever looks finds them there.
pub(crate) struct WaitersCell<S>(Cell<Waiters<S>>);

impl<S> Default for WaitersCell<S> {
    fn default() -> Self {
        Self(Cell::new(Waiters::None))
    }
}

impl<S> WaitersCell<S> {
    /// Calls `f` with them; it must not reach this place.
    #[inline]
    pub(crate) fn with<R>(&self, f: impl FnOnce(&mut Waiters<S>) -> R) -> R {
        let mut waiters = self.take();
        let result = f(&mut waiters);
        let empty = self.0.replace(waiters);
        debug_assert!(matches!(empty, Waiters::None), "somebody came while the waiters were out");
        // There is nothing to drop, and the compiler cannot know.
        std::mem::forget(empty);
        result
    }

    /// Lets go of them.
    #[inline]
    pub(crate) fn take(&self) -> Waiters<S> {
        self.0.replace(Waiters::None)
    }
}

pub(crate) struct Many<S> {
    next: u32,
    list: Vec<(u32, Waiter<S>)>,
}

/// A leaf's place among the waiters.
#[derive(Debug, Default)]
pub(crate) struct Place(Option<u32>);

impl Place {
    pub(crate) fn is_taken(&self) -> bool {
        self.0.is_some()
    }
}

/// The number of the waiter that is kept without a list; a list numbers its own from the next one on.
const FIRST: u32 = 0;

impl<S> Waiters<S> {
    /// Registers a waiting task, or renews its registration.
    #[inline]
    pub(crate) fn wait(&mut self, place: &mut Place, context: &PollContext<'_>) {
        if let Some(waker) = place.0.and_then(|id| self.find(id)) {
            if !waker.will_wake(context) {
                *waker = LocalWaker::new(context);
            }
            return;
        }
        let waker = LocalWaker::new(context);
        place.0 = Some(match self {
            Self::None => {
                // There is nothing to drop, and the compiler cannot know.
                std::mem::forget(std::mem::replace(self, Self::One(waker)));
                FIRST
            }
            _ => self.many().push(Waiter::Wake(waker)),
        });
    }

    pub(crate) fn call(&mut self, callback: DoneCallback<S>) -> CallbackId {
        CallbackId(self.many().push(Waiter::Call(callback)))
    }

    pub(crate) fn watch(&mut self, watch: Rc<dyn Watch>) -> CallbackId {
        if let Self::None = self {
            *self = Self::Watch(watch);
            return CallbackId(FIRST);
        }
        CallbackId(self.many().push(Waiter::Watch(watch)))
    }

    /// Gives up a task's place.
    pub(crate) fn leave(&mut self, place: &mut Place) -> Option<Waiter<S>> {
        place.0.take().and_then(|id| self.take(id))
    }

    pub(crate) fn remove(&mut self, id: CallbackId) -> Option<Waiter<S>> {
        self.take(id.0)
    }

    /// Calls `f` with the address of each watcher.
    pub(crate) fn each_watcher(&self, mut f: impl FnMut(usize)) {
        let mut address = |watch: &Rc<dyn Watch>| f(Rc::as_ptr(watch).cast::<()>().addr());
        match self {
            Self::None | Self::One(_) => {}
            Self::Watch(watch) => address(watch),
            Self::Many(many) => {
                for (_, waiter) in &many.list {
                    if let Waiter::Watch(watch) = waiter {
                        address(watch);
                    }
                }
            }
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        match self {
            Self::None => true,
            Self::One(_) | Self::Watch(_) => false,
            Self::Many(many) => many.list.is_empty(),
        }
    }

    /// Takes them all out, oldest first.
    pub(crate) fn drain(&mut self, mut each: impl FnMut(Waiter<S>)) {
        match std::mem::replace(self, Self::None) {
            Self::None => {}
            Self::One(waker) => each(Waiter::Wake(waker)),
            Self::Watch(watch) => each(Waiter::Watch(watch)),
            Self::Many(many) => many.list.into_iter().for_each(|(_, waiter)| each(waiter)),
        }
    }

    fn find(&mut self, id: u32) -> Option<&mut LocalWaker> {
        match self {
            Self::One(waker) if id == FIRST => Some(waker),
            Self::Many(many) => match many.position(id).map(|position| &mut many.list[position].1) {
                Some(Waiter::Wake(waker)) => Some(waker),
                _ => None,
            },
            _ => None,
        }
    }

    fn take(&mut self, id: u32) -> Option<Waiter<S>> {
        match self {
            Self::One(_) | Self::Watch(_) if id == FIRST => self.take_single(),
            Self::Many(many) => {
                let position = many.position(id)?;
                Some(many.list.remove(position).1)
            }
            _ => None,
        }
    }

    /// Takes out what is kept without a list.
    fn take_single(&mut self) -> Option<Waiter<S>> {
        match std::mem::replace(self, Self::None) {
            Self::One(waker) => Some(Waiter::Wake(waker)),
            Self::Watch(watch) => Some(Waiter::Watch(watch)),
            Self::None | Self::Many(_) => None,
        }
    }

    fn many(&mut self) -> &mut Many<S> {
        if !matches!(self, Self::Many(_)) {
            let list = self.take_single().map(|single| (FIRST, single)).into_iter().collect();
            *self = Self::Many(Box::new(Many { next: FIRST + 1, list }));
        }
        match self {
            Self::Many(many) => many,
            _ => unreachable!("made a list above"),
        }
    }
}

impl<S> Many<S> {
    /// An empty list by whose parts a reader of memory finds out how lists are laid out: no two of its words are the same.
    pub(crate) fn probe() -> Self {
        Self { next: 1, list: Vec::with_capacity(3) }
    }

    /// Where its entries stand, how many have room, and how large each is.
    pub(crate) fn parts(&self) -> (usize, usize, usize) {
        (self.list.as_ptr().addr(), self.list.capacity(), size_of::<(u32, Waiter<S>)>())
    }

    /// The list is in the order of its numbers, for they grow.
    fn position(&self, id: u32) -> Option<usize> {
        self.list.binary_search_by_key(&id, |(other, _)| *other).ok()
    }

    fn push(&mut self, waiter: Waiter<S>) -> u32 {
        let id = self.next;
        self.next += 1;
        self.list.push((id, waiter));
        id
    }
}

impl<S> fmt::Debug for Waiters<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waiters").field("empty", &self.is_empty()).finish()
    }
}
