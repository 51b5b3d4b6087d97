//! `Stream`: a connected stream socket, or a pipe, as a transport.
//!
//! One allocation a connection, and one more for its protocol. What only a congested or tuned connection needs (the
//! write buffer, flow control, limits) is boxed when it is first needed and goes when nothing waits any more.

mod callbacks;
mod closing;
mod file;
mod io;
mod reading;
mod writing;

use std::cell::{Cell, RefCell};
use std::fmt;
use std::io as std_io;
use std::panic::Location;
use std::rc::{Rc, Weak};

use super::checked::checked;
use super::flow_control::{FlowControl, HARD_LIMIT};
use super::network::{Live, LiveKey, Network};
use super::pipe::HasPipe;
use super::room::Room;
use super::state::State;
use super::trsock::HasSocket;
use super::unread::Unread;
use super::write_buffer::WriteBuffer;
use super::{Endpoint, Transport, TransportPipe, TransportSocket};
use crate::context::{self, Context};
use crate::event_loop::{Inner, Source, SourceKey};
use crate::exceptions::Error;
use crate::future::Future;
use crate::sys::{self, Address, Channel, Direction, Pipe, RawFd, Readiness, Socket};
use file::FileSender;

/// Who counts the connection among its own: a server.
pub(crate) trait Owner {
    fn attached(&self);
    /// The connection is lost and its socket closed.
    fn detached(&self);
}

/// A channel, and how a transport shows it to the program.
pub(crate) trait Medium: Channel + Sized {
    /// Whether it is of TCP itself, as far as is known.
    fn is_tcp(&self) -> bool {
        false
    }

    /// Has the transport told when the channel is ready.
    fn watch(stream: &Rc<Stream<Self>>) -> std_io::Result<()> {
        stream.watch_descriptor()
    }

    /// The descriptor, if it is that of a socket.
    fn socket_fd(&self) -> Option<RawFd> {
        None
    }

    fn socket(_stream: Rc<Stream<Self>>) -> Option<TransportSocket> {
        None
    }

    fn pipe(_stream: Rc<Stream<Self>>) -> Option<TransportPipe> {
        None
    }
}

/// A connected stream socket, or a pipe.
pub(crate) struct Stream<M = Socket> {
    this: Weak<Self>,
    net: Rc<Network>,
    owner: Option<Rc<dyn Owner>>,
    /// `None` once the connection is lost, so that a protocol which keeps its transport can go.
    endpoint: RefCell<Option<Rc<dyn Endpoint>>>,
    /// The rare part; the state says whether it is there.
    outgoing: RefCell<Option<Box<Outgoing>>>,
    /// In which the callbacks run; taken out while they do.
    context: Cell<Option<Context>>,
    source: Cell<Option<SourceKey>>,
    live: Cell<Option<LiveKey>>,
    channel: M,
    state: Cell<State>,
    /// Received, and not taken by the protocol.
    unread: Cell<Option<Box<Unread>>>,
    peer: Option<Address>,
}

/// What a connection needs while something waits to be sent, or after somebody changed a limit.
#[derive(Debug)]
struct Outgoing {
    buffer: WriteBuffer,
    flow: FlowControl,
    hard_limit: usize,
    /// `connection_lost` fell due while the protocol was busy.
    late: Option<Option<Error>>,
    file: FileSender,
    /// Who waits for room, if anybody does.
    room: Option<Rc<Room>>,
    /// Kept from the socket when it was closed.
    sockname: Option<Address>,
}

impl Default for Outgoing {
    fn default() -> Self {
        Self {
            buffer: WriteBuffer::default(),
            flow: FlowControl::default(),
            hard_limit: HARD_LIMIT,
            late: None,
            file: FileSender::default(),
            room: None,
            sockname: None,
        }
    }
}

impl Outgoing {
    /// Whether nothing would be lost if this were forgotten.
    fn is_default(&self) -> bool {
        self.buffer.is_empty()
            && self.flow.is_default()
            && self.hard_limit == HARD_LIMIT
            && self.sockname.is_none()
            && self.late.is_none()
            && self.file.is_default()
            && self.room.is_none()
    }
}

impl<M: Medium> Stream<M> {
    /// Takes over a connected channel and registers it; nothing happens until [`start`](Self::start).
    pub(crate) fn new(
        net: &Rc<Network>,
        channel: M,
        peer: Option<Address>,
        endpoint: Rc<dyn Endpoint>,
        owner: Option<Rc<dyn Owner>>,
    ) -> std_io::Result<Rc<Self>> {
        if channel.is_tcp() {
            channel.hurry();
        }
        let mut state = State::new(channel.direction());
        state.set_uncertain(!channel.is_tcp());
        state.set_buffered(endpoint.is_buffered());
        let endpoint = checked(net.inner(), endpoint);
        let stream = Rc::new_cyclic(|this| Self {
            this: this.clone(),
            net: net.clone(),
            owner,
            endpoint: RefCell::new(Some(endpoint)),
            outgoing: RefCell::new(None),
            context: Cell::new(context::snapshot()),
            source: Cell::new(None),
            live: Cell::new(None),
            state: Cell::new(state),
            unread: Cell::new(None),
            channel,
            peer,
        });
        M::watch(&stream)?;
        stream.live.set(Some(net.enter(stream.this.clone())));
        if let Some(owner) = &stream.owner {
            owner.attached();
        }
        Ok(stream)
    }

