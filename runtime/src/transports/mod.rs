//! Transports: the bytes of one connection, in both directions, and who hears of them.
//!
//! ```text
//!   protocol ── write, close, pause_reading ──▶ Transport (Rc<dyn Io>) ──▶ Stream ── send ──▶ socket, pipe
//!      ▲                                                                     │
//!      └────── data_received, … ── Rc<dyn Endpoint> ◀── lent buffer ── recv ─┘
//! ```
//!
//! A transport never touches the protocol's type, and a callback runs with only the protocol borrowed; so everything
//! on [`Transport`] can be called from inside any callback. A connection that waits holds no buffer, no task and no
//! future.

mod checked;
mod datagram;
mod endpoint;
mod entered;
mod extra_info;
mod flow_control;
mod network;
mod order;
mod pipe;
mod room;
mod sendfile;
mod state;
mod stream;
mod trsock;
mod unread;
mod write_buffer;

pub use datagram::DatagramTransport;
pub use extra_info::ExtraInfo;
pub use pipe::TransportPipe;
pub use room::TransportDrain;
pub use sendfile::Sendfile;
pub use trsock::TransportSocket;

#[cfg(feature = "tls")]
pub(crate) use checked::{checked, checked_after};
pub(crate) use datagram::{Datagram, Remote};
pub(crate) use endpoint::{AnyProtocol, DATA_RECEIVED_FAILED, DatagramEndpoint, Endpoint};
pub(crate) use entered::Entered;
pub(crate) use flow_control::Limits;
pub(crate) use network::{Live, LiveKey, Network};
pub(crate) use room::Room;
pub(crate) use stream::{Medium, Owner, Stream};
pub(crate) use trsock::HasSocket;
#[cfg(feature = "tls")]
pub(crate) use unread::Unread;

use std::fmt;
use std::fs::File;
use std::net::SocketAddr;
use std::rc::Rc;
use std::task::{Context, Poll};

use crate::exceptions::{Error, Result};
use crate::sys::{Address, RawFd, UnixAddress};

/// One connection: writes to it, steers its reading, ends it. Python: `asyncio.Transport`.
///
/// A clonable handle that stays on the loop's thread. Every method may be called at any time, from inside any callback
/// of the protocol too; after the end of the connection they do nothing.
///
/// # Examples
///
/// ```
/// use asyncio::Transport;
///
/// struct Greeter;
///
/// #[asyncio::protocol]
/// impl Greeter {
///     fn connection_made(&mut self, transport: &Transport) {
///         transport.write(b"welcome\n");
///         transport.close();
///     }
/// }
/// ```
#[derive(Clone)]
pub struct Transport(Rc<dyn Io>);

