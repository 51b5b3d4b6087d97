//! Framing: how a stream of bytes is cut into messages, and messages are put into one. Pure: no transport, no protocol.

mod splitter;
#[cfg(test)]
mod tests;

pub(super) use splitter::{Ending, Next, Splitter};

use crate::exceptions::{Error, Result};

/// Longer frames are refused, unless another limit was set.
const MAX: usize = 64 * 1024;

/// How many bytes tell the length of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PrefixWidth {
    /// Two.
    U16,
    /// Four.
    U32,
    /// Eight.
    U64,
}

impl PrefixWidth {
    fn bytes(self) -> usize {
        match self {
            Self::U16 => 2,
            Self::U32 => 4,
            Self::U64 => 8,
        }
    }
}

/// Which byte of a number comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ByteOrder {
    /// The most significant one, as is usual on the network.
    Big,
    /// The least significant one.
    Little,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    Lines,
    Delimited(&'static [u8]),
    LengthPrefixed(PrefixWidth, ByteOrder),
}

/// How frames are told apart on a connection. Made by [`#[asyncio::protocol]`](macro@crate::protocol) from its argument
/// `lines`, `delimited` or `length_prefixed`.
///
/// # Examples
///
/// ```
/// use asyncio::{ByteOrder, Framing, PrefixWidth};
///
/// const SMALL: Framing = Framing::length_prefixed(PrefixWidth::U16, ByteOrder::Big).max(512);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Framing {
    shape: Shape,
    max: usize,
}

impl Framing {
    /// Lines, which end with `\n`. One `\r` before it belongs to the end.
    ///
    /// What follows the last `\n` of a stream is a line too, unless it is empty.
    pub const fn lines() -> Self {
        Self { shape: Shape::Lines, max: MAX }
    }

    /// Frames with these bytes after each.
    ///
    /// # Panics
    ///
    /// If the delimiter is empty.
    pub const fn delimited(delimiter: &'static [u8]) -> Self {
        assert!(!delimiter.is_empty(), "a delimiter needs at least one byte");
        Self { shape: Shape::Delimited(delimiter), max: MAX }
    }

    /// Frames with their length before each; it does not count itself.
    pub const fn length_prefixed(width: PrefixWidth, order: ByteOrder) -> Self {
        Self { shape: Shape::LengthPrefixed(width, order), max: MAX }
    }

    /// Refuses frames of more bytes, without their end or length: 64 KiB unless this is called.
    pub const fn max(self, bytes: usize) -> Self {
        Self { max: bytes, ..self }
    }

    pub(super) fn is_of_lines(self) -> bool {
        self.shape == Shape::Lines
    }

    pub(super) fn limit(self) -> usize {
        self.max
    }

    /// What belongs before and after a frame on its way out.
    pub(super) fn around(&self, frame: &[u8]) -> Result<(Prefix, &'static [u8])> {
        if frame.len() > self.max {
            let (length, max) = (frame.len(), self.max);
            return Err(Error::value_error(format!(
                "write_frame: a frame of {length} bytes is above the limit of {max}; raise `max`, or write it in pieces"
            )));
        }
        match self.shape {
            Shape::Lines => check_line("write_frame", frame).map(|()| (Prefix::default(), &b"\n"[..])),
            Shape::Delimited(delimiter) if is_ambiguous(frame, delimiter) => Err(Error::value_error(format!(
                "write_frame: the frame contains the delimiter {:?}, or would with the one that follows it",
                String::from_utf8_lossy(delimiter)
            ))),
            Shape::Delimited(delimiter) => Ok((Prefix::default(), delimiter)),
            Shape::LengthPrefixed(width, order) => Ok((Prefix::of(frame.len(), width, order)?, &[])),
        }
    }
}

/// A line that would come out as another, or as two.
pub(super) fn check_line(culprit: &str, line: &[u8]) -> Result<()> {
    if line.contains(&b'\n') || line.ends_with(b"\r") {
        return Err(Error::value_error(format!(
            "{culprit}: a line cannot contain '\\n' or end with '\\r'; write several lines, or use another framing"
        )));
    }
    Ok(())
}

/// Whether the frame with its delimiter would come out shorter than it went in.
fn is_ambiguous(frame: &[u8], delimiter: &[u8]) -> bool {
    let tail = frame.len().saturating_sub(delimiter.len() - 1);
    let mut seam = frame.get(tail..).unwrap_or_default().to_vec();
    seam.extend_from_slice(delimiter);
    seam.pop();
    contains(frame, delimiter) || contains(&seam, delimiter)
}

fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}

/// The length of a frame, as it goes out.
#[derive(Debug, Default)]
pub(super) struct Prefix {
    bytes: [u8; 8],
    length: usize,
}

impl Prefix {
    fn of(length: usize, width: PrefixWidth, order: ByteOrder) -> Result<Self> {
        let size = width.bytes();
        let number = length as u64;
        if size < 8 && number >> (8 * size) != 0 {
            return Err(Error::value_error(format!(
                "write_frame: a frame of {length} bytes is too long for a length of {size} bytes"
            )));
        }
        let mut bytes = [0; 8];
        match order {
            ByteOrder::Little => bytes = number.to_le_bytes(),
            ByteOrder::Big => bytes[..size].copy_from_slice(&number.to_be_bytes()[8 - size..]),
        }
        Ok(Self { bytes, length: size })
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}
