//! TLS as a layer: to the transport below it is a protocol, to the protocol above it is a transport.
//!
//! ```text
//!   protocol ── write, close ──▶ Transport ──▶ Layer ── Session::encrypt ──▶ Transport ── ciphertext ──▶ socket
//!      ▲                                         │                              below
//!      └── data_received ── plaintext ── Session::receive ◀── data_received ── ciphertext ◀── socket
//! ```
//!
//! The session does no I/O and knows no time: bytes go in and come out. The layer binds it to its two neighbours, and
//! has the timers. What both need for a moment, plaintext and ciphertext of one event, is lent by the loop: a connection
//! on which nothing happens holds what rustls holds and little more. A layer may stand on a layer.

mod delivering;
mod ending;
mod facts;
mod handshake;
mod io;
mod kept;
mod layer;
mod listening;
mod memory;
mod session;
mod spool;
mod start_tls;
mod state;

pub use start_tls::{StartTls, Upgrading};

pub(crate) use layer::{Layer, Options, check_side};