    fn watch_descriptor(self: &Rc<Self>) -> std_io::Result<()> {
        let fd = self.channel.fileno().unwrap_or(sys::CLOSED);
        match self.net.inner().add_source(fd, self.channel.interest(), self.clone()) {
            Ok(key) => self.source.set(Some(key)),
            // Nothing will ever be reported of it.
            Err(error) if sys::is_always_ready(&error) => {
                self.change(|state| state.set_readiness(Readiness::READABLE.or(Readiness::WRITABLE)));
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Schedules `connection_made`; `waiter` is told when it has returned, and reading begins.
    pub(crate) fn start(self: &Rc<Self>, waiter: Option<Future<()>>) {
        let stream = self.clone();
        self.net.inner().call_soon_internal(move || stream.connection_made(waiter));
    }

    /// Where the program asked for it.
    pub(crate) fn made_at(&self, site: &'static Location<'static>) {
        self.net.made_at(self.live.get(), site);
    }

    pub(crate) fn transport(self: &Rc<Self>) -> Transport {
        Transport::new(self.clone())
    }

    pub(crate) fn channel(&self) -> &M {
        &self.channel
    }

    pub(crate) fn loop_inner(&self) -> &Rc<Inner> {
        self.net.inner()
    }

    /// Changes the state by one transition, and returns what it says.
    #[inline]
    fn change<R>(&self, transition: impl FnOnce(&mut State) -> R) -> R {
        let mut state = self.state.get();
        let result = transition(&mut state);
        self.state.set(state);
        result
    }

    /// Runs it in the next batch, to go on with what was reported.
    fn queue(&self) {
        if self.change(State::queue) {
            if let Some(this) = self.this.upgrade() {
                self.net.inner().queue_source(this);
            }
        }
    }

    /// Calls `f` with the rare part, made if need be.
    fn with_outgoing<R>(&self, f: impl FnOnce(&mut Outgoing) -> R) -> R {
        self.change(|state| state.set_special(true));
        f(self.outgoing.borrow_mut().get_or_insert_default())
    }

    /// The transport that the protocol has, if a layer is between.
    fn outer(&self) -> Option<Transport> {
        self.endpoint.borrow().as_ref()?.outer()
    }

    /// Whether the loop has it among those that it reports to.
    fn has_source(&self) -> bool {
        let source = self.source.take();
        self.source.set(source);
        source.is_some()
    }

    /// Whether something waits to be sent.
    fn has_waiting(&self) -> bool {
        let any = || self.outgoing.borrow().as_ref().is_some_and(|outgoing| !outgoing.buffer.is_empty());
        self.state.get().is_special() && any()
    }
}

impl Medium for Socket {
    fn is_tcp(&self) -> bool {
        Self::is_tcp(self)
    }

    fn socket_fd(&self) -> Option<RawFd> {
        self.fileno()
    }

    fn socket(stream: Rc<Stream>) -> Option<TransportSocket> {
        Some(TransportSocket::new(stream))
    }
}

impl Medium for Pipe {
    fn pipe(stream: Rc<Stream<Self>>) -> Option<TransportPipe> {
        Some(TransportPipe::new(stream))
    }
}

impl<M: Medium> Source for Stream<M> {
    #[inline]
    fn on_event(&self, readiness: Readiness) -> bool {
        self.change(|state| state.report(readiness))
    }

    fn run(self: Rc<Self>) {
        self.state.set(self.state.get().dequeued());
        let transport = self.transport();
        self.in_context(|| {
            self.read_ready(&transport);
            if self.state.get().has_more_to_do() {
                self.write_ready(&transport);
                self.watch_half_open();
                self.settle_if_special(&transport);
            }
        });
    }
}

impl<M: Medium> Live for Stream<M> {
    fn loop_closed(self: Rc<Self>) {
        self.forget();
    }

    fn client_of(self: Rc<Self>, server: *const ()) -> Option<Transport> {
        let owner = self.owner.as_ref()?;
        let is_client = Rc::as_ptr(owner).cast::<()>() == server;
        is_client.then(|| self.outer().unwrap_or_else(|| self.transport()))
    }
}

impl HasSocket for Stream {
    fn socket(&self) -> &Socket {
        &self.channel
    }
}

impl HasPipe for Stream<Pipe> {
    fn pipe(&self) -> &Pipe {
        &self.channel
    }
}

impl<M: Medium> fmt::Debug for Stream<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state.get();
        f.write_str("<Transport")?;
        match self.channel.fileno() {
            Some(fd) => write!(f, " fd={fd}")?,
            None if state.is_lost() => f.write_str(" closed")?,
            None => {}
        }
        if let Some(peer) = &self.peer {
            write!(f, " peer={peer}")?;
        }
        if !state.is_lost() {
            let reading = if self.channel.direction() == Direction::Write { "writing" } else { state.name() };
            let waiting = self.outgoing.borrow().as_ref().map_or(0, |outgoing| outgoing.buffer.size());
            write!(f, " {reading}, {waiting} bytes to send")?;
        }
        f.write_str(">")
    }
}
