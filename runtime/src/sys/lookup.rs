//! What the system's resolver is asked, and what it answers.

use std::net::SocketAddr;

/// Which addresses are wanted, in the system's numbers; zero is any.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Hints {
    pub(crate) family: i32,
    pub(crate) socket_type: i32,
    pub(crate) proto: i32,
    pub(crate) flags: i32,
}

/// One address that was found.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) socket_type: i32,
    pub(crate) proto: i32,
    pub(crate) canonname: Option<String>,
    pub(crate) address: SocketAddr,
}
