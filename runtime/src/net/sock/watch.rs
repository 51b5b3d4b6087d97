//! Waiting for the readiness of a program's socket: several at a time, each side of its own.
//!
//! A socket is registered while somebody waits for it, edge-triggered. Everybody tries the system call first and only
//! then goes to sleep; registering, and arming again when somebody joins, reports what has become ready in between. An
//! edge wakes all who wait on its side, in their order, and who comes too late finds the socket blocked again: so a
//! wake-up that reaches somebody who leaves is nobody else's loss.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::task::Context;

use crate::event_loop::{Inner, Slot, Source, SourceKey};
use crate::exceptions::{Error, Result};
use crate::handle::LocalWaker;
use crate::sys::{Interest, RawFd, Readiness};

/// What somebody waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Read,
    Write,
}

/// The sockets of one loop that somebody waits for.
struct Watches {
    by_descriptor: RefCell<HashMap<RawFd, Rc<Watch>>>,
}

impl Slot for Watches {
    fn create(_inner: &Rc<Inner>) -> Rc<Self> {
        Rc::new(Self { by_descriptor: RefCell::new(HashMap::new()) })
    }

    fn close(&self) {
        let watches = self.by_descriptor.take();
        drop(watches);
    }
}

/// One socket that somebody waits for.
struct Watch {
    fd: RawFd,
    key: Cell<Option<SourceKey>>,
    interest: Cell<Interest>,
    /// How many operations have a place here, asleep or not.
    users: Cell<usize>,
    /// The last number that was given to a sleeper.
    last: Cell<u64>,
    readers: RefCell<Vec<Sleeper>>,
    writers: RefCell<Vec<Sleeper>>,
    reported: Cell<Readiness>,
    queued: Cell<bool>,
}

struct Sleeper {
    number: u64,
    waker: LocalWaker,
}

impl Watch {
    fn sleepers(&self, side: Side) -> &RefCell<Vec<Sleeper>> {
        match side {
            Side::Read => &self.readers,
            Side::Write => &self.writers,
        }
    }

    fn sleep(&self, side: Side, cx: &Context<'_>) -> u64 {
        let number = self.last.get() + 1;
        self.last.set(number);
        // Outside of the borrow: a foreign waker's clone is anybody's code.
        let waker = LocalWaker::new(cx);
        self.sleepers(side).borrow_mut().push(Sleeper { number, waker });
        number
    }

    fn wake(&self, side: Side) {
        let sleepers = self.sleepers(side).take();
        sleepers.into_iter().for_each(|sleeper| sleeper.waker.wake());
    }
}

/// Which sides a report concerns. What has failed or is over is for both to see.
fn sides(readiness: Readiness) -> impl Iterator<Item = Side> {
    let read = readiness.has(Readiness::FOR_READERS).then_some(Side::Read);
    let write = readiness.has(Readiness::FOR_WRITERS).then_some(Side::Write);
    read.into_iter().chain(write)
}

impl Source for Watch {
    fn on_event(&self, readiness: Readiness) -> bool {
        if sides(readiness).all(|side| self.sleepers(side).borrow().is_empty()) {
            return false;
        }
        self.reported.set(self.reported.get().or(readiness));
        !self.queued.replace(true)
    }

    fn run(self: Rc<Self>) {
        self.queued.set(false);
        sides(self.reported.take()).for_each(|side| self.wake(side));
    }

    fn describe(&self) -> String {
        format!("<socket operations on descriptor {}>", self.fd)
    }
}

/// A place among those who wait for a socket, given up when it is dropped.
pub(super) struct Waiting {
    inner: Rc<Inner>,
    watch: Rc<Watch>,
    side: Side,
    number: u64,
}

impl Waiting {
    /// Goes to sleep. An error if the descriptor is a transport's, or watched by `add_reader`.
    pub(super) fn begin(inner: &Rc<Inner>, fd: RawFd, side: Side, cx: &Context<'_>) -> Result<Self> {
        let watch = watch_for(inner, fd, side)?;
        watch.users.set(watch.users.get() + 1);
        let number = watch.sleep(side, cx);
        Ok(Self { inner: inner.clone(), watch, side, number })
    }

    /// Whether there was a report since. If not, it will wake whoever polls now.
    pub(super) fn is_woken(&self, cx: &Context<'_>) -> bool {
        let mut sleepers = self.watch.sleepers(self.side).borrow_mut();
        let Some(sleeper) = sleepers.iter_mut().find(|sleeper| sleeper.number == self.number) else { return true };
        if !sleeper.waker.will_wake(cx) {
            drop(sleepers);
            self.renew(cx);
        }
        false
    }

    #[cold]
    fn renew(&self, cx: &Context<'_>) {
        let waker = LocalWaker::new(cx);
        let mut sleepers = self.watch.sleepers(self.side).borrow_mut();
        let former = sleepers.iter_mut().find(|sleeper| sleeper.number == self.number);
        let former = former.map(|sleeper| std::mem::replace(&mut sleeper.waker, waker));
        drop(sleepers);
        drop(former);
    }

    /// Goes to sleep anew, behind the others.
    pub(super) fn again(&mut self, cx: &Context<'_>) {
        self.number = self.watch.sleep(self.side, cx);
    }
}

/// The watch of a descriptor, registered for this side.
fn watch_for(inner: &Rc<Inner>, fd: RawFd, side: Side) -> Result<Rc<Watch>> {
    let at = |error| Error::os_error_at(error, format_args!("descriptor {fd}"));
    let wanted = if side == Side::Read { Interest::Read } else { Interest::Write };
    let watches = inner.slot::<Watches>();
    let known = watches.by_descriptor.borrow().get(&fd).cloned();
    if let Some(watch) = known {
        let interest = if watch.interest.get() == wanted { wanted } else { Interest::Both };
        let key = watch.key.get().expect("it was set before the watch was listed");
        // Even if nothing changes: the newcomer shall hear of what became ready before it came.
        inner.rearm_source(key, fd, interest).map_err(at)?;
        watch.interest.set(interest);
        return Ok(watch);
    }
    let watch = Rc::new(Watch {
        fd,
        key: Cell::new(None),
        interest: Cell::new(wanted),
        users: Cell::new(0),
        last: Cell::new(0),
        readers: RefCell::default(),
        writers: RefCell::default(),
        reported: Cell::default(),
        queued: Cell::new(false),
    });
    watch.key.set(Some(inner.add_socket(fd, wanted, watch.clone())?));
    watches.by_descriptor.borrow_mut().insert(fd, watch.clone());
    Ok(watch)
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let watch = &self.watch;
        let mut sleepers = watch.sleepers(self.side).borrow_mut();
        let place = sleepers.iter().position(|sleeper| sleeper.number == self.number);
        let sleeper = place.map(|place| sleepers.remove(place));
        drop(sleepers);
        drop(sleeper);
        watch.users.set(watch.users.get() - 1);
        if watch.users.get() > 0 {
            return;
        }
        // A loop that was closed has let go of it already.
        let Some(watches) = self.inner.existing_slot::<Watches>() else { return };
        let former = watches.by_descriptor.borrow_mut().remove(&watch.fd);
        if let Some(key) = watch.key.take().filter(|_| former.is_some()) {
            self.inner.remove_source(key, watch.fd);
        }
    }
}
