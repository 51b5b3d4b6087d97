//! What a worker writes to its standard error: it goes on to this process's own, and the end of it is kept, for the
//! message that the worker has died.

use std::cell::RefCell;
use std::fmt;
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::rc::Rc;

use crate::event_loop::EventLoop;
use crate::exceptions::Result;
use crate::sys::{Channel, Direction, Pipe};

/// How much is kept, and how many lines of it are told.
const KEPT: usize = 4096;
const LINES: usize = 10;

/// How many reads one turn of the loop makes, so that a worker that never stops writing leaves time for the others.
const READS: usize = 16;

pub(super) struct LastLines {
    pipe: Pipe,
    kept: RefCell<Vec<u8>>,
    event_loop: EventLoop,
}

impl LastLines {
    /// Reads from a pipe until its end, or until this is closed.
    pub(super) fn of(pipe: OwnedFd, event_loop: &EventLoop) -> Result<Rc<Self>> {
        let pipe = Pipe::fresh(pipe, Direction::Read)?;
        let lines = Rc::new(Self { pipe, kept: RefCell::default(), event_loop: event_loop.clone() });
        if let Some(fd) = lines.pipe.fileno() {
            let reader = lines.clone();
            event_loop.add_reader(&fd, move || {
                if reader.read(READS) {
                    reader.close();
                }
            })?;
        }
        Ok(lines)
    }

    /// Reads what is there, a few times at most. True: nothing more will come.
    fn read(&self, times: usize) -> bool {
        let mut buffer = [0; KEPT];
        for _ in 0..times {
            match self.pipe.receive(&mut buffer) {
                Ok(0) => return true,
                Ok(count) => self.keep(&buffer[..count]),
                Err(error) => return error.kind() != io::ErrorKind::WouldBlock,
            }
        }
        false
    }

    fn keep(&self, bytes: &[u8]) {
        // Where this process has lost its standard error, so have its workers.
        let _ = io::stderr().write_all(bytes);
        let mut kept = self.kept.borrow_mut();
        kept.extend_from_slice(bytes);
        let surplus = kept.len().saturating_sub(KEPT);
        kept.drain(..surplus);
    }

    /// The worker has ended: what it wrote before that is in the pipe. What its own children write is not waited for.
    pub(super) fn finish(&self) {
        self.read(usize::from(u8::MAX));
        self.close();
    }

    pub(super) fn close(&self) {
        if let Some(fd) = self.pipe.fileno() {
            self.event_loop.remove_reader(&fd);
            self.pipe.close();
        }
    }
}

impl fmt::Display for LastLines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kept = self.kept.borrow();
        let text = String::from_utf8_lossy(&kept);
        let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
        if lines.is_empty() {
            return f.write_str("it wrote nothing to its standard error");
        }
        f.write_str("the last it wrote to its standard error:")?;
        lines.iter().skip(lines.len().saturating_sub(LINES)).try_for_each(|line| write!(f, "\n  {line}"))
    }
}
