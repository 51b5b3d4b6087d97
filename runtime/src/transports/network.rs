//! What a loop's transports and servers share: the receive buffer, and a list of those that are open.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::fmt;
use std::panic::Location;
use std::rc::{Rc, Weak};

use slab::Slab;

use super::Transport;
use super::datagram::Memory;
use crate::event_loop::{Inner, Slot, SourceKey};
use crate::sys::{Channel, ReceiveBuffer};

/// The network side of one loop.
pub(crate) struct Network {
    inner: Rc<Inner>,
    receive: Rc<ReceiveBuffer>,
    datagrams: Memory,
    /// Weak: a loop that is abandoned must be able to go.
    live: RefCell<Slab<Weak<dyn Live>>>,
    /// Where the program asked for what is open; filled in debug mode only.
    sites: RefCell<HashMap<LiveKey, &'static Location<'static>>>,
}

/// Something with an open descriptor.
pub(crate) trait Live {
    /// The loop was closed: close the descriptor and let go of everything, without another callback.
    fn loop_closed(self: Rc<Self>);

    /// The transport, if it is a connection of this server.
    fn client_of(self: Rc<Self>, _server: *const ()) -> Option<Transport> {
        None
    }
}

/// A place in the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct LiveKey(u32);

impl Network {
    pub(crate) fn of(inner: &Rc<Inner>) -> Rc<Self> {
        inner.slot()
    }

    #[inline]
    pub(crate) fn inner(&self) -> &Rc<Inner> {
        &self.inner
    }

    #[inline]
    pub(super) fn receive_buffer(&self) -> &Rc<ReceiveBuffer> {
        &self.receive
    }

    #[inline]
    pub(super) fn datagrams(&self) -> &Memory {
        &self.datagrams
    }

    pub(crate) fn enter(&self, live: Weak<dyn Live>) -> LiveKey {
        let key = self.live.borrow_mut().insert(live);
        LiveKey(u32::try_from(key).expect("there are fewer descriptors than that"))
    }

    pub(crate) fn leave(&self, key: LiveKey) {
        let live = self.live.borrow_mut().try_remove(key.0 as usize);
        drop(live);
        let mut sites = self.sites.borrow_mut();
        if !sites.is_empty() {
            sites.remove(&key);
        }
    }

    /// Remembers, in debug mode, where the program asked for something that is open.
    pub(crate) fn made_at(&self, key: Option<LiveKey>, site: &'static Location<'static>) {
        if let Some(key) = key.filter(|_| self.inner.get_debug()) {
            self.sites.borrow_mut().insert(key, site);
        }
    }

    /// Warns, in debug mode, of something that is open when the loop is closed.
    pub(crate) fn unclosed(&self, what: &str, it: &dyn fmt::Debug, site: Option<&'static Location<'static>>) {
        if !self.inner.get_debug() {
            return;
        }
        let made = site.map_or_else(String::new, |site| format!(", made at {site}"));
        crate::log::warning(format_args!(
            "ASY0010: unclosed {what} {it:?}{made}; close it before the event loop is closed"
        ));
    }

    /// Where that was, if anybody has said so.
    pub(crate) fn site(&self, key: Option<LiveKey>) -> Option<&'static Location<'static>> {
        self.sites.borrow().get(&key?).copied()
    }

    /// Takes back what [`enter`](Self::enter) and the poller know of a descriptor, and closes it.
    pub(super) fn close(&self, source: &Cell<Option<SourceKey>>, live: &Cell<Option<LiveKey>>, channel: &impl Channel) {
        if let (Some(key), Some(fd)) = (source.take(), channel.fileno()) {
            if channel.is_alone() {
                self.inner.remove_closing_source(key, fd);
            } else {
                self.inner.remove_source(key, fd);
            }
        }
        if let Some(key) = live.take() {
            self.leave(key);
        }
        channel.close();
    }

    /// The open connections of a server, named by its address.
    pub(crate) fn clients_of(&self, server: *const ()) -> Vec<Transport> {
        let live: Vec<_> = self.live.borrow().iter().filter_map(|(_, live)| live.upgrade()).collect();
        live.into_iter().filter_map(|live| live.client_of(server)).collect()
    }
}

impl Slot for Network {
    fn create(inner: &Rc<Inner>) -> Rc<Self> {
        Rc::new(Self {
            inner: inner.clone(),
            receive: ReceiveBuffer::new(),
            datagrams: Memory::default(),
            live: RefCell::default(),
            sites: RefCell::default(),
        })
    }

    fn close(&self) {
        let live = std::mem::take(&mut *self.live.borrow_mut());
        for live in live.iter().filter_map(|(_, live)| live.upgrade()) {
            live.loop_closed();
        }
    }
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Network").field("open", &self.live.borrow().len()).finish_non_exhaustive()
    }
}
