//! `sock_sendall`, `sock_sendto`.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::watch::Side;
use super::{Blocking, Operation, address, outcome};
use crate::cancellation::is_marked;
use crate::event_loop::EventLoop;
use crate::exceptions::{Error, Result};
use crate::handle::LocalWaker;
use crate::sys::{self, SockAddr, UserSocket};

impl EventLoop {
    /// Sends all of `data` through a socket. Python: `loop.sock_sendall()`.
    ///
    /// Through a datagram socket that is one datagram, which may be empty. If several tasks do this with one socket at a
    /// time their data mix, piece by piece. Awaiting gives
    ///
    /// - `OsError`, with the peer's address if it has one, else with the descriptor; how much was sent before is not known;
    /// - `RuntimeError` if it must wait and a transport or `add_writer` has the descriptor, or on another loop;
    /// - `ValueError` in debug mode if the socket is blocking. Else that does no harm: the call never blocks.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> asyncio::Result<()> {
    /// use asyncio::Socket;
    /// use std::io::Read;
    /// use std::os::unix::net::UnixStream;
    ///
    /// asyncio::run(async {
    ///     let event_loop = asyncio::get_running_loop()?;
    ///     let (near, mut far) = UnixStream::pair()?;
    ///     event_loop.sock_sendall(&Socket::from(near), b"hello").await?;
    ///     let mut received = String::new();
    ///     far.read_to_string(&mut received)?;
    ///     assert_eq!(received, "hello");
    ///     Ok::<_, asyncio::Error>(())
    /// })
    /// # }
    /// ```
    pub fn sock_sendall<'a>(&self, sock: &'a UserSocket, data: &'a [u8]) -> SockSendAll<'a> {
        SockSendAll { operation: self.sending(sock), rest: data, yielded: false }
    }

    /// Sends one datagram to `address`, and gives how many bytes it had. Python: `loop.sock_sendto()`.
    ///
    /// A name is not resolved: [`getaddrinfo`](Self::getaddrinfo) does that. Awaiting gives
    ///
    /// - `OsError` with the address;
    /// - `RuntimeError` and `ValueError` as [`sock_sendall`](Self::sock_sendall).
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> asyncio::Result<()> {
    /// use asyncio::Socket;
    /// use std::net::UdpSocket;
    ///
    /// asyncio::run(async {
    ///     let event_loop = asyncio::get_running_loop()?;
    ///     let (near, far) = (UdpSocket::bind("127.0.0.1:0")?, UdpSocket::bind("127.0.0.1:0")?);
    ///     let near = Socket::from(near);
    ///     assert_eq!(event_loop.sock_sendto(&near, b"ping", far.local_addr()?).await?, 4);
    ///     assert_eq!(far.recv(&mut [0; 64])?, 4);
    ///     Ok::<_, asyncio::Error>(())
    /// })
    /// # }
    /// ```
    pub fn sock_sendto<'a>(
        &self,
        sock: &'a UserSocket,
        data: &'a [u8],
        address: impl Into<SockAddr>,
    ) -> SockSendTo<'a> {
        SockSendTo { operation: self.sending(sock), data, address: address.into() }
    }

    fn sending<'a>(&self, sock: &'a UserSocket) -> Operation<'a> {
        Operation::new(self.inner(), sock, Side::Write, Blocking::Harmless)
    }
}

/// So many system calls, and the others have their turn: a peer that reads as fast as this sends must not stop them.
const CALLS: usize = 16;

/// What [`EventLoop::sock_sendall`] returns.
///
/// # Cancellation
///
/// A part of the data may have been sent, and how much is not known.
#[derive(Debug)]
#[must_use = "nothing is sent until this is awaited: write `.await`"]
pub struct SockSendAll<'a> {
    operation: Operation<'a>,
    rest: &'a [u8],
    yielded: bool,
}

/// What [`EventLoop::sock_sendto`] returns.
///
/// # Cancellation
///
/// Nothing was sent.
#[derive(Debug)]
#[must_use = "nothing is sent until this is awaited: write `.await`"]
pub struct SockSendTo<'a> {
    operation: Operation<'a>,
    data: &'a [u8],
    address: SockAddr,
}

impl Future for SockSendAll<'_> {
    type Output = Result<()>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        let Self { operation, rest, yielded } = &mut *self;
        if *yielded && is_marked() {
            return operation.pending();
        }
        let all_sent = ready!(operation.poll(cx, |sock| {
            for _ in 0..CALLS {
                // No data is sent too: it is an empty datagram, and it tells whether a stream is still there.
                let sent = ready!(outcome(sock, sys::send(sock, rest)))?;
                *rest = rest.get(sent..).unwrap_or_default();
                if rest.is_empty() {
                    break;
                }
            }
            Poll::Ready(Ok(rest.is_empty()))
        }))?;
        *yielded = !all_sent;
        if all_sent {
            return Poll::Ready(Ok(()));
        }
        operation.begin_anew();
        LocalWaker::wake_context(cx);
        operation.pending()
    }
}

impl Future for SockSendTo<'_> {
    type Output = Result<usize>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<usize>> {
        let Self { operation, data, address } = &mut *self;
        operation.poll(cx, |sock| match sys::send_to(sock, data, address) {
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => Poll::Pending,
            result => Poll::Ready(result.map_err(|error| Error::os_error_at(error, address::text(address)))),
        })
    }
}
