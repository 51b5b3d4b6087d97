//! `sock_recv`, `sock_recv_into`, `sock_recvfrom`, `sock_recvfrom_into`.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::watch::Side;
use super::{Blocking, Operation, outcome};
use crate::event_loop::EventLoop;
use crate::exceptions::{Error, Result};
use crate::sys::{self, SockAddr, UserSocket};

impl EventLoop {
    /// Receives up to `nbytes` from a socket; nothing is the end of the stream. Python: `loop.sock_recv()`.
    ///
    /// What is there is returned at once; so is nothing if `nbytes` is 0, which says nothing of the stream. Several may
    /// wait for one socket: they get what comes in the order in which they began to wait. While one waits no memory is
    /// held for it, and of what comes no more than 4 KiB or its own size once more. Awaiting gives
    ///
    /// - `OsError`, with the peer's address if it has one, else with the descriptor;
    /// - `RuntimeError` if it must wait and a transport or `add_reader` has the descriptor, or on another loop;
    /// - `ValueError` in debug mode if the socket is blocking. Else that does no harm: the call never blocks.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> asyncio::Result<()> {
    /// use asyncio::Socket;
    /// use std::os::unix::net::UnixStream;
    ///
    /// asyncio::run(async {
    ///     let event_loop = asyncio::get_running_loop()?;
    ///     let (near, far) = UnixStream::pair()?;
    ///     let (near, far) = (Socket::from(near), Socket::from(far));
    ///     event_loop.sock_sendall(&near, b"hello").await?;
    ///     assert_eq!(event_loop.sock_recv(&far, 1024).await?, b"hello");
    ///     drop(near);
    ///     assert!(event_loop.sock_recv(&far, 1024).await?.is_empty());
    ///     Ok::<_, asyncio::Error>(())
    /// })
    /// # }
    /// ```
    pub fn sock_recv<'a>(&self, sock: &'a UserSocket, nbytes: usize) -> SockRecv<'a> {
        SockRecv { operation: self.receiving(sock), nbytes }
    }

    /// Receives into `buf`, and gives how many bytes there were; zero is the end of the stream, unless `buf` is empty.
    /// Python: `loop.sock_recv_into()`.
    ///
    /// As [`sock_recv`](Self::sock_recv) in all else.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> asyncio::Result<()> {
    /// use asyncio::Socket;
    /// use std::os::unix::net::UnixStream;
    ///
    /// asyncio::run(async {
    ///     let event_loop = asyncio::get_running_loop()?;
    ///     let (near, far) = UnixStream::pair()?;
    ///     let (near, far) = (Socket::from(near), Socket::from(far));
    ///     event_loop.sock_sendall(&near, b"hello").await?;
    ///     let mut buf = [0; 64];
    ///     let length = event_loop.sock_recv_into(&far, &mut buf).await?;
    ///     assert_eq!(&buf[..length], b"hello");
    ///     Ok::<_, asyncio::Error>(())
    /// })
    /// # }
    /// ```
    pub fn sock_recv_into<'a>(&self, sock: &'a UserSocket, buf: &'a mut [u8]) -> SockRecvInto<'a> {
        SockRecvInto { operation: self.receiving(sock), buf }
    }

    /// Receives one datagram of up to `bufsize` bytes, and where it comes from. Python: `loop.sock_recvfrom()`.
    ///
    /// What does not fit is lost. As [`sock_recv`](Self::sock_recv) in all else.
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
    ///     near.send_to(b"ping", far.local_addr()?)?;
    ///     let far = Socket::from(far);
    ///     let (data, from) = event_loop.sock_recvfrom(&far, 1500).await?;
    ///     assert_eq!((&*data, from.as_socket()), (&b"ping"[..], Some(near.local_addr()?)));
    ///     Ok::<_, asyncio::Error>(())
    /// })
    /// # }
    /// ```
    pub fn sock_recvfrom<'a>(&self, sock: &'a UserSocket, bufsize: usize) -> SockRecvFrom<'a> {
        SockRecvFrom { operation: self.receiving(sock), bufsize }
    }

    /// Receives one datagram into `buf`, and gives how many bytes it had and where it comes from. Python:
    /// `loop.sock_recvfrom_into()`.
    ///
    /// [`nbytes`](SockRecvFromInto::nbytes) uses a part of `buf` only. As [`sock_recvfrom`](Self::sock_recvfrom) in all
    /// else.
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
    ///     near.send_to(b"ping", far.local_addr()?)?;
    ///     let (far, mut buf) = (Socket::from(far), [0; 1500]);
    ///     let (length, _from) = event_loop.sock_recvfrom_into(&far, &mut buf).await?;
    ///     assert_eq!(&buf[..length], b"ping");
    ///     Ok::<_, asyncio::Error>(())
    /// })
    /// # }
    /// ```
    pub fn sock_recvfrom_into<'a>(&self, sock: &'a UserSocket, buf: &'a mut [u8]) -> SockRecvFromInto<'a> {
        SockRecvFromInto { operation: self.receiving(sock), buf, nbytes: 0 }
    }

    fn receiving<'a>(&self, sock: &'a UserSocket) -> Operation<'a> {
        Operation::new(self.inner(), sock, Side::Read, Blocking::Harmless)
    }
}

