//! The operating system: the only room that makes a system call or names mio, libc or socket2.
//!
//! What each platform must supply:
//!
//! - [`Driver`]: the poller. `add` registers a descriptor once, edge-triggered; `modify` arms it again, so that a
//!   readiness that is still there is reported anew; `remove` forgets it; `wait` sleeps until something is ready, the
//!   time is over or somebody wakes; `drain` hands out what `wait` found.
//! - [`Unparker`]: ends a `wait` from any thread or signal handler.
//! - [`Inbox`]: what other threads have for the loop, one lock-free word.
//! - [`Socket`]: the network's system calls; [`ReceiveBuffer`]: the memory that incoming bytes are lent from;
//!   [`getaddrinfo`], [`getnameinfo`]: host names.
//! - [`Child`]: a child process that is watched, signalled and reaped.
//! - [`Channel`]: what the bytes of a transport go through: a [`Socket`] or a [`Pipe`].
//! - [`UserSocket`]: sockets that belong to the program, and one attempt at each operation on them.
//! - [`Ring`]: a queue on one thread, and [`Scoped`], a reference that is lent for one call: no system, but no safe
//!   code either.
//! - `worker`, for process pools: how this program is started as a worker, and how that takes its socket.
//! - [`interrupt`]: Ctrl-C as a flag, and the default action given back.
//! - [`signals`]: other signals in the order in which they came, and what the system did before given back.
//! - [`take_inherited`]: descriptors that a service manager has left open.
//! - [`Lit`], [`read_memory`]: the memory of a process that another one reads.
//! - [`fork`]: tells a process apart from the one that made a loop, without a system call.
//!
//! The receive side lends bytes instead of filling its caller's memory, so that a completion backend can stand behind
//! the same contract. Every descriptor made here is close-on-exec and non-blocking.

mod address;
mod beacon;
mod channel;
mod child;
mod datagram;
mod descriptor;
mod driver;
mod errno;
pub(crate) mod fork;
mod inbox;
mod inherited;
pub(crate) mod interrupt;
mod other_process;
mod pipe;
mod readiness;
mod receive;
mod resolve;
mod ring;
mod scoped;
mod sendfile;
pub(crate) mod signals;
mod sigpipe;
mod socket;
mod unix_socket;
mod user_socket;
#[cfg(feature = "process-pool")]
pub(crate) mod worker;

pub(crate) use address::Address;
pub use address::UnixAddress;
pub(crate) use beacon::{Lit, MAGIC, PAGES, VERSION};
pub(crate) use channel::{Channel, Direction};
pub use child::PreExec;
pub(crate) use child::{Child, Order, Preparation, Stream, pipe};
pub(crate) use datagram::{Incoming, Look, Parcel};
pub(crate) use descriptor::{
    AsFile, AsRawFd, OwnedFd, OwnedFile, RawFd, duplicate, for_files, own_stdout, owns_a_socket, raw,
};
pub(crate) use driver::{Driver, Interest, Unparker};
pub(crate) use inbox::{Inbox, Pushed, Ticket};
pub(crate) use inherited::{process_id, take_inherited};
pub(crate) use other_process::{allow_reading, read_memory, thread_number};
pub(crate) use pipe::{HUNG_UP, Pipe, is_always_ready};
pub(crate) use readiness::Readiness;
pub(crate) use receive::{Keeper, Lease, Loan, ReceiveBuffer};
pub(crate) use resolve::{
    Found, Hints, INET, INET6, PASSIVE, STREAM, getaddrinfo, getaddrinfo_numeric, getnameinfo, wants_numbers,
};
pub(crate) use ring::Ring;
pub(crate) use scoped::{Chain, Scoped};
pub(crate) use sendfile::{is_regular, read_piece, send_file, set_position};
pub(crate) use socket::{SEND_PIECES, Socket, is_lost_connection, is_out_of_resources};
pub(crate) use unix_socket::{SocketFile, remove_socket_file};
pub use user_socket::{SockAddr, UserSocket};
pub(crate) use user_socket::{
    accept, connect, family, is_stream, peer_of, receive, receive_from, receive_some, receive_some_from, send, send_to,
};
