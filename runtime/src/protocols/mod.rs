//! Protocols: what a connection tells its owner, callback by callback.
//!
//! ```text
//!                  ┌──────────────────┐        ┌─────────────────────────────────────────┐
//!   connection_made┤ data_received ◀──┘─ … ──▶ eof_received ─ true: still open to write ─┤
//!                  │                               │ false: the transport closes itself  │
//!                  └─────── close(), abort(), an error ───────▶ connection_lost ◀────────┘
//!
//!   between the first and the last:  pause_writing ⇄ resume_writing, strictly alternating
//! ```
//!
//! - `connection_made` comes first and once, `connection_lost` comes last and once, each as a callback of its own.
//! - `data_received` gets bytes as they come: boundaries mean nothing, but it never gets none.
//! - `eof_received` comes at most once.
//! - The socket is closed after `connection_lost` has returned, even if it fails.
//! - `pause_writing` is called from inside the `write` that filled the buffer. Is the protocol running itself at that
//!   moment, it is called right after the running callback.
//!
//! What comes in reaches a protocol in one of three ways, which are the kinds of stream protocols: lent as it comes
//! ([`Protocol`]), in memory of the protocol's own ([`BufferedProtocol`]: `get_buffer buffer_updated?` where the picture
//! has `data_received`), or cut into whole frames ([`FramedProtocol`]). One connection may have one kind after another.
//!
//! An `async fn` handler counts as one callback that lasts: nothing else is called until it has ended. Has it left more
//! to be sent than the high limit, nothing is received until the low limit is reached. A handler that writes much waits for
//! room itself, by [`Transport::drain`].
//!
//! A datagram endpoint is `connection_made (datagram_received | error_received)* connection_lost`.
//!
//! A handler fails by an `Err` or a panic. In `data_received` and its counterparts and in `eof_received` that
//! ends the connection, and `connection_lost` gets the error; in the others it is only reported.

mod bound;
mod buffered;
mod callbacks;
mod datagram;
mod framed;
mod framing;
mod handled;
mod handler;
mod kinds;
mod streaming;

pub use bound::ProtocolHandle;
pub use buffered::BufferedProtocol;
pub use datagram::DatagramProtocol;
pub use framed::FramedProtocol;
pub use framing::{ByteOrder, Framing, PrefixWidth};
pub use handled::{IntoHandled, handled};
pub use handler::{Started, not_here, start};
pub use kinds::IntoEndpoint;

pub(crate) use bound::{Bound, Kind};
pub(crate) use datagram::bind;
pub(crate) use kinds::Binding;

use crate::exceptions::{Error, Result};
use crate::transports::Transport;
use callbacks::connection_callbacks;

/// The callbacks of a stream connection. Python: `asyncio.Protocol`.
///
/// Implemented by [`#[asyncio::protocol]`](macro@crate::protocol) on an `impl` block that has some of these methods,
/// each with the arguments that it needs; those that are missing do nothing. One value serves one connection.
///
/// # Examples
///
/// ```
/// use asyncio::Transport;
///
/// struct Echo;
///
/// #[asyncio::protocol]
/// impl Echo {
///     fn data_received(&mut self, transport: &Transport, data: &[u8]) {
///         transport.write(data);
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a protocol",
    label = "put `#[asyncio::protocol]` on an `impl {Self}` block with its callbacks"
)]
pub trait Protocol: 'static {
    connection_callbacks!(beginning);

    /// Bytes came in, at least one. Python: `Protocol.data_received()`.
    ///
    /// # Errors
    ///
    /// Whatever makes going on impossible: it is reported, and the connection ends with it.
    fn data_received(&mut self, transport: &Transport, data: &[u8]) -> Result<()> {
        let _ = (transport, data);
        Ok(())
    }

    connection_callbacks!(end);

    /// Whether it has received something that the program has not got yet.
    #[doc(hidden)]
    fn has_unread(&self) -> bool {
        false
    }

    /// Starts the `async fn` that handles this callback, if one does.
    #[doc(hidden)]
    #[inline]
    fn start_data_received(transport: &Transport, data: &[u8]) -> Result<Started>
    where
        Self: Sized,
    {
        let _ = (transport, data);
        Ok(Started::Not)
    }
}
