//! Names and addresses: which hosts a program means, where they are, and how to get to one of them.

mod activation;
mod address;
mod connecting;
mod dns;
mod file;
mod happy_eyeballs;
mod resolver;
mod sock;

pub use activation::{ListenFd, listen_fds};
pub use address::{AddressFamily, Hosts};
pub(crate) use address::{Target, number, resolve_all, resolve_one};
pub(crate) use connecting::connect;
pub(crate) use dns::check_running;
pub use dns::{GetAddrInfo, GetNameInfo, Resolving};
pub use file::SendingFile;
pub(crate) use file::{FilePart, part_of_a_file};
pub(crate) use happy_eyeballs::{Pace, connect_to_any};
pub use resolver::{AddrInfo, AddrInfoQuery, Resolver, ResolverFuture, SystemResolver};
pub use sock::{
    ConnectAddress, SockAccept, SockConnect, SockRecv, SockRecvFrom, SockRecvFromInto, SockRecvInto, SockSendAll,
    SockSendTo, SockSendfile,
};
