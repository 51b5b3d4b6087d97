//! `add_reader`, `add_writer`: any descriptor, level-triggered.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::panic::Location;
use std::rc::{Rc, Weak};

use super::sources::{Kind, SourceKey, used_by_transport};
use super::{EventLoop, Inner, Source};
use crate::context;
use crate::exceptions::{Error, Result};
use crate::handle::{Call, Handle, RepeatedCall};
use crate::sys::{AsRawFd, Interest, RawFd, Readiness, raw};

impl EventLoop {
    /// Calls `callback` whenever the descriptor can be read, until [`remove_reader`](Self::remove_reader). Python:
    /// `loop.add_reader()`.
    ///
    /// Level-triggered: it is called in every tick in which something is left to read. Adding again replaces the
    /// callback. The descriptor must stay open until it is removed.
    ///
    /// # Errors
    ///
    /// `RuntimeError` if the loop is closed, a transport owns the descriptor, or a socket operation waits for it;
    /// `OsError` if the system cannot watch it, which is so for regular files. On Windows it takes sockets only.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> asyncio::Result<()> {
    /// use std::io::{Read, Write};
    /// use std::os::unix::net::UnixStream;
    ///
    /// let event_loop = asyncio::EventLoop::new()?;
    /// let (mut near, mut far) = UnixStream::pair()?;
    /// let (descriptor, stopper) = (near.try_clone()?, event_loop.clone());
    /// event_loop.add_reader(&descriptor, move || {
    ///     let mut byte = [0];
    ///     near.read_exact(&mut byte).expect("it is ready");
    ///     stopper.stop();
    /// })?;
    /// far.write_all(b"x")?;
    /// event_loop.run_forever()?;
    /// assert!(event_loop.remove_reader(&descriptor));
    /// event_loop.close()
    /// # }
    /// ```
    #[track_caller]
    pub fn add_reader(&self, fd: &impl AsRawFd, callback: impl FnMut() + 'static) -> Result<()> {
        self.inner().watch(raw(fd), Side::Read, repeated(callback, Location::caller()))
    }

    /// Stops calling the reader; false if there was none. Python: `loop.remove_reader()`.
    pub fn remove_reader(&self, fd: &impl AsRawFd) -> bool {
        self.inner().unwatch(raw(fd), Side::Read)
    }

    /// Calls `callback` whenever the descriptor can be written to. Python: `loop.add_writer()`.
    ///
    /// As [`add_reader`](Self::add_reader), with a place of its own.
    ///
    /// # Errors
    ///
    /// As [`add_reader`](Self::add_reader).
    #[track_caller]
    pub fn add_writer(&self, fd: &impl AsRawFd, callback: impl FnMut() + 'static) -> Result<()> {
        self.inner().watch(raw(fd), Side::Write, repeated(callback, Location::caller()))
    }

    /// Stops calling the writer; false if there was none. Python: `loop.remove_writer()`.
    pub fn remove_writer(&self, fd: &impl AsRawFd) -> bool {
        self.inner().unwatch(raw(fd), Side::Write)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Read,
    Write,
}

/// A callback that is cancelled when this is dropped.
struct Cancelled(Rc<dyn Call>);

impl Drop for Cancelled {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

/// The watched descriptors of a loop.
pub(super) type Watches = RefCell<HashMap<RawFd, Rc<Watch>>>;

impl Side {
    /// Whom a report concerns, the reader first.
    fn of(readiness: Readiness) -> impl Iterator<Item = Self> {
        let read = readiness.has(Readiness::FOR_READERS).then_some(Self::Read);
        let write = readiness.has(Readiness::FOR_WRITERS).then_some(Self::Write);
        read.into_iter().chain(write)
    }
}

/// A callback that runs many times, in a copy of the context in which it was added.
fn repeated(callback: impl FnMut() + 'static, location: &'static Location<'static>) -> Rc<dyn Call> {
    Rc::new(RepeatedCall::new(callback, context::snapshot(), location))
}

/// One watched descriptor.
pub(super) struct Watch {
    inner: Weak<Inner>,
    fd: RawFd,
    key: Cell<Option<SourceKey>>,
    reader: RefCell<Option<Rc<dyn Call>>>,
    writer: RefCell<Option<Rc<dyn Call>>>,
    readiness: Cell<Readiness>,
    queued: Cell<bool>,
}

impl Watch {
    fn side(&self, side: Side) -> &RefCell<Option<Rc<dyn Call>>> {
        match side {
            Side::Read => &self.reader,
            Side::Write => &self.writer,
        }
    }

