//! Cuts incoming bytes into frames. Pure.
//!
//! A frame that lies whole in the data is given as a place in it and never copied. One that does not is collected, each
//! of its bytes being copied once. No byte is looked at twice to find the end of a frame, however small the pieces are
//! in which it comes.

use std::io::BufRead;
use std::mem;
use std::ops::Range;

use super::{ByteOrder, Framing, PrefixWidth, Shape};
use crate::exceptions::IncompleteReadError;

/// What comes next in the data. `taken` is up to where the data is used up then.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::protocols) enum Next {
    /// No frame is complete, and all data was taken in.
    More,
    /// A frame within the data.
    Whole { frame: Range<usize>, taken: usize },
    /// A frame that began earlier, within these bytes.
    Joined { bytes: Vec<u8>, frame: Range<usize>, taken: usize },
    /// A frame above the limit, told once. It is skipped. Its size, if that is known.
    TooLong { size: Option<u64>, taken: usize },
}

/// What the end of the stream makes of what was collected.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::protocols) enum Ending {
    /// Nothing was.
    Clean,
    /// It is a line without its end.
    Line(Vec<u8>),
    /// That line is above the limit.
    TooLong,
    /// It is a frame without its end.
    CutOff(IncompleteReadError),
}

/// What is left of a frame above the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Skipping {
    Nothing,
    ToDelimiter,
    Bytes(u64),
}

/// The state of one connection's framing.
#[derive(Debug)]
pub(in crate::protocols) struct Splitter {
    framing: Framing,
    /// The frame that has begun, from its first byte; its length, if it has one, included. Of a delimited frame that is
    /// skipped, only what may be the beginning of the delimiter.
    pub(super) partial: Vec<u8>,
    skipping: Skipping,
}

impl Splitter {
    pub(in crate::protocols) fn new(framing: Framing) -> Self {
        Self { framing, partial: Vec::new(), skipping: Skipping::Nothing }
    }

    pub(in crate::protocols) fn framing(&self) -> Framing {
        self.framing
    }

    /// Looks on in `data` from a place in it.
    pub(in crate::protocols) fn next(&mut self, data: &[u8], from: usize) -> Next {
        match self.framing.shape {
            Shape::Lines => self.next_delimited(b"\n", data, from),
            Shape::Delimited(delimiter) => self.next_delimited(delimiter, data, from),
            Shape::LengthPrefixed(width, order) => self.next_prefixed(width, order, data, from),
        }
    }

    /// The stream has ended.
    pub(in crate::protocols) fn finish(&mut self) -> Ending {
        let partial = mem::take(&mut self.partial);
        let skipping = mem::replace(&mut self.skipping, Skipping::Nothing);
        if partial.is_empty() || skipping != Skipping::Nothing {
            return Ending::Clean;
        }
        match self.framing.shape {
            Shape::Lines if partial.len() > self.framing.max => Ending::TooLong,
            Shape::Lines => Ending::Line(partial),
            Shape::Delimited(_) => Ending::CutOff(IncompleteReadError { partial, expected: None }),
            Shape::LengthPrefixed(width, order) => Ending::CutOff(match split_prefix(&partial, width, order) {
                Some((length, frame)) => {
                    IncompleteReadError { partial: frame.to_vec(), expected: usize::try_from(length).ok() }
                }
                None => IncompleteReadError { partial, expected: Some(width.bytes()) },
            }),
        }
    }

    /// Whether nothing has been received of the next frame.
    #[cfg(feature = "tls")]
    pub(in crate::protocols) fn is_between_frames(&self) -> bool {
        self.partial.is_empty() && self.skipping == Skipping::Nothing
    }

    /// Gives back what was collected, as it came.
    pub(in crate::protocols) fn give_back(&mut self) -> Vec<u8> {
        let partial = mem::take(&mut self.partial);
        if mem::replace(&mut self.skipping, Skipping::Nothing) == Skipping::Nothing { partial } else { Vec::new() }
    }

    fn next_delimited(&mut self, delimiter: &[u8], data: &[u8], mut from: usize) -> Next {
        if self.skipping != Skipping::Nothing {
            let Some(end) = self.end(delimiter, data, from) else {
                self.keep_tail(delimiter, data, from);
                return Next::More;
            };
            self.skipping = Skipping::Nothing;
            self.partial.clear();
            from = end;
        }
        match self.end(delimiter, data, from) {
            Some(end) => self.delimited(delimiter, data, from, end),
            None => self.undelimited(delimiter, data, from),
        }
    }

    /// A frame ends here.
    fn delimited(&mut self, delimiter: &[u8], data: &[u8], from: usize, end: usize) -> Next {
        let piece = data.get(from..end).unwrap_or_default();
        if self.partial.is_empty() {
            let length = self.content(piece, delimiter);
            if length > self.framing.max {
                return Next::TooLong { size: Some(length as u64), taken: end };
            }
            return Next::Whole { frame: from..from + length, taken: end };
        }
        self.partial.extend_from_slice(piece);
        let bytes = mem::take(&mut self.partial);
        let length = self.content(&bytes, delimiter);
        if length > self.framing.max {
            return Next::TooLong { size: Some(length as u64), taken: end };
        }
        Next::Joined { bytes, frame: 0..length, taken: end }
    }

