//! `Parcel`: the bytes of a call or of its answer, in as few copies as can be.

use std::fmt;

use crate::exceptions::{Error, Result};

/// The arguments of a call, or what it gave, as bytes that may go to another process or another machine.
///
/// What is in it only this crate reads, in the same version of it and of the program. Large arguments of type `Vec<u8>`
/// are pieces of their own, so that nobody copies them on the way to a socket.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Parcel {
    pub(crate) head: Vec<u8>,
    pub(crate) blobs: Vec<Vec<u8>>,
}

impl Parcel {
    /// How many bytes there are in all.
    pub fn len(&self) -> usize {
        self.head.len() + self.blobs.iter().map(Vec::len).sum::<usize>()
    }

    /// Whether there are none, as in the answer of a function that gives nothing.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All of it in one piece, a copy.
    pub fn to_bytes(&self) -> Vec<u8> {
        let pieces = self.blobs.iter().chain([&self.head]);
        let mut bytes = Vec::with_capacity(self.len() + (self.blobs.len() + 1) * size_of::<u64>());
        bytes.extend(length(self.blobs.len()));
        for piece in pieces.clone().take(self.blobs.len()) {
            bytes.extend(length(piece.len()));
        }
        for piece in pieces {
            bytes.extend_from_slice(piece);
        }
        bytes
    }

    /// The parcel that [`to_bytes`](Self::to_bytes) was called on.
    ///
    /// # Errors
    ///
    /// `ValueError` if the bytes are of no parcel. Those of a parcel that were changed on the way may go undetected.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let mut rest = bytes;
        let count = take_length(&mut rest)?;
        if count > rest.len() / size_of::<u64>() {
            return Err(no_parcel());
        }
        let lengths = (0..count).map(|_| take_length(&mut rest)).collect::<Result<Vec<_>>>()?;
        let mut blobs = Vec::with_capacity(count);
        for length in lengths {
            let (blob, others) = rest.split_at_checked(length).ok_or_else(no_parcel)?;
            blobs.push(blob.to_vec());
            rest = others;
        }
        Ok(Self { head: rest.to_vec(), blobs })
    }
}

fn length(length: usize) -> [u8; size_of::<u64>()] {
    (length as u64).to_le_bytes()
}

fn take_length(rest: &mut &[u8]) -> Result<usize> {
    let (length, others) = rest.split_first_chunk().ok_or_else(no_parcel)?;
    *rest = others;
    usize::try_from(u64::from_le_bytes(*length)).map_err(|_| no_parcel())
}

fn no_parcel() -> Error {
    Error::value_error("these bytes are no parcel: they are what Parcel::to_bytes gave, whole and unchanged")
}

impl fmt::Debug for Parcel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Arguments may be secrets, and large.
        f.debug_struct("Parcel").field("len", &self.len()).finish_non_exhaustive()
    }
}
