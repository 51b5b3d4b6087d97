//! The poller on Windows: mio's, which asks the system's socket driver and a completion port.
//!
//! mio arms a socket again when an operation of its own types finds it blocked. Here the operations are this room's, so
//! they tell [`blocked`], which finds the socket in a table of the thread. Named pipes do their work in the background
//! and report it through the same port. The end of a child is reported by a thread of the system's, which leaves the
//! child's key in a list and wakes the poller. Type-checked, and never run so far.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;
use std::io;
use std::mem::ManuallyDrop;
use std::os::windows::io::{FromRawSocket, IntoRawSocket};
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use mio::event::Source;
use mio::net::TcpStream;
use mio::windows::NamedPipe;
use mio::{Events, Poll, Registry, Token, Waker};

use super::RawFd;
use super::readiness::{Interest, Readiness};
use super::wait::Wait;

/// Reports that one `wait` can bring: more only take another round.
const EVENTS: usize = 1024;

/// The token of the wake-up, out of the reach of a slab.
const WAKE: Token = Token(usize::MAX);

thread_local! {
    /// The sockets that are registered with some poller of this thread.
    static SOCKETS: RefCell<HashMap<RawFd, Registered>> = RefCell::default();
    /// The handles of this thread that are no sockets.
    static HANDLES: RefCell<HashMap<RawFd, Handle>> = RefCell::default();
}

/// A socket as mio wants it. It is borrowed: its owner closes it.
struct Registered {
    socket: ManuallyDrop<TcpStream>,
    registry: Rc<Registry>,
    token: Token,
    interest: mio::Interest,
}

/// What a handle is that is no socket.
#[derive(Clone)]
pub(super) enum Handle {
    Pipe(Rc<RefCell<NamedPipe>>),
    /// A child; what it stands for is waited for by the system.
    Process,
}

/// From now on this number is that of a handle, until [`forget`].
pub(super) fn remember(number: RawFd, handle: Handle) {
    HANDLES.with_borrow_mut(|handles| handles.insert(number, handle));
}

pub(super) fn forget(number: RawFd) {
    // A thread that ends has forgotten everything.
    let _ = HANDLES.try_with(|handles| handles.borrow_mut().remove(&number));
}

/// An operation on a socket found it blocked, or has used up what was there: it is reported when that changes.
pub(super) fn blocked(socket: RawFd) {
    // A socket that nobody watches, or that is used while its thread ends, has nobody to be told.
    let _ = SOCKETS.try_with(|sockets| {
        if let Some(registered) = sockets.borrow_mut().get_mut(&socket) {
            let Registered { socket, registry, token, interest } = registered;
            if let Err(error) = socket.reregister(registry, *token, *interest) {
                crate::log::record!(error, "ASY0026: a socket cannot be watched any more: {error}");
            }
        }
    });
}

/// The loop's poller.
pub(crate) struct Driver {
    /// `None` once it was closed.
    poll: RefCell<Option<Poll>>,
    registry: Rc<Registry>,
    events: RefCell<Events>,
    unparker: Unparker,
    waits: RefCell<HashMap<RawFd, Wait>>,
}

impl Driver {
    /// Whether the system forgets a socket of its own accord when it is closed. mio does not.
    pub(crate) const CLOSING_REMOVES: bool = false;

    pub(crate) fn new() -> io::Result<Self> {
        let poll = Poll::new()?;
        let registry = Rc::new(poll.registry().try_clone()?);
        let waker = Arc::new(Waker::new(&registry, WAKE)?);
        Ok(Self {
            poll: RefCell::new(Some(poll)),
            registry,
            events: RefCell::new(Events::with_capacity(EVENTS)),
            unparker: Unparker { waker, ended: Arc::default() },
            waits: RefCell::default(),
        })
    }

    pub(crate) fn unparker(&self) -> Unparker {
        self.unparker.clone()
    }

    /// Registers a socket or handle; its reports carry `key`. It must be removed before it is closed.
    pub(crate) fn add(&self, fd: RawFd, key: usize, interest: Interest) -> io::Result<()> {
        self.check()?;
        match known(fd) {
            Some(Handle::Pipe(pipe)) => pipe.borrow_mut().register(&self.registry, Token(key), interest.into()),
            Some(Handle::Process) => {
                let unparker = self.unparker();
                let wait = Wait::new(fd, move || unparker.child_ended(key))?;
                self.waits.borrow_mut().insert(fd, wait);
                Ok(())
            }
            None => self.add_socket(fd, Token(key), interest.into()),
        }
    }

