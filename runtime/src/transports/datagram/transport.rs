//! `DatagramTransport`: the handle by which protocols and others use an endpoint.

use std::fmt;
use std::net::SocketAddr;
use std::rc::Rc;

use super::super::checked::checked_datagrams_after;
use super::super::flow_control::Limits;
use super::super::room::Room;
use super::super::state::State;
use super::super::{DatagramEndpoint, ExtraInfo, TransportSocket};
use super::Datagram;
use crate::exceptions::{Error, Result};
use crate::sys::{Address, SockAddr, UnixAddress};

/// A datagram endpoint: sends datagrams, steers its receiving, ends it. Python: `asyncio.DatagramTransport`.
///
/// A clonable handle that stays on the loop's thread. Every method may be called at any time, from inside any callback
/// of the protocol too; after the end they do nothing. It is made by
/// [`create_datagram_endpoint`](crate::EventLoop::create_datagram_endpoint).
///
/// # Examples
///
/// ```
/// use std::net::SocketAddr;
///
/// use asyncio::DatagramTransport;
///
/// struct Echo;
///
/// #[asyncio::protocol]
/// impl Echo {
///     fn datagram_received(&mut self, transport: &DatagramTransport, data: &[u8], addr: SocketAddr) -> asyncio::Result<()> {
///         transport.sendto(data, addr)
///     }
/// }
/// ```
#[derive(Clone)]
pub struct DatagramTransport(Rc<Datagram>);

impl DatagramTransport {
    pub(super) fn new(datagram: Rc<Datagram>) -> Self {
        Self(datagram)
    }

    /// Sends one datagram, now or as soon as the system takes it. Python: `DatagramTransport.sendto()`.
    ///
    /// `addr` is an address or `None`, which an endpoint with a `remote_addr` needs no more. Empty data is sent as an
    /// empty datagram.
    ///
    /// The first datagram of a batch of callbacks leaves at once. Others that are sent in the same batch leave together
    /// when it has run, before the loop looks for news or sleeps, and earlier if they are 64, or 60 kB. While several
    /// datagrams that came in are handed to the protocol, all its answers leave together when that is done. Order is
    /// kept. Outside of a running loop each leaves at once.
    ///
    /// Never blocks: what the system does not take is copied and sent later, each datagram by itself. If more
    /// than the high limit waits, [`pause_writing`](crate::DatagramProtocol::pause_writing) is called; one that would
    /// exceed the [hard limit](Self::set_write_hard_limit) is dropped.
    ///
    /// An error of the system, and a drop, go to
    /// [`error_received`](crate::DatagramProtocol::error_received) when the datagram leaves, from inside this call or
    /// right after the callback that is running, and the endpoint stays open. A failed datagram takes no other with it. On an endpoint that is closing or closed the datagram is dropped,
    /// and from the fifth time on a warning is logged.
    ///
    /// # Errors
    ///
    /// `ValueError` if the endpoint has a `remote_addr` and `addr` is another one, or if there is neither.
    pub fn sendto(&self, data: &[u8], addr: impl Into<Option<SocketAddr>>) -> Result<()> {
        match addr.into() {
            Some(addr) if self.0.gather_another(data, &addr) => Ok(()),
            addr => self.0.send_or_keep(data, addr.map(Address::from)),
        }
    }

    /// Sends one datagram to a unix socket. Python: `DatagramTransport.sendto()` with a path.
    ///
    /// As [`sendto`](Self::sendto) in everything else, but that each datagram leaves at once if the receiver has room.
    /// The system does not say when a receiver has room again to whom the endpoint is not connected: it is tried again
    /// after 1 ms, then after twice that, up to 64 ms, and what is sent later waits behind it.
    ///
    /// # Errors
    ///
    /// `ValueError` if the endpoint has a `remote_path` and `addr` is another one, if no socket can have that name, or
    /// if the endpoint is one of the Internet's.
    pub fn sendto_path(&self, data: &[u8], addr: impl Into<UnixAddress>) -> Result<()> {
        let addr = addr.into();
        if let Err(error) = SockAddr::try_from(&addr) {
            return Err(Error::value_error(format!("sendto_path: {addr} cannot be the name of a socket: {error}")));
        }
        self.0.send_or_keep(data, Some(addr.into()))
    }

    /// Ends the endpoint: receiving stops at once, what waits is still sent. Python: `BaseTransport.close()`.
    ///
    /// Then [`connection_lost`](crate::DatagramProtocol::connection_lost) is called with `None`, never from inside this
    /// call. Calling it twice is harmless.
    pub fn close(&self) {
        self.0.close_endpoint();
    }

    /// Ends the endpoint and drops what was not sent. Python: `DatagramTransport.abort()`.
    ///
    /// [`connection_lost`](crate::DatagramProtocol::connection_lost) is called with `None` in the next tick. Calling it
    /// twice is harmless.
    pub fn abort(&self) {
        self.0.abort_endpoint();
    }

    /// Whether the endpoint has ended, or was told to. Python: `BaseTransport.is_closing()`.
    pub fn is_closing(&self) -> bool {
        self.0.state.get().is_closing()
    }

