//! Replies into bytes: RESP2, appended to one buffer, so that a batch of requests is answered by one write.

use std::io::Write;

/// The bytes of replies that are not sent yet.
#[derive(Debug, Default)]
pub struct Replies {
    bytes: Vec<u8>,
}

/// What a buffer may keep while nothing is in it.
const IDLE_CAPACITY: usize = 4096;

impl Replies {
    pub fn simple(&mut self, text: &str) {
        self.line(format_args!("+{text}"));
    }

    /// An error. Its text must have no line end; what came from a client is cut at the first one.
    pub fn error(&mut self, text: &str) {
        let text = text.split(['\r', '\n']).next().unwrap_or_default();
        self.line(format_args!("-{text}"));
    }

    pub fn integer(&mut self, number: i64) {
        self.line(format_args!(":{number}"));
    }

    pub fn bulk(&mut self, bytes: &[u8]) {
        self.line(format_args!("${}", bytes.len()));
        self.bytes.extend_from_slice(bytes);
        self.bytes.extend_from_slice(b"\r\n");
    }

    /// "There is none."
    pub fn null(&mut self) {
        self.line(format_args!("$-1"));
    }

    /// Begins an array; its items follow, each as a reply of its own.
    pub fn array(&mut self, length: usize) {
        self.line(format_args!("*{length}"));
    }

    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub fn clear(&mut self) {
        self.bytes.clear();
        self.bytes.shrink_to(IDLE_CAPACITY);
    }

    fn line(&mut self, text: std::fmt::Arguments<'_>) {
        self.bytes.write_fmt(text).and_then(|()| self.bytes.write_all(b"\r\n")).expect("a vector takes every write");
    }
}
