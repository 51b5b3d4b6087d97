//! What a child's standard streams are.

use std::fs::File;
use std::io;
use std::net::TcpStream;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::process;

use crate::exceptions::{Error, Result};
use crate::sys::pipe;

/// What becomes of one standard stream of a child.
///
/// One of [`PIPE`](super::PIPE), [`DEVNULL`](super::DEVNULL), [`STDOUT`](super::STDOUT) and
/// [`INHERIT`](super::INHERIT), or a file, socket or descriptor of the program's.
#[derive(Debug)]
pub struct Stdio(Kind);

#[derive(Debug)]
enum Kind {
    Pipe,
    Stdout,
    DevNull,
    Inherit,
    File(OwnedFd),
}

impl Stdio {
    pub(super) const PIPE: Self = Self(Kind::Pipe);
    pub(super) const STDOUT: Self = Self(Kind::Stdout);
    pub(super) const DEVNULL: Self = Self(Kind::DevNull);
    pub(super) const INHERIT: Self = Self(Kind::Inherit);

    /// The child's side, for a stream that it reads, and ours.
    pub(super) fn read_by_child(self) -> Result<(process::Stdio, Option<OwnedFd>)> {
        match self.0 {
            Kind::Pipe => {
                let (theirs, ours) = pipe()?;
                Ok((theirs.into(), Some(ours)))
            }
            Kind::Stdout => Err(only_stderr("stdin")),
            plain => Ok((plain.into_std(), None)),
        }
    }

    /// The same for a stream that it writes. `copy` is another of the child's side, if it is wanted.
    pub(super) fn written_by_child(self, copied: bool) -> Result<Written> {
        let copy_of = |fd: &dyn Fn() -> io::Result<OwnedFd>| if copied { fd().map(Some) } else { Ok(None) };
        match self.0 {
            Kind::Pipe => {
                let (ours, theirs) = pipe()?;
                let copy = copy_of(&|| theirs.try_clone())?.map(Into::into);
                Ok(Written { theirs: theirs.into(), ours: Some(ours), copy })
            }
            Kind::Stdout => Err(only_stderr("stdout")),
            Kind::File(file) => {
                let copy = copy_of(&|| file.try_clone())?.map(Into::into);
                Ok(Written { theirs: file.into(), ours: None, copy })
            }
            Kind::Inherit => {
                let copy = copy_of(&|| io::stdout().as_fd().try_clone_to_owned())?.map(Into::into);
                Ok(Written { theirs: process::Stdio::inherit(), ours: None, copy })
            }
            Kind::DevNull => {
                Ok(Written { theirs: process::Stdio::null(), ours: None, copy: copied.then(process::Stdio::null) })
            }
        }
    }

    pub(super) fn is_stdout(&self) -> bool {
        matches!(self.0, Kind::Stdout)
    }
}

/// A stream that the child writes.
pub(super) struct Written {
    pub(super) theirs: process::Stdio,
    pub(super) ours: Option<OwnedFd>,
    /// The child's side once more.
    pub(super) copy: Option<process::Stdio>,
}

impl Kind {
    fn into_std(self) -> process::Stdio {
        match self {
            Self::File(file) => file.into(),
            Self::DevNull => process::Stdio::null(),
            Self::Inherit | Self::Pipe | Self::Stdout => process::Stdio::inherit(),
        }
    }
}

fn only_stderr(stream: &str) -> Error {
    Error::value_error(format!("{stream}: STDOUT says where stderr goes, and nothing else; use PIPE or another"))
}

/// What a program may hand to a child.
macro_rules! from_files {
    ($($file:ty),*) => {
        $(impl From<$file> for Stdio {
            fn from(file: $file) -> Self {
                Self(Kind::File(file.into()))
            }
        })*
    };
}

from_files!(File, OwnedFd, TcpStream, UnixStream, process::ChildStdin, process::ChildStdout, process::ChildStderr);
