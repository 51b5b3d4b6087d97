//! Registered descriptors: who owns which, and who hears of its readiness.

use std::cell::{Cell, RefCell};
use std::io;
use std::rc::Rc;

use slab::Slab;

use super::{Inner, Ready};
use crate::exceptions::{Error, Result};
use crate::sys::{Driver, Interest, RawFd, Readiness};

/// Something that reacts to the readiness of a descriptor.
pub(crate) trait Source {
    /// Stores the report. True: put me into the ready queue, I am not in it.
    fn on_event(&self, readiness: Readiness) -> bool;

    /// Reacts, as one callback of a batch.
    fn run(self: Rc<Self>);

    /// The batch has run in which it asked for this, by [`Inner::at_end_of_batch`].
    fn batch_ended(self: Rc<Self>) {}

    /// What debug mode calls it when it is slow.
    fn describe(&self) -> String {
        "<I/O callback>".to_owned()
    }
}

/// Names a registered source, and no other that has its place before or after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SourceKey(usize);

/// So many bits of a key say where the source is. In those above them stands how many were registered before.
const PLACE_BITS: u32 = if usize::BITS == 64 { 32 } else { 24 };

impl SourceKey {
    fn place(self) -> usize {
        self.0 & ((1 << PLACE_BITS) - 1)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Belongs to a transport or server: `add_reader` on it is an error.
    Transport,
    /// Made by `add_reader` or `add_writer`.
    Watch,
    /// A program's own socket, as long as an operation waits for it.
    Socket,
}

pub(super) struct Sources {
    entries: RefCell<Slab<(SourceKey, Rc<dyn Source>)>>,
    registered: Cell<usize>,
    /// Which entry a descriptor belongs to.
    descriptors: RefCell<Owners>,
}

/// Which source a descriptor belongs to. The system gives out the lowest free number, so that a list is short.
#[derive(Default)]
struct Owners(Vec<Option<(SourceKey, Kind)>>);

impl Owners {
    fn get(&self, fd: RawFd) -> Option<(SourceKey, Kind)> {
        *self.0.get(usize::try_from(fd).ok()?)?
    }

    /// Of a descriptor that is open, for it was registered.
    fn insert(&mut self, fd: RawFd, owner: (SourceKey, Kind)) {
        let Ok(place) = usize::try_from(fd) else { return };
        if self.0.len() <= place {
            self.0.resize(place + 1, None);
        }
        if let Some(slot) = self.0.get_mut(place) {
            *slot = Some(owner);
        }
    }

    /// Unless it is another one's by now.
    fn remove(&mut self, fd: RawFd, key: SourceKey) {
        let slot = usize::try_from(fd).ok().and_then(|place| self.0.get_mut(place));
        if let Some(slot) = slot.filter(|slot| slot.is_some_and(|(owner, _)| owner == key)) {
            *slot = None;
        }
    }
}

impl Sources {
    pub(super) fn new() -> Self {
        Self { entries: RefCell::default(), registered: Cell::new(0), descriptors: RefCell::default() }
    }

    /// Hands out what the driver has found; those that are to be queued for it are given to `queue`. How many reports
    /// there were.
    #[inline]
    pub(super) fn report_all(&self, driver: &Driver, queue: impl Fn(Rc<dyn Source>)) -> u64 {
        let entries = self.entries.borrow();
        let mut reports = 0;
        driver.drain(|key, readiness| {
            reports += 1;
            // A source that was removed after the kernel had made its report is not there any more.
            let there = entries.get(SourceKey(key).place()).filter(|(present, _)| present.0 == key);
            if let Some((_, source)) = there.filter(|(_, source)| source.on_event(readiness)) {
                queue(source.clone());
            }
        });
        reports
    }

    pub(super) fn len(&self) -> usize {
        self.entries.borrow().len()
    }

    fn enter(&self, source: Rc<dyn Source>) -> SourceKey {
        let mut entries = self.entries.borrow_mut();
        let vacant = entries.vacant_entry();
        let key = SourceKey(self.registered.get() << PLACE_BITS | vacant.key());
        self.registered.set(self.registered.get().wrapping_add(1));
        vacant.insert((key, source));
        key
    }

    fn leave(&self, key: SourceKey) {
        let mut entries = self.entries.borrow_mut();
        let is_there = entries.get(key.place()).is_some_and(|(present, _)| *present == key);
        let source = is_there.then(|| entries.remove(key.place()));
        drop(entries);
        drop(source);
    }

    pub(super) fn owner(&self, fd: RawFd) -> Option<(SourceKey, Kind)> {
        self.descriptors.borrow().get(fd)
    }
}

impl Inner {
    /// Registers a transport's descriptor, once and edge-triggered.
    pub(crate) fn add_source(&self, fd: RawFd, interest: Interest, source: Rc<dyn Source>) -> io::Result<SourceKey> {
        self.register(fd, interest, source, Kind::Transport)
    }

    /// Registers a program's own socket, for an operation that waits for it; edge-triggered.
    pub(crate) fn add_socket(&self, fd: RawFd, interest: Interest, source: Rc<dyn Source>) -> Result<SourceKey> {
        match self.sources.owner(fd) {
            Some((_, Kind::Transport)) => Err(used_by_transport(fd)),
            Some((_, Kind::Watch)) => Err(Error::runtime_error(format!(
                "descriptor {fd} is watched by add_reader() or add_writer(), so no socket operation can wait for it; \
                 remove those first"
            ))),
            Some((_, Kind::Socket)) | None => {
                let key = self.register(fd, interest, source, Kind::Socket);
                key.map_err(|error| Error::os_error_at(error, format_args!("descriptor {fd}")))
            }
        }
    }