    /// Nothing is received until [`resume_reading`](Self::resume_reading). Python: `pause_reading()`.
    ///
    /// Datagrams wait in the system meanwhile, which drops those for which it has no room. Calling it twice is harmless.
    pub fn pause_reading(&self) {
        if self.0.change(State::pause) && self.0.net.inner().get_debug() {
            crate::log::record!(debug, "{self:?} pauses reading");
        }
    }

    /// Goes on receiving. Python: `resume_reading()`.
    ///
    /// Does nothing unless reading is paused.
    pub fn resume_reading(&self) {
        if self.0.change(State::resume) {
            if self.0.net.inner().get_debug() {
                crate::log::record!(debug, "{self:?} resumes reading");
            }
            // What was reported meanwhile is not reported again.
            if self.0.may_read() {
                self.0.queue();
            }
        }
    }

    /// Whether it receives: neither paused nor closing. Python: `is_reading()`.
    pub fn is_reading(&self) -> bool {
        self.0.state.get().is_reading()
    }

    /// Sets how many waiting bytes pause the protocol, and at how few it goes on. Python:
    /// `set_write_buffer_limits()`.
    ///
    /// Each waiting datagram counts 8 bytes more than it has. Without both the limits are 64 KiB and 16 KiB; one alone
    /// determines the other, low being a quarter of high. They count at once: `pause_writing` may be called from inside
    /// this call.
    ///
    /// # Errors
    ///
    /// `ValueError` if `low` is more than `high`.
    pub fn set_write_buffer_limits(&self, high: impl Into<Option<usize>>, low: impl Into<Option<usize>>) -> Result<()> {
        let limits = Limits::new(high.into(), low.into())?;
        self.0.flush_gathered();
        let mut outgoing = self.0.outgoing.borrow_mut();
        let size = outgoing.queue.size();
        outgoing.flow.set_limits(limits, size);
        drop(outgoing);
        self.0.settle_now();
        Ok(())
    }

    /// The limits, low before high as in Python: `get_write_buffer_limits()`.
    pub fn get_write_buffer_limits(&self) -> (usize, usize) {
        let Limits { high, low } = self.0.outgoing.borrow().flow.limits();
        (low, high)
    }

    /// How many bytes wait to be sent, with 8 more for each datagram. Python: `get_write_buffer_size()`.
    pub fn get_write_buffer_size(&self) -> usize {
        self.0.flush_gathered();
        self.0.outgoing.borrow().queue.size()
    }

    /// Sets how many bytes may wait before datagrams are dropped: 64 MiB unless this is called.
    ///
    /// A protocol that obeys `pause_writing` never comes near it.
    pub fn set_write_hard_limit(&self, bytes: usize) {
        self.0.flush_gathered();
        self.0.outgoing.borrow_mut().hard_limit = bytes;
    }

    /// How many datagrams [`sendto`](Self::sendto) has dropped: too much waited, or the endpoint was closing.
    pub fn dropped_datagrams(&self) -> u64 {
        self.0.flush_gathered();
        self.0.outgoing.borrow().dropped
    }

    /// The address that the socket is connected to, by `remote_addr`; also after the end. Python:
    /// `get_extra_info("peername")`.
    pub fn peername(&self) -> Option<SocketAddr> {
        self.0.peer()?.internet()
    }

    /// As [`peername`](Self::peername), of a unix socket.
    pub fn unix_peername(&self) -> Option<UnixAddress> {
        self.0.peer()?.unix()
    }

    /// The endpoint's own address; also after the end. Python: `get_extra_info("sockname")`.
    pub fn sockname(&self) -> Option<SocketAddr> {
        self.0.local_address()?.internet()
    }

    /// As [`sockname`](Self::sockname), of a unix socket; one without a `local_path` is `Unnamed`.
    pub fn unix_sockname(&self) -> Option<UnixAddress> {
        self.0.local_address()?.unix()
    }

    /// A view of the socket. Python: `get_extra_info("socket")`.
    pub fn socket(&self) -> TransportSocket {
        TransportSocket::new(self.0.clone())
    }

    /// What is known under one of Python's names: `peername`, `sockname`, `socket`. Python:
    /// `BaseTransport.get_extra_info()`.
    ///
    /// [`peername`](Self::peername), [`sockname`](Self::sockname) and [`socket`](Self::socket) are the same with types.
    pub fn get_extra_info(&self, name: &str) -> Option<ExtraInfo> {
        ExtraInfo::named(name, || self.0.peer(), || self.0.local_address(), || self.socket())
    }

    /// In which room to wait until more can be sent; `None`: it can be now.
    pub(in crate::transports) fn room(&self) -> Result<Option<Rc<Room>>> {
        self.0.room_to_wait_in()
    }

    /// The protocol, in whatever type.
    pub(crate) fn endpoint(&self) -> Option<Rc<dyn DatagramEndpoint>> {
        self.0.endpoint.borrow().clone()
    }

    pub(crate) fn set_endpoint(&self, endpoint: Rc<dyn DatagramEndpoint>) {
        if self.0.state.get().is_lost() {
            return;
        }
        let former = self.0.endpoint.borrow().clone();
        let endpoint = checked_datagrams_after(self.0.net.inner(), former, endpoint);
        let former = self.0.endpoint.replace(Some(endpoint));
        drop(former);
    }
}

impl PartialEq for DatagramTransport {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for DatagramTransport {}

impl fmt::Debug for DatagramTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
