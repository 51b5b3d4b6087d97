//! Names and addresses: which hosts a program means, where they are, and how to get to one of them.

mod address;
mod connecting;
mod dns;

pub use address::{AddressFamily, Hosts};
pub(crate) use address::{Target, resolve_all, resolve_one};
pub(crate) use connecting::connect;
