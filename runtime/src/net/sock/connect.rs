//! `sock_connect`.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::address::{ConnectAddress, Place, text};
use super::watch::Side;
use super::{Blocking, Operation};
use crate::event_loop::EventLoop;
use crate::exceptions::{Error, Result};
use crate::net::address::{AddressFamily, Target, resolve_one};
use crate::net::resolver::ResolverFuture;
use crate::sys::{self, SockAddr, UserSocket};

impl EventLoop {
    /// Connects a socket to an address, or to the first address of its family that a host has. Python:
    /// `loop.sock_connect()`.
    ///
    /// Use [`create_connection`](Self::create_connection) to try all addresses of a host. A second call while one waits
    /// waits for the same connection. Awaiting gives
    ///
    /// - `OsError` with the address, such as "connection refused" or "network is unreachable";
    /// - `ResolveError` if the host has no address, `OsError` with the host if it has none of the socket's family;
    /// - `ValueError` if the socket is blocking, which would stop the loop;
    /// - `RuntimeError` if it must wait and a transport or `add_writer` has the descriptor, or on another loop.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> asyncio::Result<()> {
    /// use asyncio::Socket;
    /// use std::net::TcpListener;
    ///
    /// asyncio::run(async {
    ///     let event_loop = asyncio::get_running_loop()?;
    ///     let listener = TcpListener::bind("127.0.0.1:0")?;
    ///     let sock = Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None)?;
    ///     sock.set_nonblocking(true)?;
    ///     event_loop.sock_connect(&sock, listener.local_addr()?).await?;
    ///     assert_eq!(sock.peer_addr()?.as_socket(), Some(listener.local_addr()?));
    ///     Ok::<_, asyncio::Error>(())
    /// })
    /// # }
    /// ```
    pub fn sock_connect<'a>(&self, sock: &'a UserSocket, address: impl Into<ConnectAddress>) -> SockConnect<'a> {
        let goal = match address.into().0 {
            Place::At(address) => Goal::At(address),
            Place::Host(host, port) => {
                let event_loop = self.clone();
                let family = family(sock);
                Goal::Resolving(Box::pin(async move { first_address(event_loop, host, port, family?).await }))
            }
        };
        let operation = Operation::new(self.inner(), sock, Side::Write, Blocking::Stops);
        SockConnect { operation, goal, begun: false }
    }
}

/// What [`EventLoop::sock_connect`] returns.
///
/// # Cancellation
///
/// The system goes on connecting, and nobody hears of it: close the socket, or connect it again to the same address.
#[must_use = "nothing is connected until this is awaited: write `.await`"]
pub struct SockConnect<'a> {
    operation: Operation<'a>,
    goal: Goal,
    begun: bool,
}

enum Goal {
    Resolving(ResolverFuture<SockAddr>),
    At(SockAddr),
}

fn family(sock: &UserSocket) -> Result<AddressFamily> {
    match sys::family(sock)? {
        sys::INET => Ok(AddressFamily::Ipv4),
        sys::INET6 => Ok(AddressFamily::Ipv6),
        _ => Err(Error::value_error("a host and port were given for a socket of another family than the Internet's")),
    }
}

async fn first_address(event_loop: EventLoop, host: String, port: u16, family: AddressFamily) -> Result<SockAddr> {
    let addresses = resolve_one(&event_loop, &host, port, Some(family), Target::CONNECT).await?;
    Ok((*addresses.first().expect("there is one, or an error")).into())
}

impl Future for SockConnect<'_> {
    type Output = Result<()>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        let Self { operation, goal, begun } = &mut *self;
        if let Goal::Resolving(answer) = goal {
            *goal = Goal::At(ready!(answer.as_mut().poll(cx))?);
        }
        let Goal::At(address) = goal else { unreachable!("it was resolved just now") };
        operation.poll(cx, |sock| {
            let done = if *begun { result(sock).map(|()| true) } else { sys::connect(sock, address) };
            *begun = true;
            match done {
                Ok(true) => Poll::Ready(Ok(())),
                Ok(false) => Poll::Pending,
                Err(error) => Poll::Ready(Err(Error::os_error_at(error, text(address)))),
            }
        })
    }
}

/// How a `connect` has ended. Who asks first takes the error with it, so the others have to look for the peer.
fn result(sock: &UserSocket) -> io::Result<()> {
    match sock.take_error()? {
        Some(error) => Err(error),
        None => sock.peer_addr().map(drop),
    }
}

impl fmt::Debug for SockConnect<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let goal = match &self.goal {
            Goal::Resolving(_) => "a host".to_owned(),
            Goal::At(address) => text(address),
        };
        f.debug_struct("SockConnect").field("operation", &self.operation).field("goal", &goal).finish()
    }
}
