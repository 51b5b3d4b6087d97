//! `sock_accept`.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::watch::Side;
use super::{Blocking, Operation, address};
use crate::event_loop::EventLoop;
use crate::exceptions::{Error, Result};
use crate::sys::{self, SockAddr, UserSocket};

impl EventLoop {
    /// Accepts a connection of a listening socket: the new socket, which is non-blocking, and where it comes from.
    /// Python: `loop.sock_accept()`.
    ///
    /// Several may wait at one socket. Awaiting gives
    ///
    /// - `OsError` with the socket's own address, when no descriptor is left for example, or a client gave up while it waited;
    /// - `ValueError` if the socket is blocking, which would stop the loop;
    /// - `RuntimeError` if it must wait and a server or `add_reader` has the descriptor, or on another loop.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> asyncio::Result<()> {
    /// use asyncio::Socket;
    /// use std::net::{TcpListener, TcpStream};
    ///
    /// asyncio::run(async {
    ///     let event_loop = asyncio::get_running_loop()?;
    ///     let listener = TcpListener::bind("127.0.0.1:0")?;
    ///     let client = TcpStream::connect(listener.local_addr()?)?;
    ///     let listener = Socket::from(listener);
    ///     listener.set_nonblocking(true)?;
    ///     let (conn, address) = event_loop.sock_accept(&listener).await?;
    ///     assert_eq!(address.as_socket(), Some(client.local_addr()?));
    ///     event_loop.sock_sendall(&conn, b"welcome").await?;
    ///     Ok::<_, asyncio::Error>(())
    /// })
    /// # }
    /// ```
    pub fn sock_accept<'a>(&self, sock: &'a UserSocket) -> SockAccept<'a> {
        SockAccept { operation: Operation::new(self.inner(), sock, Side::Read, Blocking::Stops) }
    }
}

/// What [`EventLoop::sock_accept`] returns.
///
/// # Cancellation
///
/// No connection was accepted: one that comes waits for the next who accepts.
#[derive(Debug)]
#[must_use = "nothing is accepted until this is awaited: write `.await`"]
pub struct SockAccept<'a> {
    operation: Operation<'a>,
}

impl Future for SockAccept<'_> {
    type Output = Result<(UserSocket, SockAddr)>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.operation.poll(cx, |sock| match sys::accept(sock) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Poll::Pending,
            Err(error) => {
                let own = sock.local_addr().map(|own| address::text(&own));
                Poll::Ready(Err(Error::os_error_at(error, own.as_deref().unwrap_or("a closed socket"))))
            }
            Ok(accepted) => Poll::Ready(Ok(accepted)),
        })
    }
}
