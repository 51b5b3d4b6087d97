//! `sock_sendfile`.

use std::cell::Cell;
use std::fmt;
use std::fs::File;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::task::{Context, Poll};

use super::watch::Side;
use super::{Blocking, Operation, outcome};
use crate::event_loop::EventLoop;
use crate::exceptions::{Error, Result};
use crate::net::file::{FilePart, SendingFile, part_of_a_file};
use crate::sys::{self, UserSocket};

impl EventLoop {
    /// Sends a file through a stream socket, by the system's own call where it has one. Python:
    /// `loop.sock_sendfile()`.
    ///
    /// Awaiting gives how many bytes were sent. [`offset`](SockSendfile::offset), [`count`](SockSendfile::count) and
    /// [`fallback`](SockSendfile::fallback) are options. Afterwards the file's position is behind the last byte that
    /// was sent, also after an error or a cancel; it stays where it was if nothing was sent. By hand whole pieces count.
    ///
    /// - `ValueError` if it is no stream socket, if it is blocking, or if `count` is 0;
    /// - `SendfileNotAvailableError` without the fallback, where the call cannot send this file;
    /// - `OsError`, with the peer's address if it has one.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> asyncio::Result<()> {
    /// use std::fs::File;
    /// use std::io::Read;
    /// use std::os::unix::net::UnixStream;
    ///
    /// asyncio::run(async {
    ///     let event_loop = asyncio::get_running_loop()?;
    ///     let (near, mut far) = UnixStream::pair()?;
    ///     near.set_nonblocking(true)?;
    ///     let file = File::open(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"))?;
    ///     let socket = asyncio::Socket::from(near);
    ///     assert_eq!(event_loop.sock_sendfile(&socket, &file).count(9).await?, 9);
    ///     drop(socket);
    ///     let mut received = String::new();
    ///     far.read_to_string(&mut received)?;
    ///     assert_eq!(received, "[package]");
    ///     Ok::<_, asyncio::Error>(())
    /// })
    /// # }
    /// ```
    pub fn sock_sendfile<'a>(&self, sock: &'a UserSocket, file: &'a File) -> SockSendfile<'a> {
        SockSendfile { event_loop: self.clone(), sock, part: FilePart::new(file) }
    }
}

/// A file to be sent: options, and then `.await`. See [`EventLoop::sock_sendfile`].
///
/// # Cancellation
///
/// A part of the file may have been sent; the file's position says how much. Of what is read and sent by hand, a part of
/// one piece, 256 KiB at most, may have been sent beyond that.
#[must_use = "nothing is sent until this is awaited: write `.await`"]
pub struct SockSendfile<'a> {
    event_loop: EventLoop,
    sock: &'a UserSocket,
    part: FilePart<'a>,
}

impl SockSendfile<'_> {
    part_of_a_file!();
}

impl<'a> IntoFuture for SockSendfile<'a> {
    type Output = Result<u64>;
    type IntoFuture = SendingFile<'a>;

    fn into_future(self) -> SendingFile<'a> {
        SendingFile::new(send(self))
    }
}

async fn send(this: SockSendfile<'_>) -> Result<u64> {
    let SockSendfile { event_loop, sock, part } = this;
    if !sys::is_stream(sock)? {
        return Err(Error::value_error(
            "sock_sendfile() sends through stream sockets only; this one is of another type",
        ));
    }
    let native = |offset, size, is_first| Piece {
        operation: Operation::new(event_loop.inner(), sock, Side::Write, Blocking::Stops),
        file: part.file,
        offset,
        size,
        is_first,
    };
    let by_hand = async |data: Vec<u8>, _: &Cell<u64>| event_loop.sock_sendall(sock, &data).await;
    part.send(&event_loop, native, by_hand).await
}

/// One call of the system's.
struct Piece<'a> {
    operation: Operation<'a>,
    file: &'a File,
    offset: u64,
    size: usize,
    is_first: bool,
}

impl Future for Piece<'_> {
    type Output = Result<usize>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<usize>> {
        let Self { operation, file, offset, size, is_first } = &mut *self;
        operation.poll(cx, |sock| match outcome(sock, sys::send_file(sys::raw(sock), file, *offset, *size)) {
            Poll::Ready(Err(error)) if *is_first => Poll::Ready(Err(FilePart::not_available(&error))),
            outcome => outcome,
        })
    }
}

impl fmt::Debug for SockSendfile<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SockSendfile").field("sock", &sys::raw(self.sock)).field("part", &self.part).finish()
    }
}
