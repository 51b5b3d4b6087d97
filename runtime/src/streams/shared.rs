//! What the reader, the writer and the protocol of one stream share.
//!
//! ```text
//!   transport ── data_received ──▶ buffer ──▶ StreamReader
//!       ▲                           │ more than 2 × limit: pause_reading; at most limit: resume_reading
//!       └── write ── StreamWriter ◀─┴─ pause_writing, resume_writing, connection_lost: who drains is woken
//! ```
//!
//! A stream that is not read from holds no buffer once it is empty, and a wait is one waker: one reader at a time, for
//! reading borrows it mutably.

use std::cell::{Cell, OnceCell, RefCell, RefMut};
use std::fmt;
use std::rc::{Rc, Weak};
use std::task::Context;

use super::buffer::ReadBuffer;
use super::outgoing::Outgoing;
use crate::event_loop::{Inner, current_inner};
use crate::exceptions::{Error, Result};
use crate::handle::LocalWaker;
use crate::sys::{Keeper, Lease};
use crate::transports::Transport;

/// How many bytes a line may have, unless another limit is given. Python: 64 KiB too.
pub(super) const DEFAULT_LIMIT: usize = 64 * 1024;

/// One stream.
pub(super) struct Shared {
    pub(super) incoming: RefCell<Incoming>,
    pub(super) outgoing: Outgoing,
    /// Only while the connection stands: so nothing keeps itself alive afterwards.
    transport: RefCell<Option<Transport>>,
    /// Its loop. Looked at for each wake-up, outside of any borrow.
    inner: OnceCell<Rc<Inner>>,
    /// The connection's descriptor, by which whoever looks finds the peer; zero where there is none.
    descriptor: Cell<usize>,
    /// There is no writer, nor a program that holds the transport: the end of the reader is that of the connection.
    alone: Cell<bool>,
}

/// The side that reads.
pub(super) struct Incoming {
    pub(super) buffer: ReadBuffer,
    pub(super) limit: usize,
    /// The peer sends no more.
    pub(super) eof: bool,
    /// Why nothing can be read any more.
    pub(super) exception: Option<Error>,
    /// Who reads waits until the buffer holds as many bytes. Meaningless while nobody waits.
    wanted: usize,
    waiter: Option<LocalWaker>,
    /// The transport was told to pause, because of us.
    paused: bool,
    /// There is a reader, so that what comes in may be read some day.
    read: bool,
}

/// What is to be done after a change of the reading side, once it is not borrowed any more.
#[derive(Default)]
#[must_use = "the reader must be woken, and the transport be told"]
struct News {
    wake: Option<LocalWaker>,
    pause: bool,
    resume: bool,
}

impl Shared {
    pub(super) fn new(limit: usize, read: bool) -> Rc<Self> {
        let incoming = Incoming {
            buffer: ReadBuffer::default(),
            limit,
            eof: false,
            exception: None,
            wanted: 1,
            waiter: None,
            paused: false,
            read,
        };
        Rc::new(Self {
            incoming: RefCell::new(incoming),
            outgoing: Outgoing::new(),
            transport: RefCell::default(),
            inner: OnceCell::new(),
            descriptor: Cell::new(0),
            alone: Cell::new(false),
        })
    }

    /// Changes the reading side, and then does what follows from that.
    #[inline]
    fn change(&self, change: impl FnOnce(&mut Incoming) -> News) {
        let news = change(&mut self.incoming.borrow_mut());
        self.tell(news);
    }

    #[inline]
    fn tell(&self, news: News) {
        if let Some(waiter) = news.wake {
            self.wake(waiter);
        }
        if news.pause || news.resume {
            self.steer(news.pause);
        }
    }

    #[inline]
    fn wake(&self, waiter: LocalWaker) {
        match self.inner.get() {
            Some(inner) => inner.wake_promptly(waiter),
            None => waiter.wake(),
        }
    }

    fn steer(&self, pause: bool) {
        match self.transport() {
            Some(transport) if pause => transport.pause_reading(),
            Some(transport) => transport.resume_reading(),
            None => {}
        }
    }

