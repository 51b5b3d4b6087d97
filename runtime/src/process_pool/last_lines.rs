//! What a worker writes to its standard error: it goes on to this process's own, and the end of it is kept, for the
//! message that the worker has died.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::io;
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::time::Duration;

use crate::event_loop::EventLoop;
use crate::exceptions::Result;
use crate::sys::worker::write_to_stderr;
use crate::sys::{Channel, Direction, Pipe};

/// How much is kept, more than a long backtrace has, and how many lines of it are told.
const KEPT: usize = 32 * 1024;
const LINES: usize = 10;

/// How much is read at once.
const PIECE: usize = 4096;

/// How many reads one turn of the loop makes, so that a worker that never stops writing leaves time for the others.
const READS: usize = 16;

/// When to try again after this process's standard error had no room. Asking is simpler than being told, which not every
/// kind of file can do.
const PAUSE: Duration = Duration::from_millis(10);

pub(super) struct LastLines {
    pipe: Pipe,
    kept: RefCell<Vec<u8>>,
    /// What this process's standard error had no room for.
    unwritten: RefCell<Vec<u8>>,
    /// Until then nothing is read, so that a worker which writes more waits, as it would without a pool.
    pauses: Cell<bool>,
    event_loop: EventLoop,
}

impl LastLines {
    /// Reads from a pipe until its end, or until this is closed.
    pub(super) fn of(pipe: OwnedFd, event_loop: &EventLoop) -> Result<Rc<Self>> {
        let pipe = Pipe::fresh(pipe, Direction::Read)?;
        let lines = Rc::new(Self {
            pipe,
            kept: RefCell::default(),
            unwritten: RefCell::default(),
            pauses: Cell::default(),
            event_loop: event_loop.clone(),
        });
        lines.watch()?;
        Ok(lines)
    }

    fn watch(self: &Rc<Self>) -> Result<()> {
        let Some(fd) = self.pipe.fileno() else { return Ok(()) };
        let reader = self.clone();
        self.event_loop.add_reader(&fd, move || {
            if reader.read(READS, Self::has_room) {
                reader.close();
            }
            reader.pause_if_full();
        })
    }

    /// Reads what is there, a few times at most, and as long as it may. True: nothing more will come.
    fn read(&self, times: usize, may: fn(&Self) -> bool) -> bool {
        let mut buffer = [0; PIECE];
        for _ in 0..times {
            if !may(self) {
                return false;
            }
            match self.pipe.receive(&mut buffer) {
                Ok(0) => return true,
                Ok(count) => self.keep(&buffer[..count]),
                Err(error) => return error.kind() != io::ErrorKind::WouldBlock,
            }
        }
        false
    }

    fn keep(&self, bytes: &[u8]) {
        self.unwritten.borrow_mut().extend_from_slice(bytes);
        self.pass_on();
        let mut kept = self.kept.borrow_mut();
        kept.extend_from_slice(bytes);
        let surplus = kept.len().saturating_sub(KEPT);
        kept.drain(..surplus);
    }

    fn has_room(&self) -> bool {
        self.unwritten.borrow().is_empty()
    }

    /// Writes to this process's standard error what it takes now.
    fn pass_on(&self) {
        let mut unwritten = self.unwritten.borrow_mut();
        let mut done = 0;
        while done < unwritten.len() {
            match write_to_stderr(&unwritten[done..]) {
                Ok(count) if count > 0 => done += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                // Where this process has lost its standard error, so have its workers.
                Ok(_) | Err(_) => done = unwritten.len(),
            }
        }
        unwritten.drain(..done);
    }

    fn pause_if_full(self: &Rc<Self>) {
        if self.has_room() || self.pauses.replace(true) {
            return;
        }
        if let Some(fd) = self.pipe.fileno() {
            self.event_loop.remove_reader(&fd);
        }
        let lines = self.clone();
        // Refused only by a loop that is closed, where nothing goes on.
        let _ = self.event_loop.call_later(PAUSE, move || {
            lines.pauses.set(false);
            lines.pass_on();
            if lines.has_room() {
                // It was watched before, so this succeeds.
                let _ = lines.watch();
            }
            lines.pause_if_full();
        });
    }

    /// The worker has ended: what it wrote before that is in the pipe. What its own children write is not waited for,
    /// nor does the end of the pool wait until there is room for all of it.
    pub(super) fn finish(self: &Rc<Self>) {
        self.read(usize::from(u8::MAX), |_| true);
        self.close();
        self.pause_if_full();
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
        let lines: Vec<&str> = without_frames(text.lines()).filter(|line| !line.trim().is_empty()).collect();
        if lines.is_empty() {
            return f.write_str("it wrote nothing to its standard error");
        }
        f.write_str("the last it wrote to its standard error:")?;
        lines.iter().skip(lines.len().saturating_sub(LINES)).try_for_each(|line| write!(f, "\n  {line}"))
    }
}

/// Lines without the frames of backtraces, behind which the message of a panic would be out of sight. The first lines
/// may be frames whose beginning was not kept.
fn without_frames<'a>(lines: impl Iterator<Item = &'a str>) -> impl Iterator<Item = &'a str> {
    let mut in_backtrace = true;
    lines.filter(move |line| {
        let is_heading = *line == "stack backtrace:";
        in_backtrace = is_heading || (in_backtrace && is_frame(line));
        is_heading || !in_backtrace
    })
}

/// Whether it is a function of a backtrace, with its number, or the place of one.
fn is_frame(line: &str) -> bool {
    let text = line.trim_start();
    let number = text.trim_start_matches(|letter: char| letter.is_ascii_digit());
    text.len() < line.len() && (text.starts_with("at ") || (number.len() < text.len() && number.starts_with(": ")))
}

#[cfg(test)]
mod tests {
    use super::without_frames;

    #[test]
    fn the_frames_of_backtraces_are_left_out_and_nothing_else() {
        let text = "   7: cut_off\n             at ./a.rs:1:2\nthread 'main' panicked at b.rs:3:4:\nwhy\nstack backtrace:\n   \
                    0: one\n             at ./c.rs:5:6\n  10: two\nnote: some\n   1: mine\n at home";
        let lines: Vec<&str> = without_frames(text.lines()).collect();
        let expected =
            ["thread 'main' panicked at b.rs:3:4:", "why", "stack backtrace:", "note: some", "   1: mine", " at home"];
        assert_eq!(lines, expected);
    }
}
