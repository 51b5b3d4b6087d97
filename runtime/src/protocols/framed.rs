//! `FramedProtocol`: whole messages instead of bytes as they come.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use super::bound::Kind;
use super::callbacks::connection_callbacks;
use super::framing::{Ending, Next, Splitter, check_line};
use super::handler::Started;
use super::{Bound, Framing};
use crate::exceptions::{Error, LimitOverrunError, Result};
use crate::transports::{Endpoint, Transport};

/// The callbacks of a stream connection that is cut into frames.
///
/// Implemented by `#[asyncio::protocol(lines)]`, `#[asyncio::protocol(delimited = b"…")]` or
/// `#[asyncio::protocol(length_prefixed = u32)]`: see [`protocol`](macro@crate::protocol).
///
/// - A frame that lies whole in the receive buffer is lent from there; only one that came in several pieces is copied.
/// - Pausing reading, closing, or handing the connection on from inside a frame's callback counts at once: no other
///   frame is delivered, even if it was received with this one. After [`Transport::resume_reading`] the rest is
///   delivered; after [`Transport::set_protocol`] the new protocol gets it, from the byte behind the frame on.
/// - At the end of the stream the last line counts without its end. Any other frame that is cut off then ends the
///   connection, and [`connection_lost`](Self::connection_lost) gets an `IncompleteReadError`.
/// - A frame above the limit ends the connection too, with a `LimitOverrunError`, unless
///   [`frame_too_long`](Self::frame_too_long) wants it skipped.
///
/// These two errors are a peer's doing, so they go to `connection_lost` alone and not to the exception handler.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a protocol of frames",
    label = "put `#[asyncio::protocol(lines)]` on an `impl {Self}` block with `line_received`"
)]
pub trait FramedProtocol: 'static {
    /// How frames are told apart; asked once for each connection.
    fn framing(&self) -> Framing;

    connection_callbacks!(beginning);

    /// A frame came in, without its end or its length; it may be empty. In a block with `lines` it is written
    /// `line_received`.
    ///
    /// # Errors
    ///
    /// Whatever makes going on impossible: it is reported, and the connection ends with it.
    fn frame_received(&mut self, transport: &Transport, frame: &[u8]) -> Result<()> {
        let _ = (transport, frame);
        Ok(())
    }

    /// A frame is above the limit. True skips it and goes on, false ends the connection with `exc`, a
    /// `LimitOverrunError`.
    ///
    /// It is called once for each such frame, as soon as that is certain.
    ///
    /// # Errors
    ///
    /// Whatever makes going on impossible: it is reported, and the connection ends with it.
    fn frame_too_long(&mut self, transport: &Transport, exc: &Error) -> Result<bool> {
        let _ = (transport, exc);
        Ok(false)
    }

    connection_callbacks!(end);

    /// Starts the `async fn` that handles this callback, if one does.
    #[doc(hidden)]
    #[inline]
    fn start_frame_received(transport: &Transport, frame: &[u8]) -> Result<Started>
    where
        Self: Sized,
    {
        let _ = (transport, frame);
        Ok(Started::Not)
    }
}

/// The kind that is cut into frames: [`FramedProtocol`].
#[derive(Debug)]
#[expect(unnameable_types, reason = "it is inferred")]
pub struct Framed {
    /// Never borrowed while a callback runs.
    splitter: RefCell<Splitter>,
    /// Another protocol has the connection now.
    replaced: Cell<bool>,
    /// The newest callback was told of a frame that is too long.
    too_long: Cell<bool>,
}

impl Framed {
    pub(super) fn new(framing: Framing) -> Self {
        Self { splitter: RefCell::new(Splitter::new(framing)), replaced: Cell::new(false), too_long: Cell::new(false) }
    }
}

impl Kind for Framed {
    fn framing(&self) -> Option<Framing> {
        Some(self.splitter.borrow().framing())
    }
}

impl<P: FramedProtocol> Bound<P, Framed> {
    /// Hands it over; an `async fn` may still be busy with it then.
    fn frame(&self, transport: &Transport, frame: &[u8]) -> Result<Started> {
        let started = P::start_frame_received(transport, frame)?;
        if started == Started::Not {
            self.call(|protocol| protocol.frame_received(transport, frame))?;
        }
        Ok(started)
    }

    #[cold]
    fn too_long(&self, transport: &Transport, size: Option<u64>) -> Result<Started> {
        let max = self.kind.splitter.borrow().framing().limit();
        let size = size.map_or_else(|| "at least that".to_owned(), |size| size.to_string());
        let message = format!("a frame is longer than the limit of {max} bytes: it has {size}");
        let exc = Error::LimitOverrunError(Arc::new(LimitOverrunError { message, consumed: max }));
        self.kind.too_long.set(true);
        if !self.call(|protocol| protocol.frame_too_long(transport, &exc))? {
            transport.fail(exc);
        }
        self.kind.too_long.set(false);
        Ok(Started::Not)
    }
}