/// What stands behind a [`Transport`].
pub(crate) trait Io: fmt::Debug {
    fn write(&self, data: &[u8]);
    fn try_write(&self, data: &[u8]) -> Result<usize>;
    /// No piece is empty.
    fn write_pieces(&self, pieces: &[&[u8]]);
    fn write_eof(&self);
    fn can_write_eof(&self) -> bool;
    fn close(&self);
    fn abort(&self);
    fn is_closing(&self) -> bool;
    fn pause_reading(&self);
    fn resume_reading(&self);
    fn is_reading(&self) -> bool;
    fn set_limits(&self, limits: Limits);
    fn limits(&self) -> Limits;
    fn set_hard_limit(&self, bytes: usize);
    fn buffered(&self) -> usize;
    /// The writer keeps its bytes itself and waits for room: it is paused, and resumed when there is some.
    #[cfg_attr(not(feature = "tls"), expect(dead_code, reason = "for layers, of which there are none"))]
    fn want_room(&self);
    /// In which room to wait until more can be written; `None`: it can be now. An error if nothing can any more.
    fn room(&self) -> Result<Option<Rc<Room>>>;
    /// Has those who wait there look again: a layer lets nobody write any more.
    #[cfg(feature = "tls")]
    fn leave_room(&self);
    fn peername(&self) -> Option<Address>;
    fn sockname(&self) -> Option<Address>;
    /// The descriptor of the socket, which nobody is shown; `None` if there is none below, or it is closed.
    fn socket_fd(&self) -> Option<RawFd>;
    /// `None` if there is no socket below.
    fn socket(self: Rc<Self>) -> Option<TransportSocket>;
    /// `None` if there is no pipe below.
    fn pipe(self: Rc<Self>) -> Option<TransportPipe>;
    /// What only this kind of transport knows.
    fn extra(&self, _name: &str) -> Option<ExtraInfo> {
        None
    }
    fn endpoint(&self) -> Option<Rc<dyn Endpoint>>;
    /// Whether something was received that the endpoint has not got yet.
    #[cfg(feature = "tls")]
    fn has_unread(&self) -> bool;
    /// `unread` was received before all that waits, and is for the new endpoint.
    fn set_endpoint(&self, endpoint: Rc<dyn Endpoint>, unread: Vec<u8>);
    /// While it is held, the protocol is busy with a handler that awaits: nothing is told to it, no data, no end of the
    /// stream, no flow control, no end of the connection. What falls due meanwhile is told when it is held no more.
    fn set_held(&self, held: bool);
    #[cfg(feature = "tls")]
    fn is_held(&self) -> bool;
    /// Whether the endpoint was told to stop writing, and not to go on.
    #[cfg(feature = "tls")]
    fn has_paused_writer(&self) -> bool;
    /// Whether a file has the connection for itself.
    #[cfg(feature = "tls")]
    fn is_sending_file(&self) -> bool;
    /// Whether the peer reads slower than a handler writes. If so, nothing is received until there is room again.
    fn stop_until_room(&self) -> bool;
    /// Reports the failure of a callback that has returned already, and ends the connection if it is fatal.
    fn callback_failed(&self, message: &'static str, error: Error, fatal: bool);
    /// From now on nothing is received, and what is written is refused, until [`end_sending_file`](Self::end_sending_file).
    fn begin_sending_file(&self) -> Result<()>;
    fn end_sending_file(&self);
    /// Ready once nothing waits to be sent. An error if the connection has ended.
    fn poll_all_sent(&self, cx: &Context<'_>) -> Poll<Result<()>>;
    /// Has the system send a piece of a file as soon as there is room. How long it was; zero is the end of the file.
    /// `SendfileNotAvailableError` if the first piece cannot be sent this way.
    fn poll_send_file(
        &self,
        cx: &Context<'_>,
        file: &File,
        offset: u64,
        size: usize,
        is_first: bool,
    ) -> Poll<Result<usize>>;
    /// Sends a piece of a file that was read by hand, when nothing waits.
    fn send_file_piece(&self, data: &[u8]);
    /// Ends the connection for what the peer has sent. That is no bug, so only `connection_lost` is told.
    fn fail(&self, error: Error);
}

impl Transport {
    pub(crate) fn new(io: Rc<dyn Io>) -> Self {
        Self(io)
    }

    /// What stands behind it.
    pub(crate) fn io(&self) -> &Rc<dyn Io> {
        &self.0
    }

    /// Sends `data`, now or as soon as the system takes it. Python: `WriteTransport.write()`.
    ///
    /// Never blocks: what the system does not take at once is copied and sent later. If more than the high limit waits,
    /// [`pause_writing`](crate::Protocol::pause_writing) is called; if more than the
    /// [hard limit](Self::set_write_hard_limit) waits, the connection ends. [`drain`](Self::drain) waits for room. Data that is written after the end of the
    /// connection is dropped, and from the fifth time on a warning is logged.
    ///
    /// Writing after [`write_eof`](Self::write_eof), or while [`sendfile`](crate::EventLoop::sendfile) sends a file, is a
    /// mistake that goes to the exception handler; the data is dropped.
    #[inline]
    pub fn write(&self, data: &[u8]) {
        self.0.write(data);
    }

    /// Sends as much of `data` as the system takes at once, and says how much that was; nothing is kept.
    ///
    /// If that is less than all, [`pause_writing`](crate::Protocol::pause_writing) is called, and
    /// [`resume_writing`](crate::Protocol::resume_writing) when there is room again.
    ///
    /// # Errors
    ///
    /// `RuntimeError` after [`write_eof`](Self::write_eof) and while a file is being sent; `OsError` if the connection has ended or is being closed.
    pub fn try_write(&self, data: &[u8]) -> Result<usize> {
        self.0.try_write(data)
    }

    /// Sends several pieces, with one system call where that is possible. Python: `WriteTransport.writelines()`.
    ///
    /// As [`write`](Self::write) in everything else; empty pieces are skipped.
    ///
    /// # Examples
    ///
    /// ```
    /// fn answer(transport: &asyncio::Transport, head: &str, body: &[u8]) {
    ///     transport.writelines([head.as_bytes(), b"\r\n", body]);
    /// }
    /// ```
    pub fn writelines<I>(&self, lines: I)
    where
        I: IntoIterator<Item: AsRef<[u8]>>,
    {
        let lines: Vec<I::Item> = lines.into_iter().collect();
        let pieces: Vec<&[u8]> = lines.iter().map(AsRef::as_ref).filter(|line| !line.is_empty()).collect();
        self.0.write_pieces(&pieces);
    }

    /// Says that nothing more will be written, once all that was written is sent. Python: `WriteTransport.write_eof()`.
    ///
    /// The peer sees the end of the stream; data still comes in. A pipe that is written to is closed. Calling it twice,
    /// or on a connection that is being closed, does nothing.
    pub fn write_eof(&self) {
        self.0.write_eof();
    }

    /// Whether [`write_eof`](Self::write_eof) is possible; only a pipe to be read has no such end. Python: `WriteTransport.can_write_eof()`.
    pub fn can_write_eof(&self) -> bool {
        self.0.can_write_eof()
    }

    /// Ends the connection: reading stops at once, what was written is still sent. Python: `BaseTransport.close()`.
    ///
    /// Then [`connection_lost`](crate::Protocol::connection_lost) is called with `None`, never from inside this call.
    /// Calling it twice is harmless.
    pub fn close(&self) {
        self.0.close();
    }

    /// Ends the connection and drops what was not sent. Python: `WriteTransport.abort()`.
    ///
    /// [`connection_lost`](crate::Protocol::connection_lost) is called with `None` in the next tick. Calling it twice
    /// is harmless.
    pub fn abort(&self) {
        self.0.abort();
    }

    /// Whether the connection has ended, or was told to. Python: `BaseTransport.is_closing()`.
    pub fn is_closing(&self) -> bool {
        self.0.is_closing()
    }

    /// Nothing is received until [`resume_reading`](Self::resume_reading). Python: `ReadTransport.pause_reading()`.
    ///
    /// Once it has returned, [`data_received`](crate::Protocol::data_received) is not called. Calling it twice is
    /// harmless.
    pub fn pause_reading(&self) {
        self.0.pause_reading();
    }

    /// Goes on receiving. Python: `ReadTransport.resume_reading()`.
    ///
    /// Does nothing unless reading is paused.
    pub fn resume_reading(&self) {
        self.0.resume_reading();
    }

    /// Whether it receives: neither paused nor closing. Python: `ReadTransport.is_reading()`.
    pub fn is_reading(&self) -> bool {
        self.0.is_reading()
    }

    /// Sets how many waiting bytes pause the writer, and at how few it goes on. Python:
    /// `WriteTransport.set_write_buffer_limits()`.
    ///
    /// Without both they are 64 KiB and 16 KiB; one alone determines the other, low being a quarter of high. They
    /// count at once: `pause_writing` may be called from inside this call.
    ///
    /// # Errors
    ///
    /// `ValueError` if `low` is more than `high`.
    pub fn set_write_buffer_limits(&self, high: impl Into<Option<usize>>, low: impl Into<Option<usize>>) -> Result<()> {
        self.0.set_limits(Limits::new(high.into(), low.into())?);
        Ok(())
    }

    /// The limits, low before high as in Python: `WriteTransport.get_write_buffer_limits()`.
    pub fn get_write_buffer_limits(&self) -> (usize, usize) {
        let Limits { high, low } = self.0.limits();
        (low, high)
    }

    /// How many bytes wait to be sent. Python: `WriteTransport.get_write_buffer_size()`.
    pub fn get_write_buffer_size(&self) -> usize {
        self.0.buffered()
    }

    /// Sets how many bytes may wait to be sent before the connection ends: 64 MiB unless this is called.
    ///
    /// A protocol that obeys `pause_writing` never comes near it. It is there for peers that do not read: without it
    /// one of them could take all memory. The error of `connection_lost` names the peer.
    pub fn set_write_hard_limit(&self, bytes: usize) {
        self.0.set_hard_limit(bytes);
    }

    /// The peer's address, if it is one of the Internet's; also after the end. Python: `get_extra_info("peername")`.
    pub fn peername(&self) -> Option<SocketAddr> {
        self.0.peername()?.internet()
    }

    /// The connection's own address, if it is one of the Internet's; also after the end. Python:
    /// `get_extra_info("sockname")`.
    pub fn sockname(&self) -> Option<SocketAddr> {
        self.0.sockname()?.internet()
    }

    /// As [`peername`](Self::peername), of a unix socket; a client that has no name is `Unnamed`.
    pub fn unix_peername(&self) -> Option<UnixAddress> {
        self.0.peername()?.unix()
    }

    /// As [`sockname`](Self::sockname), of a unix socket.
    pub fn unix_sockname(&self) -> Option<UnixAddress> {
        self.0.sockname()?.unix()
    }

    /// A view of the socket, if there is one. Python: `get_extra_info("socket")`.
    pub fn socket(&self) -> Option<TransportSocket> {
        self.0.clone().socket()
    }

    /// A view of the pipe, if this was made by [`connect_read_pipe`](crate::EventLoop::connect_read_pipe) or
    /// [`connect_write_pipe`](crate::EventLoop::connect_write_pipe). Python: `get_extra_info("pipe")`.
    pub fn pipe(&self) -> Option<TransportPipe> {
        self.0.clone().pipe()
    }

    /// What is known under one of Python's names: `peername`, `sockname`, `socket`, `pipe`; of TLS connections also
    /// `sslcontext`, `ssl_object`, `peercert` and `cipher`, and `alpn`, which is ours. Python:
    /// `BaseTransport.get_extra_info()`.
    ///
    /// [`peername`](Self::peername), [`unix_peername`](Self::unix_peername) and their like are the same with types.
    pub fn get_extra_info(&self, name: &str) -> Option<ExtraInfo> {
        if name == "pipe" {
            return self.pipe().map(ExtraInfo::Pipe);
        }
        let extra = || ExtraInfo::named(name, || self.0.peername(), || self.0.sockname(), || self.socket());
        self.0.extra(name).or_else(extra)
    }

    /// The protocol, in whatever type.
    pub(crate) fn endpoint(&self) -> Option<Rc<dyn Endpoint>> {
        self.0.endpoint()
    }

    pub(crate) fn set_endpoint(&self, endpoint: Rc<dyn Endpoint>) {
        let unread = self.endpoint().map(|former| former.replaced()).unwrap_or_default();
        self.0.set_endpoint(endpoint, unread);
    }

    /// What the protocol speaks to: this, or the last of the layers that were put between the two.
    pub(crate) fn outermost(&self) -> Self {
        self.endpoint().and_then(|endpoint| endpoint.outer()).unwrap_or_else(|| self.clone())
    }

    pub(crate) fn set_held(&self, held: bool) {
        self.0.set_held(held);
    }

    pub(crate) fn stop_until_room(&self) -> bool {
        self.0.stop_until_room()
    }

    pub(crate) fn callback_failed(&self, message: &'static str, error: Error, fatal: bool) {
        self.0.callback_failed(message, error, fatal);
    }

    pub(crate) fn fail(&self, error: Error) {
        self.0.fail(error);
    }
}

impl PartialEq for Transport {
    fn eq(&self, other: &Self) -> bool {
        Rc::as_ptr(&self.0).cast::<()>() == Rc::as_ptr(&other.0).cast::<()>()
    }
}

impl Eq for Transport {}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
