//! `BufferedProtocol`: what comes in lands in memory of the protocol's own.

use super::Bound;
use super::bound::Kind;
use super::callbacks::connection_callbacks;
use super::handler::Started;
use crate::exceptions::{Error, Result};
use crate::transports::{Endpoint, Transport};

/// The callbacks of a stream connection that receives into memory of the protocol's own. Python:
/// `asyncio.BufferedProtocol`.
///
/// Implemented by [`#[asyncio::protocol]`](macro@crate::protocol) on an `impl` block that has `get_buffer` and
/// `buffer_updated`, by which it is known. The system writes straight into the slice that `get_buffer` returns: no byte
/// is copied on the way. More than fits comes in several rounds of `get_buffer` and `buffer_updated`; `get_buffer` alone
/// may be called too, when nothing has come after all.
///
/// Bytes that the system has delivered already, because a former protocol of the connection left them, are copied.
///
/// # Examples
///
/// ```
/// use asyncio::Transport;
///
/// /// Receives 1024 bytes, and sends them back.
/// struct Block {
///     memory: [u8; 1024],
///     filled: usize,
/// }
///
/// #[asyncio::protocol]
/// impl Block {
///     fn get_buffer(&mut self) -> &mut [u8] {
///         &mut self.memory[self.filled..]
///     }
///
///     fn buffer_updated(&mut self, transport: &Transport, nbytes: usize) {
///         self.filled += nbytes;
///         if self.filled == self.memory.len() {
///             transport.write(&self.memory);
///             transport.close();
///         }
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a buffered protocol",
    label = "put `#[asyncio::protocol]` on an `impl {Self}` block with `get_buffer` and `buffer_updated`"
)]
pub trait BufferedProtocol: 'static {
    connection_callbacks!(beginning);

    /// Where to receive into. Python: `BufferedProtocol.get_buffer()`.
    ///
    /// `sizehint` says how many bytes wait, if that is known; it is `None` where Python has −1. The slice may be of any
    /// size but zero. At most that much is received before [`buffer_updated`](Self::buffer_updated) is called.
    ///
    /// # Errors
    ///
    /// Whatever makes going on impossible: it is reported, and the connection ends with it. An empty slice is a
    /// `RuntimeError` of that kind.
    fn get_buffer(&mut self, transport: &Transport, sizehint: Option<usize>) -> Result<&mut [u8]> {
        let _ = (transport, sizehint);
        Ok(&mut [])
    }

    /// So many bytes, at least one, were put at the beginning of the buffer. Python: `BufferedProtocol.buffer_updated()`.
    ///
    /// # Errors
    ///
    /// Whatever makes going on impossible: it is reported, and the connection ends with it.
    fn buffer_updated(&mut self, transport: &Transport, nbytes: usize) -> Result<()> {
        let _ = (transport, nbytes);
        Ok(())
    }

    connection_callbacks!(end);

    /// Starts the `async fn` that handles this callback, if one does.
    #[doc(hidden)]
    #[inline]
    fn start_buffer_updated(transport: &Transport, nbytes: usize) -> Result<Started>
    where
        Self: Sized,
    {
        let _ = (transport, nbytes);
        Ok(Started::Not)
    }
}

/// The kind that receives into its own memory: [`BufferedProtocol`].
#[derive(Debug)]
#[expect(unnameable_types, reason = "it is inferred")]
pub struct Buffered;

impl Kind for Buffered {}

impl<P: BufferedProtocol> Endpoint for Bound<P, Buffered> {
    fn connection_made(&self, transport: &Transport) -> Result<()> {
        match P::start_connection_made(transport)? {
            Started::Not => self.call(|protocol| protocol.connection_made(transport)),
            Started::Done | Started::Running => Ok(()),
        }
    }

    /// What TLS has decrypted is copied, as much as fits at once.
    fn data_received(&self, transport: &Transport, data: &[u8]) -> Result<usize> {
        let mut length = 0;
        self.lend(transport, Some(data.len()), &mut |memory| {
            // By then it may have paused.
            if transport.is_reading() {
                length = data.len().min(memory.len());
                memory[..length].copy_from_slice(&data[..length]);
            }
        })?;
        if length > 0 {
            self.buffer_updated(transport, length)?;
        }
        Ok(length)
    }

    fn is_buffered(&self) -> bool {
        true
    }

    fn lend(&self, transport: &Transport, size: Option<usize>, fill: &mut dyn FnMut(&mut [u8])) -> Result<()> {
        self.call(|protocol| match protocol.get_buffer(transport, size)? {
            [] => Err(Error::runtime_error("get_buffer() returned an empty buffer: return one with room for a byte")),
            memory => {
                fill(memory);
                Ok(())
            }
        })
    }

    fn buffer_updated(&self, transport: &Transport, nbytes: usize) -> Result<()> {
        match P::start_buffer_updated(transport, nbytes)? {
            Started::Not => self.call(|protocol| protocol.buffer_updated(transport, nbytes)),
            Started::Done | Started::Running => Ok(()),
        }
    }

    fn eof_received(&self, transport: &Transport) -> Result<bool> {
        match P::start_eof_received(transport)? {
            Started::Not => self.call(|protocol| protocol.eof_received(transport)),
            // The handler closes the connection if it wants that.
            Started::Done | Started::Running => Ok(true),
        }
    }

    fn connection_lost(&self, transport: &Transport, exc: Option<&Error>) -> Result<()> {
        self.call(|protocol| protocol.connection_lost(transport, exc))
    }

    fn pause_writing(&self, transport: &Transport) -> Result<()> {
        self.call(|protocol| protocol.pause_writing(transport))
    }

    fn resume_writing(&self, transport: &Transport) -> Result<()> {
        self.call(|protocol| protocol.resume_writing(transport))
    }
}