    pub(super) fn register(
        &self,
        fd: RawFd,
        interest: Interest,
        source: Rc<dyn Source>,
        kind: Kind,
    ) -> io::Result<SourceKey> {
        let key = self.sources.enter(source);
        if let Err(error) = self.driver.add(fd, key.0, interest) {
            self.sources.leave(key);
            return Err(error);
        }
        self.sources.descriptors.borrow_mut().insert(fd, (key, kind));
        Ok(key)
    }

    /// Changes the interest of a source, and reports anew what is still ready.
    pub(crate) fn rearm_source(&self, key: SourceKey, fd: RawFd, interest: Interest) -> io::Result<()> {
        match self.driver.modify(fd, key.0, interest) {
            // The descriptor was closed and its number is another one's now.
            Err(error) if error.kind() == io::ErrorKind::NotFound => self.driver.add(fd, key.0, interest),
            result => result,
        }
    }

    /// No more reports for a source, until [`resume_source`](Self::resume_source). False: they go on.
    pub(crate) fn pause_source(&self, fd: RawFd) -> bool {
        self.driver.remove(fd).is_ok()
    }

    /// Reports for a source whose reports were paused, beginning with what is ready.
    pub(crate) fn resume_source(&self, key: SourceKey, fd: RawFd, interest: Interest) -> io::Result<()> {
        self.driver.add(fd, key.0, interest)
    }

    /// Forgets a source; before its descriptor is closed.
    pub(crate) fn remove_source(&self, key: SourceKey, fd: RawFd) {
        self.stop_reports(fd);
        self.forget_source(key, fd);
    }

    /// As [`remove_source`](Self::remove_source) of a descriptor that is closed right after it, and is the only one that
    /// leads to its file. Closing it is enough for the system, and a report that comes late finds nobody.
    pub(crate) fn remove_closing_source(&self, key: SourceKey, fd: RawFd) {
        if !Driver::CLOSING_REMOVES {
            self.stop_reports(fd);
        }
        self.forget_source(key, fd);
    }

    fn stop_reports(&self, fd: RawFd) {
        if let Err(error) = self.driver.remove(fd) {
            // Its owner closed it early, or this is the child of a fork: there is nothing left to remove.
            crate::log::record!(debug, "descriptor {fd} was not registered any more: {error}");
        }
    }

    /// As [`remove_source`](Self::remove_source), of one whose reports are paused.
    pub(crate) fn forget_source(&self, key: SourceKey, fd: RawFd) {
        self.sources.descriptors.borrow_mut().remove(fd, key);
        self.sources.leave(key);
    }

    /// Runs a source in the next batch although no report came. The source makes sure that it is queued once.
    pub(crate) fn queue_source(&self, source: Rc<dyn Source>) {
        self.push(Ready::Source(source));
    }

    pub(super) fn drop_sources(&self) {
        self.sources.descriptors.take();
        let sources = std::mem::take(&mut *self.sources.entries.borrow_mut());
        sources.into_iter().for_each(|(_, (_, source))| self.let_go(source));
    }
}

pub(super) fn used_by_transport(fd: RawFd) -> Error {
    Error::runtime_error(format!(
        "descriptor {fd} is used by a transport; use the transport, or a descriptor of your own"
    ))
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::os::fd::AsRawFd;
    use std::os::unix::net::UnixStream;

    use super::*;
    use crate::event_loop::EventLoop;

    /// Counts its reports.
    #[derive(Default)]
    struct Counter(Cell<usize>);

    impl Source for Counter {
        fn on_event(&self, _readiness: Readiness) -> bool {
            self.0.set(self.0.get() + 1);
            false
        }

        fn run(self: Rc<Self>) {}
    }

    fn look(event_loop: &EventLoop) {
        let stopped = event_loop.clone();
        event_loop.call_soon(move || stopped.stop()).unwrap();
        event_loop.run_forever().unwrap();
    }

    #[test]
    fn a_report_for_a_source_that_is_gone_does_not_reach_the_next_one_in_its_place() {
        let event_loop = EventLoop::new().unwrap();
        let inner = event_loop.inner();
        let (near, mut far) = UnixStream::pair().unwrap();
        // As a child has it between fork and exec: the registration outlives the descriptor.
        let elsewhere = near.try_clone().unwrap();
        let former = Rc::new(Counter::default());
        let key = inner.add_source(near.as_raw_fd(), Interest::Read, former.clone()).unwrap();
        far.write_all(b"x").unwrap();
        look(&event_loop);
        assert_eq!(former.0.get(), 1);
        inner.remove_closing_source(key, near.as_raw_fd());
        drop(near);
        let (other, _its_peer) = UnixStream::pair().unwrap();
        let next = Rc::new(Counter::default());
        let next_key = inner.add_source(other.as_raw_fd(), Interest::Read, next.clone()).unwrap();
        assert_eq!(next_key.place(), key.place());
        far.write_all(b"x").unwrap();
        look(&event_loop);
        assert_eq!((former.0.get(), next.0.get()), (1, 0));
        inner.remove_source(next_key, other.as_raw_fd());
        drop(elsewhere);
        event_loop.close().unwrap();
    }
}
