//! `SubprocessProtocol`: the callbacks of a child.

use std::rc::Rc;

use super::transport::SubprocessTransport;
use crate::exceptions::{Error, Result};
use crate::protocols::{Bound, Kind, ProtocolHandle};
use crate::transports::AnyProtocol;

/// The callbacks of a child process. Python: `asyncio.SubprocessProtocol`.
///
/// Implemented by [`#[asyncio::protocol]`](macro@crate::protocol) on an `impl` block that has `pipe_data_received`,
/// `pipe_connection_lost` or `process_exited`, by which it is known, and some of the others, each with the arguments that
/// it needs; those that are missing do nothing. `connection_made` comes first and once, `connection_lost` last and once.
///
/// # Examples
///
/// ```
/// use asyncio::SubprocessTransport;
///
/// struct Watcher;
///
/// #[asyncio::protocol]
/// impl Watcher {
///     fn pipe_data_received(&mut self, fd: i32, data: &[u8]) {
///         println!("{} bytes on {fd}", data.len());
///     }
///
///     fn process_exited(&mut self, transport: &SubprocessTransport) {
///         println!("ended with {:?}", transport.get_returncode());
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a subprocess protocol",
    label = "put `#[asyncio::protocol]` on an `impl {Self}` block with `process_exited` or `pipe_data_received`"
)]
pub trait SubprocessProtocol: 'static {
    /// The child was started. Python: `BaseProtocol.connection_made()`.
    ///
    /// # Errors
    ///
    /// Whatever the protocol wants to be reported; the child stays.
    fn connection_made(&mut self, transport: &SubprocessTransport) -> Result<()> {
        let _ = transport;
        Ok(())
    }

    /// The child has written to its standard output, `fd` 1, or its standard error, `fd` 2. Python:
    /// `SubprocessProtocol.pipe_data_received()`.
    ///
    /// # Errors
    ///
    /// What goes to the exception handler, and to [`pipe_connection_lost`](Self::pipe_connection_lost): the pipe is closed.
    fn pipe_data_received(&mut self, transport: &SubprocessTransport, fd: i32, data: &[u8]) -> Result<()> {
        let _ = (transport, fd, data);
        Ok(())
    }

    /// One of the pipes is closed, 0 for standard input. Python: `SubprocessProtocol.pipe_connection_lost()`.
    ///
    /// # Errors
    ///
    /// Whatever the protocol wants to be reported.
    fn pipe_connection_lost(&mut self, transport: &SubprocessTransport, fd: i32, exc: Option<&Error>) -> Result<()> {
        let _ = (transport, fd, exc);
        Ok(())
    }

    /// The child has ended. Python: `SubprocessProtocol.process_exited()`.
    ///
    /// What it has written may still come.
    ///
    /// # Errors
    ///
    /// Whatever the protocol wants to be reported.
    fn process_exited(&mut self, transport: &SubprocessTransport) -> Result<()> {
        let _ = transport;
        Ok(())
    }

    /// The child has ended and all pipes are closed; `exc` is `None`. Python: `BaseProtocol.connection_lost()`.
    ///
    /// # Errors
    ///
    /// Whatever the protocol wants to be reported.
    fn connection_lost(&mut self, transport: &SubprocessTransport, exc: Option<&Error>) -> Result<()> {
        let _ = (transport, exc);
        Ok(())
    }

    /// More waits for the child to read it than the high limit: stop writing. Python: `BaseProtocol.pause_writing()`.
    ///
    /// # Errors
    ///
    /// Whatever the protocol wants to be reported.
    fn pause_writing(&mut self, transport: &SubprocessTransport) -> Result<()> {
        let _ = transport;
        Ok(())
    }

    /// There is room again: go on writing. Python: `BaseProtocol.resume_writing()`.
    ///
    /// # Errors
    ///
    /// Whatever the protocol wants to be reported.
    fn resume_writing(&mut self, transport: &SubprocessTransport) -> Result<()> {
        let _ = transport;
        Ok(())
    }
}

/// What a child tells. A panic in a callback comes back as an error, like a returned one.
pub(super) trait SubprocessEndpoint: AnyProtocol {
    fn connection_made(&self, transport: &SubprocessTransport) -> Result<()>;
    fn pipe_data_received(&self, transport: &SubprocessTransport, fd: i32, data: &[u8]) -> Result<()>;
    fn pipe_connection_lost(&self, transport: &SubprocessTransport, fd: i32, exc: Option<&Error>) -> Result<()>;
    fn process_exited(&self, transport: &SubprocessTransport) -> Result<()>;
    fn connection_lost(&self, transport: &SubprocessTransport) -> Result<()>;
    fn pause_writing(&self, transport: &SubprocessTransport) -> Result<()>;
    fn resume_writing(&self, transport: &SubprocessTransport) -> Result<()>;
}

/// The kind of subprocess protocols, which keeps nothing.
pub(super) struct Subprocesses;

impl Kind for Subprocesses {}

/// The protocol as a child wants it.
pub(super) fn bind<P: SubprocessProtocol>(protocol: P) -> Rc<Bound<P, Subprocesses>> {
    Bound::new(protocol, Subprocesses)
}

impl<P: SubprocessProtocol> SubprocessEndpoint for Bound<P, Subprocesses> {
    fn connection_made(&self, transport: &SubprocessTransport) -> Result<()> {
        self.call(|protocol| protocol.connection_made(transport))
    }

    fn pipe_data_received(&self, transport: &SubprocessTransport, fd: i32, data: &[u8]) -> Result<()> {
        self.call(|protocol| protocol.pipe_data_received(transport, fd, data))
    }

    fn pipe_connection_lost(&self, transport: &SubprocessTransport, fd: i32, exc: Option<&Error>) -> Result<()> {
        self.call(|protocol| protocol.pipe_connection_lost(transport, fd, exc))
    }

    fn process_exited(&self, transport: &SubprocessTransport) -> Result<()> {
        self.call(|protocol| protocol.process_exited(transport))
    }

    fn connection_lost(&self, transport: &SubprocessTransport) -> Result<()> {
        self.call(|protocol| protocol.connection_lost(transport, None))
    }

    fn pause_writing(&self, transport: &SubprocessTransport) -> Result<()> {
        self.call(|protocol| protocol.pause_writing(transport))
    }

    fn resume_writing(&self, transport: &SubprocessTransport) -> Result<()> {
        self.call(|protocol| protocol.resume_writing(transport))
    }
}

impl SubprocessTransport {
    /// The protocol, if it is a `P`. `None` too after `connection_lost`. Python: `BaseTransport.get_protocol()`.
    pub fn get_protocol<P: 'static>(&self) -> Option<ProtocolHandle<P>> {
        ProtocolHandle::of(self.running().endpoint()?)
    }

    /// Another protocol hears of the child from now on. Python: `BaseTransport.set_protocol()`.
    ///
    /// It may be called from inside a callback of the present protocol, which still runs to its end.
    /// `connection_made` is not called again.
    pub fn set_protocol<P: SubprocessProtocol>(&self, protocol: P) {
        self.running().set_endpoint(bind(protocol));
    }
}
