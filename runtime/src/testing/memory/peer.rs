//! The other end of a connection in memory, played by a test.

use super::channel::MemoryEnd;
use crate::sys::Channel;

/// The peer of a protocol under test. Dropping it closes its end, as a process that ends does.
///
/// Nothing here waits: a test writes, lets the loop run with [`until_idle`](crate::testing::until_idle()), and looks at what came
/// back.
#[derive(Debug)]
pub struct MemoryPeer {
    end: MemoryEnd,
}

impl MemoryPeer {
    pub(super) fn new(end: MemoryEnd) -> Self {
        Self { end }
    }

    /// Sends as much as there is room for, and says how much that was; none if the protocol's transport is closed.
    ///
    /// The protocol hears of it in the next tick.
    pub fn write(&self, data: &[u8]) -> usize {
        if data.is_empty() { 0 } else { self.end.send(data).unwrap_or(0) }
    }

    /// Sends no more: the protocol's `eof_received` is called once it has got everything.
    pub fn write_eof(&self) {
        self.end.outgoing().end();
    }

    /// Everything that the protocol has sent and that was not taken yet. Only this makes room for more.
    pub fn take_received(&self) -> Vec<u8> {
        self.end.incoming().take()
    }

    /// Whether everything was taken and the protocol sends no more: by `write_eof`, or because its transport is closed.
    pub fn at_eof(&self) -> bool {
        self.end.incoming().is_over()
    }

    /// Whether the protocol's transport is closed: `connection_lost` has returned.
    pub fn is_closed(&self) -> bool {
        self.end.outgoing().is_abandoned()
    }

    /// Closes this end. What was sent still arrives; what the protocol writes from now on is refused, and ends its
    /// connection with an `OsError` of the kind `BrokenPipe`.
    pub fn close(&self) {
        self.end.close();
    }
}
