//! Streams: reading and writing a connection by coroutines, on top of transports and protocols.
//!
//! ```text
//!   open_connection, start_server ──▶ StreamReader, StreamWriter
//!                                          ╲       ╱
//!                    Transport ◀──────── one Shared ──────── StreamReaderProtocol ◀── callbacks
//! ```
//!
//! What comes in for a task that waits stays in the loop's receive buffer until that has run, which it does at once: so
//! it is copied once, to where the task wants it, or not at all.

mod buffer;
mod client;
mod drain;
mod endpoint;
mod feeder;
mod futures_io;
#[cfg(feature = "hyper")]
mod hyper;
mod lines;
mod open;
mod open_unix;
mod outgoing;
mod pair;
mod pipes;
mod protocol;
mod reader;
mod reading;
mod reads;
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
pub use pipes::{OpenReadPipe, open_read_pipe, open_stderr, open_stdin, open_stdout, open_write_pipe};
pub use protocol::StreamReaderProtocol;
pub use reader::StreamReader;
pub use reads::{Read, ReadBuf, ReadExactly, ReadInto, ReadToEnd, ReadWith};
pub use separators::Separators;
pub use serve::{StartServer, start_server, start_server_with_sock, start_server_with_socks};
pub use serve_unix::{StartUnixServer, start_unix_server};
pub use writer::StreamWriter;
