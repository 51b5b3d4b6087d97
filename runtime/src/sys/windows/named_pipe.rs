//! Named pipes between programs, for `create_pipe_connection` and `start_serving_pipe`. Type-checked, and never run so far.

use std::ffi::OsStr;
use std::fs::OpenOptions;
use std::io;
use std::os::windows::fs::OpenOptionsExt;

use windows_sys::Win32::Foundation::ERROR_PIPE_BUSY;
use windows_sys::Win32::Storage::FileSystem::{
    FILE_FLAG_FIRST_PIPE_INSTANCE, FILE_FLAG_OVERLAPPED, PIPE_ACCESS_DUPLEX,
};
use windows_sys::Win32::System::Pipes::PIPE_UNLIMITED_INSTANCES;

use super::pipe::instance;
use super::{Channel, Direction, Pipe, RawFd};

/// Connects to the server of a name. `None`: all its instances are taken right now.
pub(crate) fn connect_named_pipe(name: &OsStr) -> io::Result<Option<Pipe>> {
    match OpenOptions::new().read(true).write(true).custom_flags(FILE_FLAG_OVERLAPPED).open(name) {
        Ok(file) => Pipe::fresh(file.into(), Direction::Both).map(Some),
        Err(error) if error.raw_os_error() == i32::try_from(ERROR_PIPE_BUSY).ok() => Ok(None),
        Err(error) => Err(error),
    }
}

/// An instance of a server, which waits for a client.
#[derive(Debug)]
pub(crate) struct PipeInstance(Pipe);

impl PipeInstance {
    /// The `first` one of a name, or one more.
    pub(crate) fn new(name: &OsStr, first: bool) -> io::Result<Self> {
        let access = PIPE_ACCESS_DUPLEX | if first { FILE_FLAG_FIRST_PIPE_INSTANCE } else { 0 };
        Pipe::fresh(instance(name, access, PIPE_UNLIMITED_INSTANCES)?, Direction::Both).map(Self)
    }

    /// To be watched before it can accept.
    pub(crate) fn fd(&self) -> RawFd {
        self.0.fileno().expect("it is open as long as it waits")
    }

    /// Whether a client has come; else it will be reported.
    pub(crate) fn accept(&self) -> io::Result<bool> {
        let pipe = self.0.pipe()?;
        let pipe = pipe.borrow();
        if let Some(error) = pipe.take_error()? {
            return Err(error);
        }
        match pipe.connect() {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The pipe to the client, which is not watched any more.
    pub(crate) fn into_pipe(self) -> Pipe {
        self.0
    }
}
