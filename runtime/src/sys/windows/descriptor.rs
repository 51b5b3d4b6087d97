//! What Windows calls open sockets, files and pipes: sockets and handles. Type-checked, and never run so far.

use std::io;

/// A socket of the program's.
pub(crate) use std::os::windows::io::OwnedSocket as OwnedFd;
pub(crate) use std::os::windows::io::{
    AsHandle as AsFile, AsRawSocket as AsRawFd, OwnedHandle as OwnedFile, RawSocket as RawFd,
};

use std::os::windows::io::{AsRawHandle, BorrowedHandle};

/// The number of a socket.
pub(crate) fn raw(socket: &impl AsRawFd) -> RawFd {
    socket.as_raw_socket()
}

/// The same, as large as an address is.
pub(crate) fn number(socket: &impl AsRawFd) -> usize {
    usize::try_from(socket.as_raw_socket()).expect("an address")
}

/// The number of a handle. The system has one row of numbers for handles and sockets.
pub(super) fn raw_handle(handle: &impl AsRawHandle) -> RawFd {
    handle.as_raw_handle().addr() as RawFd
}

/// Another handle for the same.
pub(crate) fn duplicate(file: &impl AsFile) -> io::Result<OwnedFile> {
    file.as_handle().try_clone_to_owned()
}

/// Another one for this process's standard output.
pub(crate) fn own_stdout() -> io::Result<OwnedFile> {
    let stdout = io::stdout();
    let handle: BorrowedHandle<'_> = stdout.as_handle();
    handle.try_clone_to_owned()
}

/// Gives a macro the types whose values can be a child's standard stream.
macro_rules! for_files {
    ($per_type:ident) => {
        $per_type!(
            std::fs::File,
            std::os::windows::io::OwnedHandle,
            std::process::ChildStdin,
            std::process::ChildStdout,
            std::process::ChildStderr
        );
    };
}
pub(crate) use for_files;

/// Has a type of ours lend its field of this name as a socket, and give it away.
macro_rules! owns_a_socket {
    ($type:ty, $field:ident) => {
        impl std::os::windows::io::AsSocket for $type {
            fn as_socket(&self) -> std::os::windows::io::BorrowedSocket<'_> {
                self.$field.as_socket()
            }
        }

        impl From<$type> for std::os::windows::io::OwnedSocket {
            fn from(owner: $type) -> Self {
                owner.$field
            }
        }
    };
}
pub(crate) use owns_a_socket;
