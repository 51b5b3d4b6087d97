//! Where the parts of tasks stand, for whoever reads this process's memory from outside.
//!
//! Only words are written, where a list grows and where a trace is kept anyway. The reader is `inspect::process`; what it
//! knows of tasks it takes from [`layout`].

use std::cell::OnceCell;
use std::mem::offset_of;
use std::panic::Location;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::header::{Header, Rare};
use super::trace::{List, Trace};
use crate::event_loop::Inner;
use crate::future::{Many, WaitersCell};
use crate::sys::{Lit, thread_number};
use crate::trace::{Entry, Frame};

/// The page of one loop: its tasks and its figures, by address. All numbers are words, and stand in this order.
#[derive(Debug, Default)]
#[repr(C)]
struct Page {
    tasks: AtomicUsize,
    len: AtomicUsize,
    figures: AtomicUsize,
    thread: AtomicUsize,
    /// The address of a word: how many were due when the present batch began.
    ready: AtomicUsize,
}

/// A loop that can be seen from outside.
#[derive(Debug)]
pub(super) struct Published {
    /// Dropped first: nobody is to find a page that is gone.
    _lit: Lit,
    page: Box<Page>,
}

impl Published {
    pub(super) fn new(inner: &Inner) -> Self {
        let page = Box::<Page>::default();
        page.figures.store(std::sync::Arc::as_ptr(inner.figures()).addr(), Ordering::Relaxed);
        page.ready.store(std::ptr::from_ref(inner.batch()).addr(), Ordering::Relaxed);
        page.thread.store(thread_number(), Ordering::Relaxed);
        let lit = Lit::new(std::ptr::from_ref(&*page).addr(), layout());
        Self { _lit: lit, page }
    }

    /// The list of tasks has moved or grown.
    pub(super) fn list(&self, address: usize, len: usize) {
        self.page.len.store(len, Ordering::Relaxed);
        self.page.tasks.store(address, Ordering::Release);
    }
}

// Each is a word that is zero or an address.
const _: () = assert!(size_of::<OnceCell<Box<Rare>>>() == size_of::<usize>());
const _: () = assert!(size_of::<Option<super::raw::TaskRef>>() == size_of::<usize>());
const _: () = assert!(size_of::<Entry>() == 24);
const _: () = assert!(size_of::<Frame>() == 16);
const _: () = assert!(size_of::<OnceCell<Box<List<Entry>>>>() == size_of::<usize>());

/// The offsets, in the order in which the reader knows them.
fn layout() -> &'static [usize] {
    static LAYOUT: OnceLock<[usize; 25]> = OnceLock::new();
    LAYOUT.get_or_init(|| {
        // How a location is laid out is found by this one, whose parts are known.
        let probe = Location::caller();
        // And how a list of waiters is, by this one, which stays for ever.
        let list = Box::leak(Box::new(Many::<super::AnyTask>::probe()));
        let (entries, capacity, entry) = list.parts();
        [
            offset_of!(Header, id),
            offset_of!(Header, state),
            offset_of!(Header, location),
            offset_of!(Header, waits_for),
            offset_of!(Header, waits_at),
            offset_of!(Header, rare),
            offset_of!(Header, waiters),
            size_of::<WaitersCell<super::AnyTask>>(),
            offset_of!(Rare, name_address),
            offset_of!(Rare, name_len),
            offset_of!(Rare, trace) + offset_of!(Trace, frames),
            offset_of!(Rare, trace) + offset_of!(Trace, branches),
            offset_of!(List<Frame>, address),
            offset_of!(List<Frame>, len),
            size_of::<Location<'_>>(),
            std::ptr::from_ref(probe).addr(),
            probe.file().as_ptr().addr(),
            probe.file().len(),
            probe.line() as usize,
            probe.column() as usize,
            size_of::<Many<super::AnyTask>>(),
            std::ptr::from_ref(list).addr(),
            entries,
            capacity,
            entry,
        ]
    })
}