    /// Bytes came in. What nobody can read is dropped.
    #[inline]
    pub(super) fn feed_data(&self, data: &[u8]) {
        self.change(|incoming| incoming.push(data));
    }

    /// Bytes came in, and lie in the loop's buffer. They stay there for a task that waits, which runs at once.
    #[inline]
    pub(super) fn feed_lease(self: &Rc<Self>, lease: &mut Lease<'_>, length: usize) {
        let mut incoming = self.incoming.borrow_mut();
        if !incoming.is_awaited(length) {
            drop(incoming);
            return self.feed_data(lease.get(..length).unwrap_or_default());
        }
        let keeper: Weak<Self> = Rc::downgrade(self);
        incoming.buffer.keep(lease.keep(length, keeper));
        let news = incoming.fed();
        drop(incoming);
        self.tell(news);
    }

    /// As [`feed_data`](Self::feed_data), by hand.
    pub(super) fn feed_by_hand(&self, data: &[u8]) -> Result<()> {
        if self.incoming.borrow().eof {
            return Err(Error::runtime_error(
                "feed_data() was called after feed_eof(); feed everything before the end",
            ));
        }
        self.feed_data(data);
        Ok(())
    }

    /// No more will come.
    pub(super) fn feed_eof(&self) {
        self.change(|incoming| {
            incoming.eof = true;
            News { wake: incoming.waiter.take(), ..News::default() }
        });
    }

    /// From now on every read fails with this.
    pub(super) fn set_exception(&self, exception: Error) {
        self.change(|incoming| {
            incoming.exception = Some(exception);
            News { wake: incoming.waiter.take(), ..News::default() }
        });
    }

    #[inline]
    pub(super) fn has_failed(&self) -> bool {
        self.incoming.borrow().exception.is_some()
    }

    pub(super) fn exception(&self) -> Option<Error> {
        self.incoming.borrow().exception.clone()
    }

    /// Reads by `attempt`; then the transport is told if there is room again.
    #[inline]
    pub(super) fn read<T>(&self, attempt: impl FnOnce(&mut Incoming) -> T) -> T {
        let mut incoming = self.incoming.borrow_mut();
        let result = attempt(&mut incoming);
        if incoming.paused {
            let news = incoming.resume_if_low();
            drop(incoming);
            self.tell(news);
        }
        result
    }

    /// Who reads waits until `wanted` bytes are there, or the end.
    #[inline(always)]
    pub(super) fn wait_for(&self, wanted: usize, context: &Context<'_>) {
        // Outside of the borrow, as is the drop of another one: a foreign waker's code is anybody's.
        let waiter = LocalWaker::new(context);
        let mut incoming = self.incoming.borrow_mut();
        incoming.wanted = wanted;
        if incoming.waiter.is_some() || incoming.paused {
            return self.wait_anew(incoming, waiter);
        }
        incoming.waiter = Some(waiter);
    }

    /// As that, where another waker waited, or the transport is paused.
    #[cold]
    fn wait_anew(&self, mut incoming: RefMut<'_, Incoming>, waiter: LocalWaker) {
        let former = incoming.waiter.replace(waiter);
        // Waiting while nothing is received would never end.
        let resume = std::mem::take(&mut incoming.paused);
        drop(incoming);
        drop(former);
        if resume {
            self.steer(false);
        }
    }

    /// The wait is over, and nothing was read.
    #[cold]
    pub(super) fn stop_waiting(&self) {
        let mut incoming = self.incoming.borrow_mut();
        let waiter = incoming.waiter.take();
        let news = incoming.pause_if_high();
        drop(incoming);
        drop(waiter);
        self.tell(news);
    }

    /// There is no reader any more: what has come in goes, and so does what will come.
    pub(super) fn reader_dropped(&self) {
        let mut incoming = self.incoming.borrow_mut();
        incoming.read = false;
        let (buffer, waiter) = (std::mem::take(&mut incoming.buffer), incoming.waiter.take());
        let news = incoming.resume_if_low();
        drop(incoming);
        drop((buffer, waiter));
        if let Some(transport) = self.transport().filter(|_| self.alone.get()) {
            transport.close();
        }
        self.tell(news);
    }

    pub(super) fn reader_is_alone(&self) {
        self.alone.set(true);
    }

