//! `StreamReaderProtocol`: what stands between a transport and a stream.

use std::fmt;
use std::rc::Rc;

use super::client::Serve;
use super::reader::StreamReader;
use super::shared::{DEFAULT_LIMIT, Shared};
use super::writer::StreamWriter;
use crate::event_loop::{ExceptionContext, current_inner};
use crate::exceptions::{Error, Result};
use crate::transports::Transport;

/// Turns the callbacks of a connection into a stream. Python: `asyncio.StreamReaderProtocol`.
///
/// [`open_connection`](crate::open_connection()) and [`start_server`](crate::start_server()) use it; it is here for
/// other ways to make a connection. A clonable handle.
///
/// # Examples
///
/// ```
/// # fn main() -> asyncio::Result<()> {
/// # struct Greeter;
/// # #[asyncio::protocol]
/// # impl Greeter {
/// #     fn connection_made(&mut self, transport: &asyncio::Transport) {
/// #         transport.write(b"hello\n");
/// #     }
/// # }
/// use asyncio::{StreamReader, StreamReaderProtocol, StreamWriter};
///
/// asyncio::run(async {
///     let event_loop = asyncio::get_running_loop()?;
///     let server = event_loop.create_server(|| Greeter, "127.0.0.1", 0).await?;
///     let port = server.sockets()[0].getsockname()?.port();
///
///     let mut reader = StreamReader::with_limit(1024)?;
///     let protocol = StreamReaderProtocol::new(&reader);
///     let for_connection = protocol.clone();
///     let (transport, _) = event_loop.create_connection(move || for_connection, "127.0.0.1", port).await?;
///     let writer = StreamWriter::new(transport, &protocol);
///     assert_eq!(reader.readline().await?, b"hello\n");
///     writer.close();
///     server.close();
///     Ok::<_, asyncio::Error>(())
/// })
/// # }
/// ```
#[derive(Clone)]
pub struct StreamReaderProtocol {
    shared: Rc<Shared>,
    /// Who gets the two sides once the connection is there; `None` if somebody waits for that.
    client_connected: Option<Rc<dyn Serve>>,
    /// There never was a reader.
    only_writes: bool,
}

impl StreamReaderProtocol {
    /// What comes in goes to `reader`.
    pub fn new(reader: &StreamReader) -> Self {
        Self::of(reader.peek().clone())
    }

    /// For a connection that is only written to, by [`connect_write_pipe`](crate::EventLoop::connect_write_pipe) for
    /// example: what comes in is dropped.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> asyncio::Result<()> {
    /// use asyncio::{StreamReaderProtocol, StreamWriter};
    ///
    /// asyncio::run(async {
    ///     let (_theirs, ours) = std::os::unix::net::UnixStream::pair()?;
    ///     let protocol = StreamReaderProtocol::without_reader();
    ///     let for_pipe = protocol.clone();
    ///     let event_loop = asyncio::get_running_loop()?;
    ///     let (transport, _) = event_loop.connect_write_pipe(move || for_pipe, ours).await?;
    ///     let writer = StreamWriter::new(transport, &protocol);
    ///     writer.write(b"hello");
    ///     writer.drain().await?;
    ///     writer.close();
    ///     writer.wait_closed().await
    /// })
    /// # }
    /// ```
    pub fn without_reader() -> Self {
        Self { only_writes: true, ..Self::of(Shared::new(DEFAULT_LIMIT, false)) }
    }

    pub(super) fn of(shared: Rc<Shared>) -> Self {
        Self { shared, client_connected: None, only_writes: false }
    }

    /// A protocol whose reader and writer are handed to `client_connected`.
    pub(super) fn serving(shared: Rc<Shared>, client_connected: Rc<dyn Serve>) -> Self {
        shared.outgoing.accepted.set(true);
        Self { shared, client_connected: Some(client_connected), only_writes: false }
    }

    pub(super) fn shared(&self) -> &Rc<Shared> {
        &self.shared
    }

    #[cold]
    fn refuse(transport: &Transport) {
        let message = "a StreamReader was dropped before its connection was made, which is aborted; keep the reader";
        let report = ExceptionContext::new(message).with("transport", transport.clone()).code("ASY0013");
        let inner = current_inner(|inner| inner.cloned());
        if let Some(inner) = inner {
            inner.call_exception_handler(report);
        }
        transport.abort();
    }
}

impl StreamReaderProtocol {
    /// The connection is there.
    pub(super) fn connected(&mut self, transport: &Transport) -> Result<()> {
        if !self.shared.set_transport(transport) {
            transport.abort();
            return Err(Error::runtime_error("a StreamReaderProtocol serves one connection; make a new one for each"));
        }
        match self.client_connected.take() {
            Some(client_connected) => {
                let reader = StreamReader::of(self.shared.clone());
                let writer = StreamWriter::of(self.shared.clone(), transport.clone());
                client_connected.serve(reader, writer);
            }
            // Whoever waited was cancelled if the transport is closing.
            None if !(self.only_writes || self.shared.has_reader() || transport.is_closing()) => {
                Self::refuse(transport)
            }
            None => {}
        }
        Ok(())
    }
}

impl fmt::Debug for StreamReaderProtocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<StreamReaderProtocol {:?}>", self.shared.incoming.borrow())
    }
}