    fn interest(&self) -> Option<Interest> {
        match (self.reader.borrow().is_some(), self.writer.borrow().is_some()) {
            (true, true) => Some(Interest::Both),
            (true, false) => Some(Interest::Read),
            (false, true) => Some(Interest::Write),
            (false, false) => None,
        }
    }

    fn call(&self, inner: &Inner, side: Side) {
        let Some(call) = self.side(side).borrow().clone() else { return };
        if inner.get_debug() {
            inner.running.set(Some(call.location()));
        }
        if let Err(panic) = call.invoke() {
            inner.callback_failed(call, panic);
        }
    }
}

impl Source for Watch {
    fn on_event(&self, readiness: Readiness) -> bool {
        self.readiness.set(self.readiness.get().or(readiness));
        !self.queued.replace(true)
    }

    fn run(self: Rc<Self>) {
        self.queued.set(false);
        let readiness = self.readiness.take();
        let Some(inner) = self.inner.upgrade() else { return };
        for side in Side::of(readiness) {
            self.call(&inner, side);
        }
        // The poller reports edges: asking again turns them into a level.
        if let (Some(key), Some(interest)) = (self.key.get(), self.interest()) {
            if let Err(error) = inner.rearm_source(key, self.fd, interest) {
                crate::log::record!(error, "ASY0026: descriptor {} cannot be watched any more: {error}", self.fd);
            }
        }
    }

    fn describe(&self) -> String {
        let calls = Side::of(self.readiness.get()).filter_map(|side| self.side(side).borrow().clone());
        let handles: Vec<String> = calls.map(|call| format!("{:?}", Handle::of(call))).collect();
        handles.join(" and ")
    }
}

impl Inner {
    fn watch(self: &Rc<Self>, fd: RawFd, side: Side, call: Rc<dyn Call>) -> Result<()> {
        self.check_usable()?;
        if let Some(watch) = self.watch_of(fd)? {
            let former = watch.side(side).replace(Some(call));
            if let (Some(key), Some(interest)) = (watch.key.get(), watch.interest()) {
                if let Err(error) = self.rearm_source(key, fd, interest) {
                    watch.side(side).replace(former);
                    return Err(Error::os_error_at(error, format_args!("descriptor {fd}")));
                }
            }
            if let Some(former) = former {
                former.cancel();
            }
            return Ok(());
        }
        let watch = Rc::new(Watch {
            inner: Rc::downgrade(self),
            fd,
            key: Cell::new(None),
            reader: RefCell::new(None),
            writer: RefCell::new(None),
            readiness: Cell::default(),
            queued: Cell::new(false),
        });
        *watch.side(side).borrow_mut() = Some(call);
        let interest = if side == Side::Read { Interest::Read } else { Interest::Write };
        let key = self.register(fd, interest, watch.clone(), Kind::Watch);
        watch.key.set(Some(key.map_err(|error| Error::os_error_at(error, format_args!("descriptor {fd}")))?));
        self.watches.borrow_mut().insert(fd, watch);
        Ok(())
    }

    fn unwatch(self: &Rc<Self>, fd: RawFd, side: Side) -> bool {
        let Ok(Some(watch)) = self.watch_of(fd) else { return false };
        let Some(call) = watch.side(side).take() else { return false };
        match (watch.key.get(), watch.interest()) {
            (Some(key), Some(interest)) => {
                if let Err(error) = self.rearm_source(key, fd, interest) {
                    crate::log::record!(error, "ASY0026: descriptor {fd} cannot be watched any more: {error}");
                }
            }
            (Some(key), None) => {
                watch.key.set(None);
                self.watches.borrow_mut().remove(&fd);
                self.remove_source(key, fd);
            }
            (None, _) => {}
        }
        call.cancel();
        true
    }

    /// The loop is being closed.
    pub(super) fn drop_watches(&self) {
        for watch in self.watches.take().into_values() {
            let calls = [watch.reader.take(), watch.writer.take()];
            for call in calls.into_iter().flatten() {
                self.let_go(Cancelled(call));
            }
        }
    }

    /// The watch of a descriptor; an error if a transport owns it.
    fn watch_of(&self, fd: RawFd) -> Result<Option<Rc<Watch>>> {
        match self.sources.owner(fd) {
            Some((_, Kind::Transport)) => Err(used_by_transport(fd)),
            Some((_, Kind::Socket)) => Err(Error::runtime_error(format!(
                "a socket operation, such as sock_recv(), waits for descriptor {fd}; watch a duplicate of it"
            ))),
            _ => Ok(self.watches.borrow().get(&fd).cloned()),
        }
    }
}