    fn add_socket(&self, fd: RawFd, token: Token, interest: mio::Interest) -> io::Result<()> {
        // SAFETY: the caller has the socket open, and removes it before it closes it. `ManuallyDrop` never closes it.
        let mut socket = ManuallyDrop::new(unsafe { TcpStream::from_raw_socket(fd) });
        let registry = self.registry.clone();
        if let Err(error) = socket.register(&registry, token, interest) {
            let_go(socket);
            return Err(error);
        }
        let former =
            SOCKETS.with_borrow_mut(|sockets| sockets.insert(fd, Registered { socket, registry, token, interest }));
        former.into_iter().for_each(|former| let_go(former.socket));
        Ok(())
    }

    /// Changes the interest, and reports anew what is still ready.
    pub(crate) fn modify(&self, fd: RawFd, key: usize, interest: Interest) -> io::Result<()> {
        self.check()?;
        match known(fd) {
            Some(Handle::Pipe(pipe)) => pipe.borrow_mut().reregister(&self.registry, Token(key), interest.into()),
            // Its end is reported once, and stays so.
            Some(Handle::Process) => Ok(()),
            None => SOCKETS.with_borrow_mut(|sockets| {
                let registered = sockets.get_mut(&fd).ok_or(io::ErrorKind::NotFound)?;
                (registered.token, registered.interest) = (Token(key), interest.into());
                registered.socket.reregister(&self.registry, registered.token, registered.interest)
            }),
        }
    }

    /// Forgets a socket or handle.
    pub(crate) fn remove(&self, fd: RawFd) -> io::Result<()> {
        self.check()?;
        match known(fd) {
            Some(Handle::Pipe(pipe)) => pipe.borrow_mut().deregister(&self.registry),
            Some(Handle::Process) => {
                let wait = self.waits.borrow_mut().remove(&fd);
                wait.map(drop).ok_or_else(|| io::ErrorKind::NotFound.into())
            }
            None => {
                let registered = SOCKETS.with_borrow_mut(|sockets| sockets.remove(&fd));
                let mut registered = registered.ok_or(io::ErrorKind::NotFound)?;
                let result = registered.socket.deregister(&self.registry);
                let_go(registered.socket);
                result
            }
        }
    }

    /// Sleeps until something is ready, `timeout` is over (`None`: for ever) or somebody wakes.
    pub(crate) fn wait(&self, timeout: Option<Duration>) -> io::Result<()> {
        let mut events = self.events.borrow_mut();
        let mut poll = self.poll.borrow_mut();
        poll.as_mut().ok_or_else(closed)?.poll(&mut events, timeout)
    }

    /// Gives the poller back to the system; the wake-up goes with its last holder.
    pub(crate) fn close(&self) {
        let (poll, waits) = (self.poll.take(), self.waits.take());
        drop(waits);
        drop(poll);
    }

    /// Whether the last `wait` found anything.
    pub(crate) fn found_any(&self) -> bool {
        !self.events.borrow().is_empty()
    }

    /// Hands out what the last `wait` found: the children that have ended, and then the rest in the system's order.
    pub(crate) fn drain(&self, mut each: impl FnMut(usize, Readiness)) {
        for key in self.unparker.take_ended() {
            each(key, Readiness::READABLE);
        }
        for event in self.events.borrow().iter() {
            if event.token() != WAKE {
                each(event.token().0, Readiness::of(event));
            }
        }
    }

    fn check(&self) -> io::Result<()> {
        if self.poll.borrow().is_some() { Ok(()) } else { Err(closed()) }
    }
}

fn known(number: RawFd) -> Option<Handle> {
    HANDLES.with_borrow(|handles| handles.get(&number).cloned())
}

/// Frees what mio has for a socket; the socket itself stays open.
fn let_go(socket: ManuallyDrop<TcpStream>) {
    let _still_open = ManuallyDrop::into_inner(socket).into_raw_socket();
}

fn closed() -> io::Error {
    io::Error::other("the event loop is closed")
}

/// Ends a `wait`, from any thread.
#[derive(Clone)]
pub(crate) struct Unparker {
    waker: Arc<Waker>,
    /// The keys of children that have ended, and whose loop does not know yet.
    ended: Arc<Mutex<Vec<usize>>>,
}

impl Unparker {
    pub(crate) fn unpark(&self) -> io::Result<()> {
        self.waker.wake()
    }

    /// Runs on a thread of the system's.
    fn child_ended(&self, key: usize) {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner).push(key);
        // It fails if the loop is gone, which then waits for nobody.
        let _ = self.waker.wake();
    }

    fn take_ended(&self) -> Vec<usize> {
        std::mem::take(&mut *self.ended.lock().unwrap_or_else(PoisonError::into_inner))
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