impl<P: FramedProtocol> Endpoint for Bound<P, Framed> {
    fn connection_made(&self, transport: &Transport) -> Result<()> {
        match P::start_connection_made(transport)? {
            Started::Not => self.call(|protocol| protocol.connection_made(transport)),
            Started::Done | Started::Running => Ok(()),
        }
    }

    fn data_received(&self, transport: &Transport, data: &[u8]) -> Result<usize> {
        let mut at = 0;
        while at < data.len() {
            let next = self.kind.splitter.borrow_mut().next(data, at);
            let started = match next {
                Next::More => return Ok(data.len()),
                Next::Whole { frame, taken } => {
                    at = taken;
                    self.frame(transport, data.get(frame).unwrap_or_default())?
                }
                Next::Joined { bytes, frame, taken } => {
                    at = taken;
                    self.frame(transport, bytes.get(frame).unwrap_or_default())?
                }
                Next::TooLong { size, taken } => {
                    at = taken;
                    self.too_long(transport, size)?
                }
            };
            if started == Started::Running || self.kind.replaced.get() || !transport.is_reading() {
                break;
            }
        }
        Ok(at)
    }

    fn last_words(&self, transport: &Transport) -> Result<()> {
        let ending = self.kind.splitter.borrow_mut().finish();
        match ending {
            Ending::Clean => {}
            Ending::Line(line) => drop(self.frame(transport, &line)?),
            Ending::TooLong => drop(self.too_long(transport, None)?),
            Ending::CutOff(error) => transport.fail(Error::IncompleteReadError(Arc::new(error))),
        }
        Ok(())
    }

    fn reception_failed(&self) -> &'static str {
        if self.kind.too_long.get() {
            "Fatal error: protocol.frame_too_long() call failed."
        } else if self.kind.splitter.borrow().framing().is_of_lines() {
            "Fatal error: protocol.line_received() call failed."
        } else {
            "Fatal error: protocol.frame_received() call failed."
        }
    }

    fn replaced(&self) -> Vec<u8> {
        self.kind.replaced.set(true);
        self.kind.splitter.borrow_mut().give_back()
    }

    #[cfg(feature = "tls")]
    fn has_unread(&self) -> bool {
        !self.kind.splitter.borrow().is_between_frames()
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

impl Transport {
    /// Sends a frame, with the end or the length that the protocol's framing wants.
    ///
    /// As [`writelines`](Self::writelines) in everything else; on a connection that has ended it does nothing.
    ///
    /// # Errors
    ///
    /// `RuntimeError` if the protocol has no framing; `ValueError` if the frame could not be read back: it is above the
    /// limit or too long for its length, contains the delimiter, or is no single line.
    ///
    /// # Examples
    ///
    /// ```
    /// use asyncio::Transport;
    ///
    /// struct Echo;
    ///
    /// #[asyncio::protocol(length_prefixed = u32)]
    /// impl Echo {
    ///     fn frame_received(&mut self, transport: &Transport, frame: &[u8]) -> asyncio::Result<()> {
    ///         transport.write_frame(frame)
    ///     }
    /// }
    /// ```
    pub fn write_frame(&self, frame: impl AsRef<[u8]>) -> Result<()> {
        let Some(endpoint) = self.endpoint() else { return Ok(()) };
        let mut framing: Option<Framing> = None;
        endpoint.hand_out(&mut framing);
        let Some(framing) = framing else {
            return Err(Error::runtime_error(
                "write_frame: the protocol of this connection has no framing; use write(), or give it one by \
                 #[asyncio::protocol(lines)], delimited or length_prefixed",
            ));
        };
        let frame = frame.as_ref();
        let (prefix, suffix) = framing.around(frame)?;
        self.writelines([prefix.as_bytes(), frame, suffix]);
        Ok(())
    }

    /// Sends a line and its `\n`, whatever the protocol is.
    ///
    /// # Errors
    ///
    /// `ValueError` if it contains `\n` or ends with `\r`, so that it would not come out as it went in.
    ///
    /// # Examples
    ///
    /// ```
    /// fn greet(transport: &asyncio::Transport, name: &str) -> asyncio::Result<()> {
    ///     transport.write_line(format!("hello {name}"))
    /// }
    /// ```
    pub fn write_line(&self, line: impl AsRef<[u8]>) -> Result<()> {
        let line = line.as_ref();
        check_line("write_line", line)?;
        self.writelines([line, b"\n"]);
        Ok(())
    }
}
