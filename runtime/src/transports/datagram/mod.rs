//! `Datagram`: a datagram socket as a transport.
//!
//! An error belongs to one datagram: it goes to `error_received`, and the endpoint stays open. What is received lies in
//! lent memory, many datagrams at a time; what is sent is gathered for as long as `gathering.rs` says, and what the
//! system does not take then waits as whole datagrams, bounded.

mod callbacks;
mod closing;
mod gathering;
mod memory;
mod queue;
mod receiving;
mod sending;
mod transport;
mod watching;

pub(in crate::transports) use memory::Memory;
pub use transport::DatagramTransport;

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::panic::Location;
use std::rc::{Rc, Weak};
use std::time::Duration;

use super::DatagramEndpoint;
use super::checked::checked_datagrams;
use super::flow_control::{FlowControl, HARD_LIMIT};
use super::network::{Live, LiveKey, Network};
use super::room::Room;
use super::state::State;
use super::trsock::HasSocket;
use crate::context::{self, Context};
use crate::event_loop::{Source, SourceKey};
use crate::exceptions::Error;
use crate::future::Future;
use crate::sys::{Address, Direction, Interest, Readiness, Socket};
use gathering::Gathering;
use queue::Queue;
use receiving::Kept;
use watching::Watching;

/// The first and the longest pause before another attempt to send.
const RETRY: (Duration, Duration) = (Duration::from_millis(1), Duration::from_millis(64));

/// Where the datagrams of an endpoint go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Remote {
    /// To whatever address each of them is given.
    Any,
    /// All to this one, which the socket is not connected to: answers may come from elsewhere.
    Fixed(SocketAddr),
    /// All to the peer that the socket is connected to; `None` if that is of a family that nobody here speaks.
    Connected(Option<Address>),
}

/// A datagram socket.
pub(crate) struct Datagram {
    this: Weak<Self>,
    net: Rc<Network>,
    /// `None` once the endpoint is closed, so that a protocol which keeps its transport can go.
    endpoint: RefCell<Option<Rc<dyn DatagramEndpoint>>>,
    outgoing: RefCell<Outgoing>,
    /// In which the callbacks run; taken out while they do.
    context: Cell<Option<Context>>,
    source: Cell<Option<SourceKey>>,
    live: Cell<Option<LiveKey>>,
    socket: Socket,
    state: Cell<State>,
    /// What was reported and not yet used up.
    readiness: Cell<Readiness>,
    remote: Remote,
    /// Whether it is a unix socket.
    unix: bool,
    /// Whether it is UDP, and not another system's or family's kind of datagrams.
    udp: bool,
    /// Whether the system cuts segments for it.
    segments: Cell<bool>,
    /// Whether the system says when it takes more.
    watches_room: Cell<bool>,
    watching: Watching,
    gathering: Cell<Gathering>,
    /// All that waits was gathered, and the system has not refused it.
    gathered: Cell<bool>,
    /// What came in by the same call as the datagram at which the protocol paused reading; taken out again first.
    kept: RefCell<VecDeque<Kept>>,
    /// Another attempt is planned, because nobody says when a receiver has room.
    retries: Cell<bool>,
    /// How long the next pause before one is.
    retry_after: Cell<Duration>,
    /// Kept from the socket when it was closed.
    sockname: RefCell<Option<Address>>,
}

/// What waits to be sent, and what the protocol has not been told yet.
#[derive(Debug)]
struct Outgoing {
    queue: Queue,
    flow: FlowControl,
    hard_limit: usize,
    /// Who waits for room, if anybody does.
    room: Option<Rc<Room>>,
    /// How many datagrams were dropped because too much waited, or the endpoint was closed.
    dropped: u64,
    /// Of datagrams that failed while the protocol was running.
    errors: VecDeque<Error>,
    /// Errors for which there was no room there.
    more_errors: u64,
}

