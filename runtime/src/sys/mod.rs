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
//! - [`Lit`], [`read_memory`], [`doing`]: the memory and the threads of a process that another one looks at.
//! - `native`, with the feature `backtrace`: the registers and the stack of another thread, and the code that is loaded.
//! - [`PipeInstance`], [`connect_named_pipe`]: named pipes of Windows's kind.
//! - [`fork`]: tells a process apart from the one that made a loop, without a system call.
//!
//! Unix stands in the files beside this one, with its systems apart only where they differ; Windows in `windows/`, a file
//! for each that differs. What a system lacks is a `NotImplementedError` that names it.
//!
//! The receive side lends bytes instead of filling its caller's memory, so that a completion backend can stand behind
//! the same contract. Every descriptor made here is close-on-exec and non-blocking.

mod address;
mod beacon;
mod channel;
#[cfg_attr(windows, path = "windows/child.rs")]
mod child;
mod coarse_time;
mod datagram;
#[cfg_attr(windows, path = "windows/descriptor.rs")]
mod descriptor;
#[cfg_attr(windows, path = "windows/driver.rs")]
mod driver;
#[cfg(unix)]
mod errno;
#[cfg_attr(windows, path = "windows/fork.rs")]
pub(crate) mod fork;
#[cfg(feature = "process-pool")]
mod huge_pages;
mod inbox;
#[cfg_attr(windows, path = "windows/inherited.rs")]
mod inherited;
#[cfg_attr(windows, path = "windows/interrupt.rs")]
pub(crate) mod interrupt;
mod lookup;
#[cfg_attr(windows, path = "windows/named_pipe.rs")]
mod named_pipe;
#[cfg_attr(windows, path = "windows/names.rs")]
mod names;
#[cfg(all(feature = "backtrace", target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
mod native;
mod not_here;
#[cfg_attr(windows, path = "windows/os_socket.rs")]
mod os_socket;
mod other_process;
#[cfg_attr(windows, path = "windows/pipe.rs")]
mod pipe;
mod readiness;
mod receive;
#[cfg_attr(windows, path = "windows/resolve.rs")]
mod resolve;
mod ring;
mod scoped;
#[cfg_attr(windows, path = "windows/sendfile.rs")]
mod sendfile;
#[cfg_attr(windows, path = "windows/signals.rs")]
pub(crate) mod signals;
#[cfg(unix)]
mod sigpipe;
mod socket;
mod system_call;
#[cfg_attr(windows, path = "windows/unix_socket.rs")]
mod unix_socket;
#[cfg_attr(windows, path = "windows/user_socket.rs")]
mod user_socket;
#[cfg(windows)]
#[path = "windows/wait.rs"]
mod wait;
#[cfg(feature = "process-pool")]
pub(crate) mod worker;

pub(crate) use address::Address;
pub use address::UnixAddress;
pub(crate) use beacon::{Lit, MAGIC, PAGES, VERSION};
pub(crate) use channel::{Channel, Direction};
pub use child::PreExec;
pub(crate) use child::{Child, Order, Preparation, Stream, pipe};
pub(crate) use coarse_time::coarse_time;
pub(crate) use datagram::{Incoming, Look, Parcel, WATCHING_COSTS_SENDERS};
pub(crate) use descriptor::{
    AsFile, AsRawFd, OwnedFd, OwnedFile, RawFd, duplicate, for_files, number, own_stdout, owns_a_socket, raw,
};
#[cfg(windows)]
use driver::blocked;
pub(crate) use driver::{Driver, Unparker};
#[cfg(feature = "process-pool")]
pub(crate) use huge_pages::prefer_huge_pages;
pub(crate) use inbox::{Inbox, Pushed, Ticket};
pub(crate) use inherited::{process_id, take_inherited};
pub(crate) use lookup::{Found, Hints};
pub(crate) use named_pipe::{PipeInstance, connect_named_pipe};
#[cfg(all(feature = "backtrace", target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
pub(crate) use native::{Loaded, Sample, Stack, loaded, sample};
pub(crate) use os_socket::{CLOSED, is_lost_connection, is_out_of_resources};
pub(crate) use other_process::{allow_reading, read_memory, thread_number};
pub(crate) use pipe::{HUNG_UP, Pipe, is_always_ready};
pub(crate) use readiness::{Interest, Readiness};
pub(crate) use receive::{Keeper, Lease, Loan, ReceiveBuffer};
pub(crate) use resolve::{INET, INET6, PASSIVE, STREAM, getaddrinfo, getaddrinfo_numeric, getnameinfo, wants_numbers};
pub(crate) use ring::Ring;
pub(crate) use scoped::Scoped;
pub(crate) use sendfile::{is_regular, read_piece, send_file, set_position};
pub(crate) use socket::{SEND_PIECES, Socket};
pub(crate) use system_call::{Doing, doing};
pub(crate) use unix_socket::{SocketFile, remove_socket_file};
pub use user_socket::{SockAddr, UserSocket};
pub(crate) use user_socket::{
    accept, connect, family, is_nonblocking, is_stream, peer_of, receive, receive_from, receive_some,
    receive_some_from, send, send_to,
};
