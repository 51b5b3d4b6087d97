//! What a child's standard streams are.

use std::io;

use crate::exceptions::{Error, Result};
use crate::sys::{Direction, OwnedFile, Stream, own_stdout, pipe};

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
    File(OwnedFile),
}

impl Stdio {
    pub(super) const PIPE: Self = Self(Kind::Pipe);
    pub(super) const STDOUT: Self = Self(Kind::Stdout);
    pub(super) const DEVNULL: Self = Self(Kind::DevNull);
    pub(super) const INHERIT: Self = Self(Kind::Inherit);

    /// The child's side, for a stream that it reads, and ours.
    pub(super) fn read_by_child(self) -> Result<(Stream, Option<OwnedFile>)> {
        match self.0 {
            Kind::Pipe => {
                let (ours, theirs) = pipe(Direction::Write)?;
                Ok((Stream::File(theirs), Some(ours)))
            }
            Kind::File(file) => Ok((Stream::File(file), None)),
            Kind::DevNull => Ok((Stream::Null, None)),
            Kind::Inherit => Ok((Stream::Inherit, None)),
            Kind::Stdout => Err(only_stderr("stdin")),
        }
    }

    /// The same for a stream that it writes. `copy` is another of the child's side, if it is wanted.
    pub(super) fn written_by_child(self, copied: bool) -> Result<Written> {
        let copy_of = |file: io::Result<OwnedFile>| file.map(|file| Some(Stream::File(file)));
        let (theirs, ours) = match self.0 {
            Kind::Pipe => {
                let (ours, theirs) = pipe(Direction::Read)?;
                (theirs, Some(ours))
            }
            Kind::File(file) => (file, None),
            Kind::Stdout => return Err(only_stderr("stdout")),
            Kind::Inherit => {
                let copy = if copied { copy_of(own_stdout())? } else { None };
                return Ok(Written { theirs: Stream::Inherit, ours: None, copy });
            }
            Kind::DevNull => {
                return Ok(Written { theirs: Stream::Null, ours: None, copy: copied.then_some(Stream::Null) });
            }
        };
        let copy = if copied { copy_of(theirs.try_clone())? } else { None };
        Ok(Written { theirs: Stream::File(theirs), ours, copy })
    }

    pub(super) fn is_pipe(&self) -> bool {
        matches!(self.0, Kind::Pipe)
    }

    pub(super) fn is_stdout(&self) -> bool {
        matches!(self.0, Kind::Stdout)
    }
}

/// A stream that the child writes.
pub(super) struct Written {
    pub(super) theirs: Stream,
    pub(super) ours: Option<OwnedFile>,
    /// The child's side once more.
    pub(super) copy: Option<Stream>,
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

crate::sys::for_files!(from_files);
