//! The system's resolver. It blocks, so it is called on threads that may.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs};

/// The stream addresses of a host, in the order in which the system prefers them.
pub(crate) fn resolve(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    (host, port).to_socket_addrs().map(Iterator::collect)
}
