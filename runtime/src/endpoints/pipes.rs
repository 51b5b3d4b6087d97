//! `connect_read_pipe`, `connect_write_pipe`.

use std::io;
use std::panic::Location;

use super::creating::{Creating, check_running};
use super::secure::Secure;
use super::set_up::set_up;
use crate::event_loop::EventLoop;
use crate::exceptions::{Error, Result};
use crate::protocols::{Binding, IntoEndpoint, ProtocolHandle};
use crate::sys::{Direction, OwnedFile, Pipe};
use crate::transports::Transport;

impl EventLoop {
    /// Reads from a pipe, socket, terminal or other character device; what comes goes to the protocol that `factory`
    /// makes. Python: `loop.connect_read_pipe()`.
    ///
    /// The transport owns the descriptor, and closes it at the end of the stream after
    /// [`eof_received`](crate::Protocol::eof_received), whatever that answers. To read what the program was started
    /// with, give it a duplicate: `std::io::stdin().as_fd().try_clone_to_owned()?`. Reading never blocks, so that it
    /// can be paused and closed at any time, and does not hold up the end of the program.
    ///
    /// While the transport is open the descriptor is non-blocking, also in other processes that have it from the same
    /// parent; when it is closed, which closing the loop does too, the former mode is put back. On Linux a terminal is
    /// opened anew instead, and nobody else notices anything. A device that cannot be watched because it is always
    /// ready, such as `/dev/null`, is read at once.
    ///
    /// [`write`](Transport::write) on such a transport is a mistake that goes to the exception handler.
    ///
    /// # Errors
    ///
    /// Awaiting it gives `ValueError` for anything else, such as a regular file; `OsError` if the system refuses.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> asyncio::Result<()> {
    /// use std::io::Write;
    ///
    /// struct Input(asyncio::Queue<Vec<u8>>);
    ///
    /// #[asyncio::protocol]
    /// impl Input {
    ///     fn data_received(&mut self, data: &[u8]) -> asyncio::Result<()> {
    ///         Ok(self.0.put_nowait(data.to_vec())?)
    ///     }
    /// }
    ///
    /// asyncio::run(async {
    ///     let event_loop = asyncio::get_running_loop()?;
    ///     let (near, mut far) = std::os::unix::net::UnixStream::pair()?;
    ///     let received = asyncio::Queue::new();
    ///     let input = Input(received.clone());
    ///     let (transport, _input) = event_loop.connect_read_pipe(|| input, near).await?;
    ///     far.write_all(b"hello")?;
    ///     assert_eq!(received.get().await?, b"hello");
    ///     transport.close();
    ///     Ok::<_, asyncio::Error>(())
    /// })
    /// # }
    /// ```
    #[track_caller]
    pub fn connect_read_pipe<F, P, K>(
        &self,
        factory: F,
        pipe: impl Into<OwnedFile>,
    ) -> Creating<(Transport, ProtocolHandle<P>)>
    where
        F: FnOnce() -> P + 'static,
        P: IntoEndpoint<K>,
    {
        let site = Location::caller();
        Creating::new(connect(self.clone(), move || Binding::of(factory()), pipe.into(), Direction::Read, site))
    }

    /// Writes to a pipe, socket, terminal or other character device. Python: `loop.connect_write_pipe()`.
    ///
    /// The transport owns the descriptor, as [`connect_read_pipe`](Self::connect_read_pipe) says in all particulars.
    /// [`write_eof`](Transport::write_eof) is the same as [`close`](Transport::close). When nobody can read any more,
    /// [`connection_lost`](crate::Protocol::connection_lost) is called, also while nothing is written: with a
    /// `BrokenPipe` error if something waits to be sent, else with `None`. No signal comes of it: if the program has
    /// set SIGPIPE to its default action before this call, it is held back around each write.
    ///
    /// # Errors
    ///
    /// As there.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> asyncio::Result<()> {
    /// use std::io::Read;
    ///
    /// struct Output;
    ///
    /// #[asyncio::protocol]
    /// impl Output {}
    ///
    /// asyncio::run(async {
    ///     let event_loop = asyncio::get_running_loop()?;
    ///     let (near, mut far) = std::os::unix::net::UnixStream::pair()?;
    ///     let (transport, _output) = event_loop.connect_write_pipe(|| Output, near).await?;
    ///     transport.write(b"hello");
    ///     let mut buffer = [0; 5];
    ///     far.read_exact(&mut buffer)?;
    ///     assert_eq!(&buffer, b"hello");
    ///     transport.close();
    ///     Ok::<_, asyncio::Error>(())
    /// })
    /// # }
    /// ```
    #[track_caller]
    pub fn connect_write_pipe<F, P, K>(
        &self,
        factory: F,
        pipe: impl Into<OwnedFile>,
    ) -> Creating<(Transport, ProtocolHandle<P>)>
    where
        F: FnOnce() -> P + 'static,
        P: IntoEndpoint<K>,
    {
        let site = Location::caller();
        Creating::new(connect(self.clone(), move || Binding::of(factory()), pipe.into(), Direction::Write, site))
    }
}

async fn connect<P>(
    event_loop: EventLoop,
    factory: impl FnOnce() -> Binding<P>,
    pipe: OwnedFile,
    direction: Direction,
    site: &'static Location<'static>,
) -> Result<(Transport, ProtocolHandle<P>)> {
    check_running(&event_loop)?;
    let pipe = Pipe::adopt(pipe, direction).map_err(|error| match error.kind() {
        io::ErrorKind::InvalidInput => unsuitable(direction),
        _ => error.into(),
    })?;
    let connected = set_up(&event_loop, pipe, None, factory(), &Secure::default(), site)?.await?;
    if event_loop.get_debug() {
        crate::log::record!(debug, "{:?} is connected", connected.0);
    }
    Ok(connected)
}

fn unsuitable(direction: Direction) -> Error {
    let (name, what) = match direction {
        Direction::Write => ("connect_write_pipe", "written"),
        Direction::Both | Direction::Read => ("connect_read_pipe", "read"),
    };
    Error::value_error(format!(
        "{name}: a pipe, socket or character device was expected; a regular file is {what} with std::fs, inside of \
         asyncio::to_thread()"
    ))
}
