//! What the system calls open sockets, files and pipes: on Unix all of them are descriptors.

use std::io;

/// An open file, pipe or device of the program's.
pub(crate) use std::os::fd::{AsFd as AsFile, OwnedFd as OwnedFile};
pub(crate) use std::os::fd::{AsRawFd, OwnedFd, RawFd};

/// The number of a descriptor.
pub(crate) fn raw(fd: &impl AsRawFd) -> RawFd {
    fd.as_raw_fd()
}

/// The same, for one that is open.
pub(crate) fn number(fd: &impl AsRawFd) -> usize {
    fd.as_raw_fd().unsigned_abs() as usize
}

/// Another descriptor for the same.
pub(crate) fn duplicate(file: &impl AsFile) -> io::Result<OwnedFile> {
    file.as_fd().try_clone_to_owned()
}

/// Another one for this process's standard output.
pub(crate) fn own_stdout() -> io::Result<OwnedFile> {
    duplicate(&io::stdout())
}

/// Gives a macro the types whose values can be a child's standard stream.
macro_rules! for_files {
    ($per_type:ident) => {
        $per_type!(
            std::fs::File,
            std::os::fd::OwnedFd,
            std::net::TcpStream,
            std::os::unix::net::UnixStream,
            std::process::ChildStdin,
            std::process::ChildStdout,
            std::process::ChildStderr
        );
    };
}
pub(crate) use for_files;

/// Has a type of ours lend its field of this name as a descriptor, and give it away.
macro_rules! owns_a_socket {
    ($type:ty, $field:ident) => {
        impl std::os::fd::AsFd for $type {
            fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
                self.$field.as_fd()
            }
        }

        impl From<$type> for std::os::fd::OwnedFd {
            fn from(owner: $type) -> Self {
                owner.$field
            }
        }
    };
}
pub(crate) use owns_a_socket;
