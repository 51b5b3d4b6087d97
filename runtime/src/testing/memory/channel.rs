//! One end of a connection in memory, as the channel of a transport.

use std::io::{self, IoSlice};
use std::rc::Rc;

use super::wire::{Listener, Wire};
use crate::event_loop::{Inner, Source};
use crate::sys::{Address, Channel, Direction, Interest, RawFd};
use crate::transports::{Medium, Stream};

/// One end: it reads from one wire and writes to the other. Dropping it closes it.
#[derive(Debug)]
pub(crate) struct MemoryEnd {
    incoming: Rc<Wire>,
    outgoing: Rc<Wire>,
}

impl MemoryEnd {
    pub(super) fn new(incoming: Rc<Wire>, outgoing: Rc<Wire>) -> Self {
        Self { incoming, outgoing }
    }

    pub(super) fn incoming(&self) -> &Wire {
        &self.incoming
    }

    pub(super) fn outgoing(&self) -> &Wire {
        &self.outgoing
    }

    /// From now on the transport is told what it can do.
    fn listen(&self, inner: &Rc<Inner>, source: &Rc<impl Source + 'static>) {
        let listener = || Some(Listener { inner: inner.clone(), source: source.clone() });
        self.outgoing.set_writer(listener());
        self.incoming.set_reader(listener());
    }
}

impl Channel for MemoryEnd {
    const NAME: &'static str = "memory";

    fn direction(&self) -> Direction {
        Direction::Both
    }

    fn interest(&self) -> Interest {
        Interest::Both
    }

    fn fileno(&self) -> Option<RawFd> {
        None
    }

    fn receive(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.incoming.read(buffer)
    }

    fn send(&self, data: &[u8]) -> io::Result<usize> {
        self.outgoing.write([data])
    }

    fn send_vectored(&self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        self.outgoing.write(pieces.iter().map(|piece| &**piece))
    }

    fn end_writing(&self) -> io::Result<()> {
        self.outgoing.end();
        Ok(())
    }

    fn take_error(&self) -> io::Result<Option<io::Error>> {
        Ok(None)
    }

    fn local_address(&self) -> Option<Address> {
        None
    }

    fn close(&self) {
        self.incoming.set_reader(None);
        self.outgoing.set_writer(None);
        self.outgoing.end();
        self.incoming.abandon();
    }
}

impl Medium for MemoryEnd {
    fn watch(stream: &Rc<Stream<Self>>) -> io::Result<()> {
        stream.channel().listen(stream.loop_inner(), stream);
        Ok(())
    }
}

impl Drop for MemoryEnd {
    fn drop(&mut self) {
        self.close();
    }
}
