//! Two ways for bytes, each with a beginning, an end, and room for so many.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::fmt;
use std::io::{self, ErrorKind};
use std::rc::Rc;

use super::channel::MemoryEnd;
use super::chunks::{Chunks, Cutter};
use crate::event_loop::{Inner, Source};
use crate::sys::Readiness;

/// One way.
pub(super) struct Wire {
    bytes: RefCell<VecDeque<u8>>,
    cutter: RefCell<Cutter>,
    capacity: usize,
    /// Nothing more will be written.
    ended: Cell<bool>,
    /// Nobody will read.
    abandoned: Cell<bool>,
    reader: RefCell<Option<Listener>>,
    writer: RefCell<Option<Listener>>,
}

/// A transport at one end of a wire, to be told what it can do.
pub(super) struct Listener {
    pub(super) inner: Rc<Inner>,
    /// Kept alive by this, as the loop keeps those that have a descriptor, until its channel is closed.
    pub(super) source: Rc<dyn Source>,
}

impl Listener {
    fn tell(&self, readiness: Readiness) {
        if self.source.on_event(readiness) {
            self.inner.queue_source(self.source.clone());
        }
    }
}

impl Wire {
    fn new(capacity: usize, chunks: &Chunks) -> Rc<Self> {
        Rc::new(Self {
            bytes: RefCell::default(),
            cutter: RefCell::new(Cutter::new(chunks.clone())),
            capacity,
            ended: Cell::new(false),
            abandoned: Cell::new(false),
            reader: RefCell::new(None),
            writer: RefCell::new(None),
        })
    }

    /// The two ends of a connection.
    pub(super) fn pair(capacity: usize, chunks: &Chunks) -> (MemoryEnd, MemoryEnd) {
        let (there, back) = (Self::new(capacity, chunks), Self::new(capacity, chunks));
        (MemoryEnd::new(back.clone(), there.clone()), MemoryEnd::new(there, back))
    }

    /// Takes what there is room for, and says how much.
    pub(super) fn write<'a>(&self, pieces: impl IntoIterator<Item = &'a [u8]>) -> io::Result<usize> {
        if self.abandoned.get() || self.ended.get() {
            return Err(io::Error::new(ErrorKind::BrokenPipe, "the peer has closed its end"));
        }
        let mut bytes = self.bytes.borrow_mut();
        let before = bytes.len();
        for piece in pieces {
            let room = self.capacity - bytes.len();
            bytes.extend(piece.get(..room).unwrap_or(piece));
        }
        let taken = bytes.len() - before;
        drop(bytes);
        if taken == 0 {
            return Err(ErrorKind::WouldBlock.into());
        }
        self.tell_reader();
        Ok(taken)
    }

    /// The next piece; zero is the end.
    pub(super) fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut bytes = self.bytes.borrow_mut();
        if bytes.is_empty() {
            return if self.ended.get() { Ok(0) } else { Err(ErrorKind::WouldBlock.into()) };
        }
        let was_full = bytes.len() == self.capacity;
        let length = self.cutter.borrow_mut().next(bytes.len()).min(buffer.len());
        for (place, byte) in buffer.iter_mut().zip(bytes.drain(..length)) {
            *place = byte;
        }
        drop(bytes);
        if was_full {
            self.tell_writer();
        }
        Ok(length)
    }

    /// Everything, for a reader without a protocol.
    pub(super) fn take(&self) -> Vec<u8> {
        let taken: Vec<u8> = std::mem::take(&mut *self.bytes.borrow_mut()).into();
        if taken.len() == self.capacity {
            self.tell_writer();
        }
        taken
    }

    pub(super) fn end(&self) {
        if !self.ended.replace(true) {
            self.tell_reader();
        }
    }

    pub(super) fn abandon(&self) {
        if !self.abandoned.replace(true) {
            self.bytes.take();
            self.tell_writer();
        }
    }

    /// Whether all was read and nothing more will come.
    pub(super) fn is_over(&self) -> bool {
        self.ended.get() && self.bytes.borrow().is_empty()
    }

    pub(super) fn is_abandoned(&self) -> bool {
        self.abandoned.get()
    }

    /// From now on this reader is told, and of what came before as well.
    pub(super) fn set_reader(&self, listener: Option<Listener>) {
        let former = self.reader.replace(listener);
        drop(former);
        if self.ended.get() || !self.bytes.borrow().is_empty() {
            self.tell_reader();
        }
    }

    pub(super) fn set_writer(&self, listener: Option<Listener>) {
        let former = self.writer.replace(listener);
        drop(former);
    }

    fn tell_reader(&self) {
        if let Some(reader) = &*self.reader.borrow() {
            reader.tell(Readiness::READABLE.or(Readiness::READ_CLOSED.when(self.ended.get())));
        }
    }

    fn tell_writer(&self) {
        if let Some(writer) = &*self.writer.borrow() {
            writer.tell(Readiness::WRITABLE.or(Readiness::WRITE_CLOSED.when(self.abandoned.get())));
        }
    }
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Wire");
        debug.field("bytes", &self.bytes.borrow().len()).field("ended", &self.ended);
        debug.field("abandoned", &self.abandoned).finish_non_exhaustive()
    }
}
