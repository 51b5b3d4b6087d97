//! Registered descriptors: who owns which, and who hears of its readiness.

use std::cell::RefCell;
use std::collections::HashMap;
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

/// Names a registered source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SourceKey(usize);

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
    entries: RefCell<Slab<Rc<dyn Source>>>,
    /// Which entry a descriptor belongs to.
    descriptors: RefCell<HashMap<RawFd, (SourceKey, Kind)>>,
}

impl Sources {
    pub(super) fn new() -> Self {
        Self { entries: RefCell::new(Slab::new()), descriptors: RefCell::new(HashMap::new()) }
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
            if let Some(source) = entries.get(key).filter(|source| source.on_event(readiness)) {
                queue(source.clone());
            }
        });
        reports
    }

    pub(super) fn len(&self) -> usize {
        self.entries.borrow().len()
    }

    pub(super) fn owner(&self, fd: RawFd) -> Option<(SourceKey, Kind)> {
        self.descriptors.borrow().get(&fd).copied()
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
        let key = SourceKey(self.sources.entries.borrow_mut().insert(source));
        if let Err(error) = self.driver.add(fd, key.0, interest) {
            drop(self.sources.entries.borrow_mut().try_remove(key.0));
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

    /// Forgets a source; before its descriptor is closed.
    pub(crate) fn remove_source(&self, key: SourceKey, fd: RawFd) {
        if let Err(error) = self.driver.remove(fd) {
            // Its owner closed it early, or this is the child of a fork: there is nothing left to remove.
            crate::log::record!(debug, "descriptor {fd} was not registered any more: {error}");
        }
        let mut descriptors = self.sources.descriptors.borrow_mut();
        if descriptors.get(&fd).is_some_and(|owner| owner.0 == key) {
            descriptors.remove(&fd);
        }
        drop(descriptors);
        let source = self.sources.entries.borrow_mut().try_remove(key.0);
        drop(source);
    }

    /// Runs a source in the next batch although no report came. The source makes sure that it is queued once.
    pub(crate) fn queue_source(&self, source: Rc<dyn Source>) {
        self.push(Ready::Source(source));
    }

    pub(super) fn drop_sources(&self) {
        self.sources.descriptors.borrow_mut().clear();
        let sources = std::mem::take(&mut *self.sources.entries.borrow_mut());
        sources.into_iter().for_each(|(_, source)| self.let_go(source));
    }
}

pub(super) fn used_by_transport(fd: RawFd) -> Error {
    Error::runtime_error(format!(
        "descriptor {fd} is used by a transport; use the transport, or a descriptor of your own"
    ))
}
