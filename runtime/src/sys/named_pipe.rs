//! Named pipes of Windows's kind, which Unix does not have.

use std::convert::Infallible;
use std::ffi::OsStr;
use std::io;

use super::not_here::not_here;
use super::{Pipe, RawFd};

/// Connects to the server of a name. `None`: all its instances are taken right now.
pub(crate) fn connect_named_pipe(_name: &OsStr) -> io::Result<Option<Pipe>> {
    Err(not_here("create_pipe_connection()"))
}

/// An instance of a server, which waits for a client. There is none here.
#[derive(Debug)]
pub(crate) struct PipeInstance(Infallible);

impl PipeInstance {
    /// The `first` one of a name, or one more.
    pub(crate) fn new(_name: &OsStr, _first: bool) -> io::Result<Self> {
        Err(not_here("start_serving_pipe()"))
    }

    /// To be watched before it can accept.
    pub(crate) fn fd(&self) -> RawFd {
        match self.0 {}
    }

    /// Whether a client has come; else it will be reported.
    pub(crate) fn accept(&self) -> io::Result<bool> {
        match self.0 {}
    }

    /// The pipe to the client, which is not watched any more.
    pub(crate) fn into_pipe(self) -> Pipe {
        match self.0 {}
    }
}
