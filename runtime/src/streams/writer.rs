//! `StreamWriter`: the side of a stream that writes.

use std::cell::Cell;
use std::fmt;
use std::rc::Rc;

use super::drain::{Drain, Stage, WaitClosed};
use super::protocol::StreamReaderProtocol;
use super::shared::Shared;
use crate::event_loop::current_inner;
use crate::transports::{ExtraInfo, Transport};

/// Writes to a stream. Python: `asyncio.StreamWriter`.
///
/// From [`open_connection`](crate::open_connection()) and [`start_server`](crate::start_server()). Its methods take
/// `&self`, so that several tasks may write, by an `Rc` for instance.
///
/// Close it when you are done. One that is dropped open closes its connection, once what was written is sent. Debug mode
/// reports that, unless [`write_eof`](Self::write_eof) was called, for it is easily done by accident.
///
/// # Examples
///
/// ```
/// # fn main() -> asyncio::Result<()> {
/// asyncio::run(async {
///     let server = asyncio::start_server(
///         async |mut reader: asyncio::StreamReader, writer: asyncio::StreamWriter| {
///             writer.write(&reader.readline().await?);
///             writer.close();
///             writer.wait_closed().await
///         },
///         "127.0.0.1",
///         0,
///     )
///     .await?;
///     let port = server.sockets()[0].getsockname()?.port();
///     let (mut reader, writer) = asyncio::open_connection("127.0.0.1", port).await?;
///     writer.write(b"hello\n");
///     writer.drain().await?;
///     assert_eq!(reader.read_to_end().await?, b"hello\n");
///     writer.close();
///     writer.wait_closed().await?;
///     server.close();
///     Ok::<_, asyncio::Error>(())
/// })
/// # }
/// ```
pub struct StreamWriter {
    shared: Rc<Shared>,
    transport: Transport,
    /// Of who writes by polling.
    stage: Stage,
    /// The program said that it writes no more, so that it need not close as well.
    ended: Cell<bool>,
}

impl StreamWriter {
    /// A writer for a connection that was made with a [`StreamReaderProtocol`].
    pub fn new(transport: Transport, protocol: &StreamReaderProtocol) -> Self {
        Self::of(protocol.shared().clone(), transport)
    }

    pub(super) fn of(shared: Rc<Shared>, transport: Transport) -> Self {
        Self { shared, transport, stage: Stage::New, ended: Cell::new(false) }
    }

    /// Sends `data`, now or as soon as the system takes it. Python: `StreamWriter.write()`.
    ///
    /// It never waits: [`drain`](Self::drain) does, and without that a peer which does not read makes what waits here
    /// grow, up to [a limit](Transport::set_write_hard_limit) at which the connection ends. See [`Transport::write`].
    #[inline]
    pub fn write(&self, data: impl AsRef<[u8]>) {
        self.transport.write(data.as_ref());
    }

    /// Sends several pieces, with one system call where that is possible. Python: `StreamWriter.writelines()`.
    pub fn writelines<I>(&self, lines: I)
    where
        I: IntoIterator<Item: AsRef<[u8]>>,
    {
        self.transport.writelines(lines);
    }

    /// Waits until it is reasonable to write more. Python: `StreamWriter.drain()`.
    ///
    /// At once, without a tick, unless much waits to be sent. Several tasks may wait at the same time.
    ///
    /// # Errors
    ///
    /// The connection's, if it ended with one; `OsError` of the kind `ConnectionReset` if it has ended without one, by
    /// [`close`](Self::close) too. If it ends without an error while this waits there is none.
    ///
    /// # Cancellation
    ///
    /// What was written is sent all the same.
    ///
    /// # Examples
    ///
    /// ```
    /// async fn send_all(writer: &asyncio::StreamWriter, pieces: Vec<Vec<u8>>) -> asyncio::Result<()> {
    ///     for piece in pieces {
    ///         writer.write(piece);
    ///         writer.drain().await?;
    ///     }
    ///     Ok(())
    /// }
    /// ```
    #[inline]
    pub fn drain(&self) -> Drain<'_> {
        Drain::new(&self.shared, &self.transport)
    }

    /// Says that nothing more will be written. Python: `StreamWriter.write_eof()`.
    ///
    /// See [`Transport::write_eof`].
    pub fn write_eof(&self) {
        self.ended.set(true);
        self.transport.write_eof();
    }

    /// Whether [`write_eof`](Self::write_eof) is possible. Python: `StreamWriter.can_write_eof()`.
    pub fn can_write_eof(&self) -> bool {
        self.transport.can_write_eof()
    }

    /// Ends the connection, once what was written is sent. Python: `StreamWriter.close()`.
    ///
    /// See [`Transport::close`]. The reader comes to the end of its stream then.
    pub fn close(&self) {
        self.transport.close();
    }

    /// Whether the connection has ended, or was told to. Python: `StreamWriter.is_closing()`.
    pub fn is_closing(&self) -> bool {
        self.transport.is_closing()
    }

    /// Waits for the end of the connection. Python: `StreamWriter.wait_closed()`.
    ///
    /// It does not end it: without [`close`](Self::close) it waits for the peer to. It may be awaited again, and always
    /// gives the same.
    ///
    /// # Errors
    ///
    /// The connection's, if it ended with one.
    pub fn wait_closed(&self) -> WaitClosed<'_> {
        WaitClosed::new(&self.shared)
    }

    /// What is known under one of Python's names. Python: `StreamWriter.get_extra_info()`.
    ///
    /// See [`Transport::get_extra_info`].
    pub fn get_extra_info(&self, name: &str) -> Option<ExtraInfo> {
        self.transport.get_extra_info(name)
    }

    /// The transport. Python: `StreamWriter.transport`.
    pub fn transport(&self) -> &Transport {
        &self.transport
    }

    /// After the upgrade to TLS.
    #[cfg(feature = "tls")]
    pub(super) fn go_on_with(&mut self, transport: Transport) {
        self.shared.replace_transport(&transport);
        self.transport = transport;
    }

    /// What polling needs: what is shared, the transport, and how far the wait for room is.
    pub(super) fn parts(&mut self) -> (&Rc<Shared>, &Transport, &mut Stage) {
        (&self.shared, &self.transport, &mut self.stage)
    }

    pub(super) fn shared(&self) -> &Rc<Shared> {
        &self.shared
    }
}

impl Drop for StreamWriter {
    fn drop(&mut self) {
        self.shared.give_up_drain(&mut self.stage);
        if self.transport.is_closing() {
            return;
        }
        if self.ended.get() {
            // It has said so itself.
        } else if self.shared.outgoing.served.get() {
            // If its task fails there is something better to report.
            self.shared.outgoing.dropped_open.set(true);
        } else {
            report_unclosed(&self.transport);
        }
        self.transport.close();
    }
}

/// In debug mode: nobody can close this any more.
pub(super) fn report_unclosed(transport: &Transport) {
    if current_inner(|inner| inner.is_some_and(|inner| inner.get_debug())) {
        crate::log::warning(format_args!(
            "ASY0012: unclosed <StreamWriter transport={transport:?}>; call close() when you are done with it"
        ));
    }
}

impl fmt::Debug for StreamWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<StreamWriter transport={:?} reader=<StreamReader ", self.transport)?;
        write!(f, "{:?}>>", self.shared.incoming.borrow())
    }
}
