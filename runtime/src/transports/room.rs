//! Waiting for room: what a task or an `async fn` handler does that writes more than its peer reads.
//!
//! The transport makes a [`Room`] when the first one has to wait, and lets go of it when there is room or nothing can
//! be written any more; who comes later waits in another one.

use std::cell::RefCell;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use super::{DatagramTransport, Transport};
use crate::cancellation::is_marked;
use crate::exceptions::{Error, Result};
use crate::sync::{Place, WaitQueue};
use crate::trace::{WaitsFor, address_of, waits_for};

/// Those who wait for room in one transport.
#[derive(Debug)]
pub(crate) struct Room {
    waiting: WaitQueue,
    /// Why there will be none.
    lost: RefCell<Option<Error>>,
}

impl Room {
    pub(super) fn new() -> Rc<Self> {
        Rc::new(Self { waiting: WaitQueue::new(), lost: RefCell::default() })
    }

    /// There is room, or nothing can be written any more.
    pub(super) fn open(&self, lost: Option<&Error>) {
        self.lost.replace(lost.cloned());
        self.waiting.wake_all();
    }
}

/// Whose room it is.
#[derive(Debug)]
enum Whose {
    Stream(Transport),
    Datagrams(DatagramTransport),
}

impl Whose {
    /// In which room to wait; `None`: there is no need to.
    fn room(&self) -> Result<Option<Rc<Room>>> {
        match self {
            Self::Stream(transport) => transport.0.room(),
            Self::Datagrams(transport) => transport.room(),
        }
    }
}

/// What [`Transport::drain`] and [`DatagramTransport::drain`] return.
#[must_use = "nothing waits until it is awaited: write `.await`"]
pub struct TransportDrain {
    whose: Whose,
    waits: Option<(Rc<Room>, Place)>,
}

impl TransportDrain {
    fn new(whose: Whose) -> Self {
        Self { whose, waits: None }
    }
}

impl Future for TransportDrain {
    type Output = Result<()>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        let this = &mut *self;
        if let Some((room, place)) = &this.waits {
            if is_marked() || !room.waiting.leave_if_woken(*place, context) {
                waits_for(WaitsFor::Drain, address_of(&**room));
                return Poll::Pending;
            }
            // For all of them.
            let lost = room.lost.borrow().clone();
            this.waits = None;
            if let Some(error) = lost {
                return Poll::Ready(Err(error));
            }
        }
        // Who was woken may find that another one has filled it again.
        let Some(room) = this.whose.room()? else { return Poll::Ready(Ok(())) };
        waits_for(WaitsFor::Drain, address_of(&*room));
        let place = room.waiting.enter(context);
        this.waits = Some((room, place));
        Poll::Pending
    }
}

impl Drop for TransportDrain {
    fn drop(&mut self) {
        if let Some((room, place)) = self.waits.take() {
            room.waiting.leave(place);
        }
    }
}

impl fmt::Debug for TransportDrain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TransportDrain").field("whose", &self.whose).finish_non_exhaustive()
    }
}

impl Transport {
    /// Waits until it is reasonable to write more: at once unless [`pause_writing`](crate::Protocol::pause_writing) is
    /// due, else until no more than the low limit waits to be sent. Python: `StreamWriter.drain()`.
    ///
    /// It is for an `async fn` handler, which is told of nothing while it runs, and for any task that writes in a loop.
    /// Whoever writes without it to a peer that does not read runs into the
    /// [hard limit](Self::set_write_hard_limit). Any number of tasks may wait.
    ///
    /// # Errors
    ///
    /// What ended the connection, if that happens meanwhile; `OsError` if it has ended before or is being closed, for
    /// then nothing can be written.
    ///
    /// # Cancellation
    ///
    /// Nothing is lost: what was written is still sent.
    ///
    /// # Examples
    ///
    /// A megabyte for each line, with 64 KiB or a little more in memory at a time:
    ///
    /// ```
    /// use asyncio::Transport;
    ///
    /// struct Generator;
    ///
    /// #[asyncio::protocol(lines)]
    /// impl Generator {
    ///     async fn line_received(&mut self, transport: &Transport) -> asyncio::Result<()> {
    ///         for _ in 0..1024 {
    ///             transport.write(&[b'x'; 1024]);
    ///             transport.drain().await?;
    ///         }
    ///         Ok(())
    ///     }
    /// }
    /// ```
    pub fn drain(&self) -> TransportDrain {
        TransportDrain::new(Whose::Stream(self.clone()))
    }
}

impl DatagramTransport {
    /// Waits until it is reasonable to send more: at once unless
    /// [`pause_writing`](crate::DatagramProtocol::pause_writing) is due, else until no more than the low limit waits.
    ///
    /// It is for tasks that send in a loop. Any number of them may wait. Python has no counterpart.
    ///
    /// # Errors
    ///
    /// `OsError` if the endpoint was closed, before or meanwhile.
    ///
    /// # Cancellation
    ///
    /// Nothing is lost: what was sent still leaves.
    pub fn drain(&self) -> TransportDrain {
        TransportDrain::new(Whose::Datagrams(self.clone()))
    }
}