    pub(super) fn has_reader(&self) -> bool {
        self.incoming.borrow().read
    }

    pub(super) fn transport(&self) -> Option<Transport> {
        self.transport.borrow().clone()
    }

    /// False if there was one already.
    pub(super) fn set_transport(&self, transport: &Transport) -> bool {
        let mut place = self.transport.borrow_mut();
        let free = place.is_none();
        if free {
            if let Some(inner) = current_inner(|inner| inner.cloned()) {
                self.inner.get_or_init(|| inner);
            }
            *place = Some(transport.clone());
            // Not by way of its socket: one that was shown to the program takes more care to close.
            self.descriptor.set(transport.io().socket_fd().and_then(|fd| usize::try_from(fd).ok()).unwrap_or(0));
        }
        free
    }

    /// What [`waits_for`](crate::trace::waits_for) is told.
    #[inline]
    pub(super) fn descriptor(&self) -> usize {
        self.descriptor.get()
    }

    /// The connection goes on by another transport, after the upgrade to TLS.
    #[cfg(feature = "tls")]
    pub(super) fn replace_transport(&self, transport: &Transport) {
        let mut place = self.transport.borrow_mut();
        // Lost meanwhile, there is none any more.
        let former = place.as_mut().map(|place| std::mem::replace(place, transport.clone()));
        drop(place);
        // What came meanwhile may have paused the one that nobody will resume.
        if let Some(former) = former.filter(|_| self.incoming.borrow().paused) {
            former.resume_reading();
            transport.pause_reading();
        }
    }

    /// The connection has ended.
    pub(super) fn connection_lost(&self, error: Option<&Error>) {
        match error {
            None => self.feed_eof(),
            Some(error) => self.set_exception(error.clone()),
        }
        self.descriptor.set(0);
        let transport = self.transport.take();
        drop(transport);
        *self.outgoing.error.borrow_mut() = error.cloned();
        self.outgoing.lost.set(true);
        self.outgoing.drainers.wake_all();
        self.outgoing.closers.wake_all();
    }
}

impl Keeper for Shared {
    fn give_back(&self) {
        if let Ok(mut incoming) = self.incoming.try_borrow_mut() {
            incoming.buffer.give_back();
        }
    }
}

impl Incoming {
    #[inline]
    fn push(&mut self, data: &[u8]) -> News {
        if !self.read || data.is_empty() {
            return News::default();
        }
        self.buffer.push(data);
        if self.waiter.is_some() && self.buffer.len() < self.wanted {
            // It takes more than there is, so there is no reason to pause.
            return News::default();
        }
        self.fed()
    }

    /// Whether somebody waits for no more than so many bytes, and has nothing yet.
    #[inline]
    fn is_awaited(&self, length: usize) -> bool {
        self.waiter.is_some() && length >= self.wanted && self.buffer.is_empty()
    }

    /// Bytes came in that were worth something.
    #[inline]
    fn fed(&mut self) -> News {
        let pause = self.must_pause();
        self.paused |= pause;
        News { wake: self.waiter.take(), pause, resume: false }
    }

    #[inline]
    fn must_pause(&self) -> bool {
        !self.paused && self.buffer.len() > self.limit.saturating_mul(2)
    }

    fn pause_if_high(&mut self) -> News {
        let pause = self.must_pause();
        self.paused |= pause;
        News { pause, ..News::default() }
    }

    fn resume_if_low(&mut self) -> News {
        let resume = self.paused && self.buffer.len() <= self.limit;
        self.paused &= !resume;
        News { resume, ..News::default() }
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("incoming", &self.incoming.borrow()).finish_non_exhaustive()
    }
}

impl fmt::Debug for Incoming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.buffer.len())?;
        if self.eof {
            f.write_str(" eof")?;
        }
        if self.limit != DEFAULT_LIMIT {
            write!(f, " limit={}", self.limit)?;
        }
        if self.waiter.is_some() {
            f.write_str(" waiting")?;
        }
        if let Some(exception) = &self.exception {
            write!(f, " exception={exception}")?;
        }
        if self.paused {
            f.write_str(" paused")?;
        }
        Ok(())
    }
}
