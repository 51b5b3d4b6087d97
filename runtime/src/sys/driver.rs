//! The poller on mio: epoll on Linux, kqueue on macOS and the BSDs.
//!
//! Registrations are edge-triggered, as mio makes them. Whoever needs a level (`add_reader`) arms its descriptor
//! again with [`Driver::modify`] after each report.

use std::cell::RefCell;
use std::fmt;
use std::io;
use std::os::fd::RawFd;
use std::sync::Arc;
use std::time::Duration;

use mio::unix::SourceFd;
use mio::{Events, Poll, Token, Waker};

use super::fork;
use super::readiness::{Interest, Readiness};

/// Reports that one `wait` can bring: more only take another round.
const EVENTS: usize = 1024;

/// The token of the wake-up, out of the reach of a slab.
const WAKE: Token = Token(usize::MAX);

/// The loop's poller. After a `fork` the child shares it with its parent, so every call but dropping is refused there.
pub(crate) struct Driver {
    /// `None` once it was closed.
    poll: RefCell<Option<Poll>>,
    events: RefCell<Events>,
    unparker: Unparker,
    process: fork::Process,
}

impl Driver {
    /// Whether the system forgets a descriptor of its own accord when the last one that leads to its file is closed.
    pub(crate) const CLOSING_REMOVES: bool = cfg!(any(target_os = "linux", target_os = "android"));

    pub(crate) fn new() -> io::Result<Self> {
        let poll = Poll::new()?;
        let process = fork::Process::current();
        let waker = Waker::new(poll.registry(), WAKE)?;
        let unparker = Unparker { waker: Arc::new(waker), process };
        Ok(Self {
            poll: RefCell::new(Some(poll)),
            events: RefCell::new(Events::with_capacity(EVENTS)),
            unparker,
            process,
        })
    }

    pub(crate) fn unparker(&self) -> Unparker {
        self.unparker.clone()
    }

    /// Registers a descriptor; its reports carry `key`. It must be removed before it is closed.
    pub(crate) fn add(&self, fd: RawFd, key: usize, interest: Interest) -> io::Result<()> {
        self.process.check()?;
        open(&mut self.poll.borrow_mut())?.registry().register(&mut SourceFd(&fd), Token(key), interest.into())
    }

    /// Changes the interest, and reports anew what is still ready.
    pub(crate) fn modify(&self, fd: RawFd, key: usize, interest: Interest) -> io::Result<()> {
        self.process.check()?;
        open(&mut self.poll.borrow_mut())?.registry().reregister(&mut SourceFd(&fd), Token(key), interest.into())
    }

    /// Forgets a descriptor. One that was closed already is forgotten by the system itself.
    pub(crate) fn remove(&self, fd: RawFd) -> io::Result<()> {
        self.process.check()?;
        open(&mut self.poll.borrow_mut())?.registry().deregister(&mut SourceFd(&fd))
    }

    /// Sleeps until something is ready, `timeout` is over (`None`: for ever) or somebody wakes.
    ///
    /// A signal ends the sleep too: that is no error, and there is nothing to drain then.
    pub(crate) fn wait(&self, timeout: Option<Duration>) -> io::Result<()> {
        self.process.check()?;
        let mut events = self.events.borrow_mut();
        match open(&mut self.poll.borrow_mut())?.poll(&mut events, timeout) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {
                events.clear();
                Ok(())
            }
            result => result,
        }
    }

    /// Gives the poller's descriptor back to the system; that of the wake-up goes with its last holder.
    pub(crate) fn close(&self) {
        let poll = self.poll.take();
        drop(poll);
    }

    /// Whether the last `wait` found anything.
    pub(crate) fn found_any(&self) -> bool {
        !self.events.borrow().is_empty()
    }

    /// Hands out what the last `wait` found, in the system's order.
    pub(crate) fn drain(&self, mut each: impl FnMut(usize, Readiness)) {
        for event in self.events.borrow().iter() {
            if event.token() != WAKE {
                each(event.token().0, Readiness::of(event));
            }
        }
    }
}

fn open(poll: &mut Option<Poll>) -> io::Result<&mut Poll> {
    poll.as_mut().ok_or_else(|| io::Error::other("the event loop is closed"))
}

/// Ends a `wait`, from any thread or from a signal handler: it is one `write` to a descriptor.
#[derive(Clone)]
pub(crate) struct Unparker {
    waker: Arc<Waker>,
    process: fork::Process,
}

impl Unparker {
    pub(crate) fn unpark(&self) -> io::Result<()> {
        self.process.check()?;
        self.waker.wake()
    }
}

impl fmt::Debug for Driver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Driver").finish_non_exhaustive()
    }
}

impl fmt::Debug for Unparker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unparker").finish_non_exhaustive()
    }
}