impl Datagram {
    /// Takes over a socket and registers it; nothing happens until [`start`](Self::start).
    pub(crate) fn new(
        net: &Rc<Network>,
        socket: Socket,
        remote: Remote,
        endpoint: Rc<dyn DatagramEndpoint>,
    ) -> io::Result<Rc<Self>> {
        let udp = socket.is_udp()?;
        let unix = matches!(socket.local_address()?, Some(Address::Unix(_)));
        let endpoint = checked_datagrams(net.inner(), endpoint);
        let datagram = Rc::new_cyclic(|this| Self {
            this: this.clone(),
            net: net.clone(),
            endpoint: RefCell::new(Some(endpoint)),
            outgoing: RefCell::new(Outgoing {
                queue: Queue::default(),
                flow: FlowControl::default(),
                hard_limit: HARD_LIMIT,
                room: None,
                dropped: 0,
                errors: VecDeque::new(),
                more_errors: 0,
            }),
            context: Cell::new(context::snapshot()),
            source: Cell::new(None),
            live: Cell::new(None),
            socket,
            state: Cell::new(State::new(Direction::Both)),
            readiness: Cell::default(),
            remote,
            unix,
            udp,
            segments: Cell::new(udp),
            watches_room: Cell::new(false),
            watching: Watching::default(),
            gathering: Cell::new(Gathering::AtOnce),
            gathered: Cell::new(false),
            kept: RefCell::default(),
            sockname: RefCell::new(None),
            retries: Cell::new(false),
            retry_after: Cell::new(RETRY.0),
        });
        let fd = datagram.socket.fileno().unwrap_or(crate::sys::CLOSED);
        datagram.source.set(Some(net.inner().add_source(fd, Interest::Read, datagram.clone())?));
        datagram.live.set(Some(net.enter(datagram.this.clone())));
        Ok(datagram)
    }

    /// Schedules `connection_made`; `waiter` is told when it has returned, and receiving begins.
    pub(crate) fn start(self: &Rc<Self>, waiter: Future<()>) {
        let datagram = self.clone();
        self.net.inner().call_soon_internal(move || datagram.connection_made(&waiter));
    }

    /// Where the program asked for it.
    pub(crate) fn made_at(&self, site: &'static Location<'static>) {
        self.net.made_at(self.live.get(), site);
    }

    pub(crate) fn transport(self: &Rc<Self>) -> DatagramTransport {
        DatagramTransport::new(self.clone())
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

    /// Its own address, kept from the end on.
    fn local_address(&self) -> Option<Address> {
        let kept = self.sockname.borrow().clone();
        kept.or_else(|| self.socket.local_address().ok().flatten())
    }

    /// Whether something waits to be sent.
    fn has_waiting(&self) -> bool {
        !self.outgoing.borrow().queue.is_empty()
    }

    fn peer(&self) -> Option<Address> {
        match &self.remote {
            Remote::Connected(peer) => peer.clone(),
            Remote::Any | Remote::Fixed(_) => None,
        }
    }
}

impl Source for Datagram {
    #[inline]
    fn on_event(&self, readiness: Readiness) -> bool {
        self.readiness.set(self.readiness.get().or(readiness));
        // A paused endpoint keeps its reports for later.
        let wanted = self.may_read() || self.has_waiting();
        wanted && self.change(State::queue)
    }

    fn run(self: Rc<Self>) {
        self.state.set(self.state.get().dequeued());
        let transport = self.transport();
        self.in_context(|| {
            self.read_ready(&transport);
            self.write_ready(&transport);
            self.settle(&transport);
        });
    }

    fn batch_ended(self: Rc<Self>) {
        self.gathering_ended();
    }
}

impl Live for Datagram {
    fn loop_closed(self: Rc<Self>) {
        self.forget();
    }
}

impl HasSocket for Datagram {
    fn socket(&self) -> &Socket {
        &self.socket
    }
}

impl fmt::Debug for Datagram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state.get();
        f.write_str("<DatagramTransport")?;
        match self.socket.fileno() {
            Some(fd) => write!(f, " fd={fd}")?,
            None => f.write_str(" closed")?,
        }
        if let Some(peer) = self.peer() {
            write!(f, " peer={peer}")?;
        }
        if !state.is_lost() {
            write!(f, " {}, {} bytes to send", state.name(), self.outgoing.borrow().queue.size())?;
        }
        f.write_str(">")
    }
}
