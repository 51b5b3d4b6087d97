//! Requests out of bytes: RESP2 arrays as clients send them, and the inline commands that people type.
//!
//! Bytes come in any pieces, and several requests may come in one. No I/O here: [`Parser::push`] takes what arrived,
//! [`Parser::next_request`] gives what is complete. What a client announces is checked against the limits before any
//! memory is set aside for it.

use std::fmt;
use std::ops::Range;

/// The longest request, all its arguments and lengths together.
pub const MAX_REQUEST: usize = 1024 * 1024;

/// The most arguments of a request.
pub const MAX_ARGUMENTS: usize = 64 * 1024;

/// The longest inline command.
pub const MAX_INLINE: usize = 16 * 1024;

/// The longest line that announces a length: a sign, twenty digits, and some room.
const MAX_HEADER: usize = 32;

/// What a buffer may keep while nothing is in it.
const IDLE_CAPACITY: usize = 4096;

/// Bytes that arrived, and how far they are understood.
#[derive(Debug, Default)]
pub struct Parser {
    buffer: Vec<u8>,
    /// Where the request that is being read begins: `start <= cursor <= buffer.len()`.
    start: usize,
    /// Up to here it is understood.
    cursor: usize,
    /// The arguments of it that are complete, as places in the buffer.
    arguments: Vec<Range<usize>>,
    /// The arguments of it that are still to come; zero between requests.
    missing: usize,
}

/// The words of one complete request: a command, which is always there, and its arguments.
#[derive(Debug)]
pub struct Request<'a> {
    buffer: &'a [u8],
    words: std::slice::Iter<'a, Range<usize>>,
}

/// The client does not speak the protocol. Nothing that it sends afterwards can be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Malformed {
    /// An array length that is no number, or too large.
    Count,
    /// A string length that is no number, negative, or too large.
    Length,
    /// A `$` was expected, and this came instead.
    NotAString(u8),
    /// No line end where one belongs.
    LineEnd,
    /// An inline command without an end.
    Inline,
    /// All in all too long.
    Request,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count => f.write_str("invalid multibulk length"),
            Self::Length => f.write_str("invalid bulk length"),
            Self::NotAString(byte) => write!(f, "expected '$', got '{}'", byte.escape_ascii()),
            Self::LineEnd => f.write_str("expected CRLF"),
            Self::Inline => f.write_str("too big inline request"),
            Self::Request => write!(f, "a request has at most {MAX_REQUEST} bytes"),
        }
    }
}

impl Parser {
    /// Takes what arrived.
    pub fn push(&mut self, data: &[u8]) {
        self.buffer.extend_from_slice(data);
    }

    /// The next complete request; `None` until more arrives.
    pub fn next_request(&mut self) -> Result<Option<Request<'_>>, Malformed> {
        if self.missing == 0 && !self.begin()? {
            return Ok(None);
        }
        while self.missing > 0 {
            if !self.argument()? {
                return Ok(None);
            }
        }
        Ok(Some(Request { buffer: &self.buffer, words: self.arguments.iter() }))
    }

    /// Forgets the requests that were given, so that only the rest takes memory.
    pub fn compact(&mut self) {
        if self.missing == 0 {
            self.start = self.cursor;
            self.arguments.clear();
        }
        self.buffer.drain(..self.start);
        for argument in &mut self.arguments {
            *argument = argument.start - self.start..argument.end - self.start;
        }
        self.cursor -= self.start;
        self.start = 0;
        if self.buffer.is_empty() {
            self.buffer.shrink_to(IDLE_CAPACITY);
            self.arguments.shrink_to(IDLE_CAPACITY / size_of::<Range<usize>>());
        }
    }

    /// Begins a request. False: nothing is there to begin.
    fn begin(&mut self) -> Result<bool, Malformed> {
        loop {
            self.start = self.cursor;
            self.arguments.clear();
            match self.buffer.get(self.cursor) {
                None => return Ok(false),
                Some(b'*') => {
                    let Some(line) = self.header(Malformed::Count)? else { return Ok(false) };
                    let count = number(&self.buffer[line]).ok_or(Malformed::Count)?;
                    if count > MAX_ARGUMENTS as i64 {
                        return Err(Malformed::Count);
                    }
                    // An empty array, or the null one, asks for nothing.
                    self.missing = count.try_into().unwrap_or(0);
                    if self.missing > 0 {
                        return Ok(true);
                    }
                }
                Some(_) => {
                    if !self.inline()? {
                        return Ok(false);
                    }
                    if !self.arguments.is_empty() {
                        return Ok(true);
                    }
                }
            }
        }
    }

    /// Reads a line of words. False: its end has not come.
    fn inline(&mut self) -> Result<bool, Malformed> {
        let rest = &self.buffer[self.cursor..];
        let Some(end) = rest.iter().take(MAX_INLINE).position(|&byte| byte == b'\n') else {
            return if rest.len() >= MAX_INLINE { Err(Malformed::Inline) } else { Ok(false) };
        };
        let mut at = self.cursor;
        self.cursor += end + 1;
        for word in rest[..end].split(u8::is_ascii_whitespace) {
            if !word.is_empty() {
                self.arguments.push(at..at + word.len());
            }
            at += word.len() + 1;
        }
        Ok(true)
    }

    /// Reads one argument. False: it is not complete.
    fn argument(&mut self) -> Result<bool, Malformed> {
        match self.buffer.get(self.cursor) {
            None => return Ok(false),
            Some(b'$') => {}
            Some(&other) => return Err(Malformed::NotAString(other)),
        }
        let before = self.cursor;
        let Some(line) = self.header(Malformed::Length)? else { return Ok(false) };
        let length = number(&self.buffer[line]).and_then(|length| usize::try_from(length).ok());
        let length = length.filter(|&length| length <= MAX_REQUEST).ok_or(Malformed::Length)?;
        let end = self.cursor + length;
        if end - self.start > MAX_REQUEST {
            return Err(Malformed::Request);
        }
        let Some(line_end) = self.buffer.get(end..end + 2) else {
            self.cursor = before;
            return Ok(false);
        };
        if line_end != b"\r\n" {
            return Err(Malformed::LineEnd);
        }
        self.arguments.push(self.cursor..end);
        self.cursor = end + 2;
        self.missing -= 1;
        Ok(true)
    }

    /// Reads a line that announces a length, without its first byte. `None`: its end has not come.
    fn header(&mut self, malformed: Malformed) -> Result<Option<Range<usize>>, Malformed> {
        let rest = &self.buffer[self.cursor..];
        let Some(end) = rest.iter().take(MAX_HEADER).position(|&byte| byte == b'\r') else {
            return if rest.len() >= MAX_HEADER { Err(malformed) } else { Ok(None) };
        };
        match rest.get(end + 1) {
            None => Ok(None),
            Some(b'\n') => {
                let line = self.cursor + 1..self.cursor + end;
                self.cursor += end + 2;
                Ok(Some(line))
            }
            Some(_) => Err(Malformed::LineEnd),
        }
    }
}

impl<'a> Iterator for Request<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        self.words.next().map(|place| &self.buffer[place.clone()])
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.words.size_hint()
    }
}

impl ExactSizeIterator for Request<'_> {}

/// A whole number as the protocol writes it: digits, with a minus in front at most.
pub fn number(text: &[u8]) -> Option<i64> {
    if text.first() == Some(&b'+') {
        return None;
    }
    std::str::from_utf8(text).ok()?.parse().ok()
}
