//! The accept loop of one listening socket.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::io;
use std::rc::{Rc, Weak};

use super::server::Core;
use crate::constants::ACCEPT_RETRY_DELAY;
use crate::context::{self, Context, Entered};
use crate::event_loop::{ExceptionContext, Source, SourceKey};
use crate::exceptions::Error;
use crate::handle::TimerHandle;
use crate::sys::{self, Interest, Readiness, Socket};
use crate::transports::{HasSocket, Live, LiveKey, TransportSocket};

/// A listening socket. It keeps its server alive while it listens, for then clients can come.
pub(super) struct Acceptor {
    this: Weak<Self>,
    socket: Socket,
    server: RefCell<Option<Rc<Core>>>,
    source: Cell<Option<SourceKey>>,
    live: Cell<Option<LiveKey>>,
    queued: Cell<bool>,
    /// Of whoever began to serve; each connection gets a copy.
    context: Cell<Option<Context>>,
    /// Set while it waits for the system to have descriptors again.
    retry: RefCell<Option<TimerHandle>>,
}

impl Acceptor {
    pub(super) fn new(socket: Socket) -> Rc<Self> {
        Rc::new_cyclic(|this| Self {
            this: this.clone(),
            socket,
            server: RefCell::new(None),
            source: Cell::new(None),
            live: Cell::new(None),
            queued: Cell::new(false),
            context: Cell::new(None),
            retry: RefCell::new(None),
        })
    }

    /// Begins to listen, and to accept.
    pub(super) fn start(self: &Rc<Self>, server: &Rc<Core>, backlog: u32) -> io::Result<()> {
        self.socket.listen(i32::try_from(backlog).unwrap_or(i32::MAX))?;
        let fd = self.socket.fileno().unwrap_or(sys::CLOSED);
        self.source.set(Some(server.net().inner().add_source(fd, Interest::Read, self.clone())?));
        self.live.set(Some(server.net().enter(self.this.clone())));
        self.context.set(context::snapshot());
        *self.server.borrow_mut() = Some(server.clone());
        Ok(())
    }

    /// Stops accepting and closes the socket.
    pub(super) fn close(&self) {
        let server = self.server.take();
        if let Some(server) = &server {
            if let (Some(key), Some(fd)) = (self.source.take(), self.socket.fileno()) {
                server.net().inner().remove_source(key, fd);
            }
            if let Some(key) = self.live.take() {
                server.net().leave(key);
            }
        }
        if let Some(retry) = self.retry.take() {
            retry.cancel();
        }
        self.socket.close();
    }

    pub(super) fn socket_view(self: &Rc<Self>) -> TransportSocket {
        TransportSocket::new(self.clone())
    }

    /// Accepts what waits, but not for ever: other things are due too.
    fn accept_ready(self: &Rc<Self>, server: &Rc<Core>) {
        for _ in 0..=server.backlog() {
            match self.socket.accept() {
                Ok((socket, peer)) => server.serve(socket, peer),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(error) if sys::is_lost_connection(&error) => {}
                Err(error) => return self.out_of_resources(server, error),
            }
            // A protocol's factory may have closed the server.
            if self.server.borrow().is_none() {
                return;
            }
        }
        self.queue(server);
    }

    fn queue(self: &Rc<Self>, server: &Core) {
        if !self.queued.replace(true) {
            server.net().inner().queue_source(self.clone());
        }
    }

    /// The client stays in the system's queue; trying again at once would only burn time.
    #[cold]
    fn out_of_resources(self: &Rc<Self>, server: &Rc<Core>, error: io::Error) {
        let message = if sys::is_out_of_resources(&error) {
            "socket.accept() out of system resource"
        } else {
            "socket.accept() failed"
        };
        let inner = server.net().inner();
        let report = ExceptionContext::new(message).exception(Error::from(error)).code("ASY0017");
        inner.call_exception_handler(report.with("socket", self.socket_view()));
        let this = self.clone();
        let retry = inner.call_later_internal(ACCEPT_RETRY_DELAY, move || {
            this.retry.take();
            let server = this.server.borrow().clone();
            if let Some(server) = server {
                this.queue(&server);
            }
        });
        // The handler may have closed the server; a timer that cannot be had means that the loop was closed.
        if let Ok(retry) = retry {
            if self.server.borrow().is_some() {
                *self.retry.borrow_mut() = Some(retry);
            } else {
                retry.cancel();
            }
        }
    }
}

impl Source for Acceptor {
    fn on_event(&self, _readiness: Readiness) -> bool {
        self.retry.borrow().is_none() && !self.queued.replace(true)
    }

    fn run(self: Rc<Self>) {
        self.queued.set(false);
        // Not borrowed while it accepts: closing takes the server out.
        let server = self.server.borrow().clone();
        if let Some(server) = server {
            let context = self.context.take();
            self.context.set(context.clone());
            let _entered = Entered::new(context);
            self.accept_ready(&server);
        }
    }
}

impl Live for Acceptor {
    fn loop_closed(self: Rc<Self>) {
        let server = self.server.borrow().clone();
        if let Some(server) = server {
            server.loop_closed();
        }
    }
}

impl HasSocket for Acceptor {
    fn socket(&self) -> &Socket {
        &self.socket
    }
}

impl fmt::Debug for Acceptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Acceptor").field("socket", &self.socket).finish_non_exhaustive()
    }
}
