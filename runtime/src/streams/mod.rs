//! Streams: reading and writing a connection by coroutines, on top of transports and protocols.
//!
//! ```text
//!   open_connection, start_server ──▶ StreamReader, StreamWriter
//!                                          ╲       ╱
//!                    Transport ◀──────── one Shared ──────── StreamReaderProtocol ◀── callbacks
//! ```
//!
//! What comes in is copied once, out of the loop's receive buffer; a read that takes all of it takes the memory itself.

mod buffer;
mod client;
mod drain;
mod feeder;
mod futures_io;
#[cfg(feature = "hyper")]
mod hyper;
mod lines;
mod open;
mod open_unix;
mod pair;
mod protocol;
mod reader;
mod reading;
mod reads;
#[cfg(feature = "tls")]
mod secure;
mod separators;
mod serve;
mod serve_unix;
mod shared;
#[cfg(feature = "tokio-io")]
mod tokio_io;
mod writer;

pub use drain::{Drain, WaitClosed};
pub use feeder::StreamFeeder;
#[cfg(feature = "hyper")]
pub use hyper::HyperTimer;
pub use lines::{ReadLine, ReadUntil};
pub use open::{OpenConnection, open_connection, open_connection_with_sock};
pub use open_unix::{OpenUnixConnection, open_unix_connection};
pub use pair::StreamPair;
pub use protocol::StreamReaderProtocol;
pub use reader::StreamReader;
pub use reads::{Read, ReadBuf, ReadExactly, ReadInto, ReadToEnd};
#[cfg(feature = "tls")]
pub use secure::StartStreamTls;
pub use separators::Separators;
pub use serve::{StartServer, start_server, start_server_with_sock};
pub use serve_unix::{StartUnixServer, start_unix_server};
pub use writer::StreamWriter;