    /// No frame ends in the data.
    fn undelimited(&mut self, delimiter: &[u8], data: &[u8], from: usize) -> Next {
        // The last bytes may belong to the delimiter.
        let end = if self.framing.shape == Shape::Lines { 1 } else { delimiter.len() - 1 };
        let piece = data.get(from..).unwrap_or_default();
        if self.partial.len() + piece.len() > self.framing.max.saturating_add(end) {
            self.keep_tail(delimiter, data, from);
            self.skipping = Skipping::ToDelimiter;
            return Next::TooLong { size: None, taken: data.len() };
        }
        self.partial.extend_from_slice(piece);
        Next::More
    }

    /// How long a frame is without its end.
    fn content(&self, frame: &[u8], delimiter: &[u8]) -> usize {
        let content = frame.strip_suffix(delimiter).unwrap_or(frame);
        match content.strip_suffix(b"\r") {
            Some(line) if self.framing.shape == Shape::Lines => line.len(),
            _ => content.len(),
        }
    }

    /// Where in the data the delimiter ends that ends the frame.
    fn end(&self, delimiter: &[u8], data: &[u8], from: usize) -> Option<usize> {
        let (last, before) = delimiter.split_last()?;
        let data = data.get(from..)?;
        let mut at = 0;
        loop {
            at += place_after(*last, data.get(at..)?)?;
            if self.ends_with(before, data.get(..at - 1)?) {
                return Some(from + at);
            }
        }
    }

    /// Whether what was collected and then `data` end with these bytes.
    fn ends_with(&self, bytes: &[u8], data: &[u8]) -> bool {
        match bytes.len().checked_sub(data.len()) {
            None | Some(0) => data.ends_with(bytes),
            Some(missing) => {
                let (collected, rest) = bytes.split_at(missing);
                data == rest && self.partial.ends_with(collected)
            }
        }
    }

    /// Keeps of a frame that is skipped what may be the beginning of the delimiter.
    fn keep_tail(&mut self, delimiter: &[u8], data: &[u8], from: usize) {
        let wanted = delimiter.len() - 1;
        let piece = data.get(from..).unwrap_or_default();
        self.partial.extend_from_slice(piece.get(piece.len().saturating_sub(wanted)..).unwrap_or_default());
        let surplus = self.partial.len().saturating_sub(wanted);
        self.partial.drain(..surplus);
        self.partial.shrink_to_fit();
    }

    fn next_prefixed(&mut self, width: PrefixWidth, order: ByteOrder, data: &[u8], mut from: usize) -> Next {
        if let Skipping::Bytes(left) = self.skipping {
            let there = data.len() - from;
            let skipped = usize::try_from(left).unwrap_or(there).min(there);
            let left = left - skipped as u64;
            self.skipping = if left == 0 { Skipping::Nothing } else { Skipping::Bytes(left) };
            from += skipped;
        }
        let rest = data.get(from..).unwrap_or_default();
        let collected = self.partial.len();
        // The length may be split over what was collected and the data.
        let missing = width.bytes().saturating_sub(collected);
        if rest.len() < missing {
            self.partial.extend_from_slice(rest);
            return Next::More;
        }
        let length = if collected == 0 {
            number(rest, width, order)
        } else {
            self.partial.extend_from_slice(rest.get(..missing).unwrap_or_default());
            number(&self.partial, width, order)
        };
        let Some(size) = usize::try_from(length).ok().filter(|size| *size <= self.framing.max) else {
            self.partial.clear();
            self.skipping = Skipping::Bytes(length);
            return Next::TooLong { size: Some(length), taken: from + missing };
        };
        self.prefixed(width.bytes()..width.bytes().saturating_add(size), data, from, collected)
    }

    /// A frame within the limit lies at this place behind `from`, of which so much was collected before.
    fn prefixed(&mut self, frame: Range<usize>, data: &[u8], from: usize, collected: usize) -> Next {
        let there = data.len() - from;
        if collected == 0 && there >= frame.end {
            return Next::Whole { frame: from + frame.start..from + frame.end, taken: from + frame.end };
        }
        // The missing bytes of the length are collected already.
        let copied = self.partial.len() - collected;
        let end = frame.end.saturating_sub(collected).min(there);
        self.partial.extend_from_slice(data.get(from + copied..from + end).unwrap_or_default());
        if self.partial.len() < frame.end {
            return Next::More;
        }
        Next::Joined { bytes: mem::take(&mut self.partial), frame, taken: from + end }
    }
}

/// Behind the first such byte.
fn place_after(byte: u8, mut data: &[u8]) -> Option<usize> {
    let whole = data;
    // Of all that the standard library has, this alone is a search by whole machine words. A slice never fails.
    let length = data.skip_until(byte).unwrap_or(0);
    let last = length.checked_sub(1)?;
    (whole.get(last) == Some(&byte)).then_some(length)
}

/// The number at the beginning of these bytes, of which there are enough.
fn number(bytes: &[u8], width: PrefixWidth, order: ByteOrder) -> u64 {
    let bytes = bytes.get(..width.bytes()).unwrap_or_default().iter();
    let push = |number: u64, byte: &u8| number << 8 | u64::from(*byte);
    match order {
        ByteOrder::Big => bytes.fold(0, push),
        ByteOrder::Little => bytes.rev().fold(0, push),
    }
}

/// The length at the beginning, if it is there, and what follows it.
fn split_prefix(bytes: &[u8], width: PrefixWidth, order: ByteOrder) -> Option<(u64, &[u8])> {
    let frame = bytes.get(width.bytes()..)?;
    Some((number(bytes, width, order), frame))
}