/// What [`EventLoop::sock_recv`] returns.
///
/// # Cancellation
///
/// Nothing was received: what comes stays in the socket.
#[derive(Debug)]
#[must_use = "nothing is received until this is awaited: write `.await`"]
pub struct SockRecv<'a> {
    operation: Operation<'a>,
    nbytes: usize,
}

/// What [`EventLoop::sock_recv_into`] returns.
///
/// # Cancellation
///
/// Nothing was received: what comes stays in the socket.
#[derive(Debug)]
#[must_use = "nothing is received until this is awaited: write `.await`"]
pub struct SockRecvInto<'a> {
    operation: Operation<'a>,
    buf: &'a mut [u8],
}

/// What [`EventLoop::sock_recvfrom`] returns.
///
/// # Cancellation
///
/// Nothing was received: what comes stays in the socket.
#[derive(Debug)]
#[must_use = "nothing is received until this is awaited: write `.await`"]
pub struct SockRecvFrom<'a> {
    operation: Operation<'a>,
    bufsize: usize,
}

/// What [`EventLoop::sock_recvfrom_into`] returns.
///
/// # Cancellation
///
/// Nothing was received: what comes stays in the socket.
#[derive(Debug)]
#[must_use = "nothing is received until this is awaited: write `.await`"]
pub struct SockRecvFromInto<'a> {
    operation: Operation<'a>,
    buf: &'a mut [u8],
    nbytes: usize,
}

impl SockRecvFromInto<'_> {
    /// Uses the first `nbytes` of the buffer only; zero is all of it. More than it has is a `ValueError`.
    pub fn nbytes(mut self, nbytes: usize) -> Self {
        self.nbytes = nbytes;
        self
    }
}

impl Future for SockRecv<'_> {
    type Output = Result<Vec<u8>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { operation, nbytes } = &mut *self;
        operation.poll(cx, |sock| match *nbytes {
            0 => Poll::Ready(Ok(Vec::new())),
            nbytes => outcome(sock, sys::receive_some(sock, nbytes)),
        })
    }
}

impl Future for SockRecvInto<'_> {
    type Output = Result<usize>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { operation, buf } = &mut *self;
        operation
            .poll(cx, |sock| if buf.is_empty() { Poll::Ready(Ok(0)) } else { outcome(sock, sys::receive(sock, buf)) })
    }
}

impl Future for SockRecvFrom<'_> {
    type Output = Result<(Vec<u8>, SockAddr)>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { operation, bufsize } = &mut *self;
        operation.poll(cx, |sock| outcome(sock, sys::receive_some_from(sock, *bufsize)))
    }
}

impl Future for SockRecvFromInto<'_> {
    type Output = Result<(usize, SockAddr)>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { operation, buf, nbytes } = &mut *self;
        let wanted = if *nbytes == 0 { buf.len() } else { *nbytes };
        let length = buf.len();
        let Some(part) = buf.get_mut(..wanted) else {
            let text = format!("nbytes is {wanted}, and the buffer has only {length} bytes");
            return Poll::Ready(Err(Error::value_error(text)));
        };
        operation.poll(cx, |sock| outcome(sock, sys::receive_from(sock, part)))
    }
}
