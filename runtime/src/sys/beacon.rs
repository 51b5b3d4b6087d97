//! Where another process finds the loops of this one: a block that is known by how it begins.
//!
//! It stands among the program's initialised data, so it is found without symbols, in stripped and in static programs. It
//! holds addresses only. Whoever looks reads this process's memory from outside; nothing runs here for that.

use std::sync::atomic::{AtomicUsize, Ordering};

/// How the block begins. Copies of it, as the reader has one, are told from it by the word that follows.
pub(crate) const MAGIC: [u8; 16] = *b"asyncio\x01look\x02in\x03";
/// Another number means another meaning of what stands here, or behind it.
pub(crate) const VERSION: usize = 3;
/// More loops at a time are not shown.
pub(crate) const PAGES: usize = 64;

/// The block. All numbers are words, and stand in this order.
#[repr(C)]
struct Beacon {
    magic: [u8; 16],
    /// Where it stands: a copy of the block is none.
    own: AtomicUsize,
    version: AtomicUsize,
    /// The address and number of the words that say how tasks are laid out.
    layout: AtomicUsize,
    layout_len: AtomicUsize,
    /// The addresses of the pages of the loops; zero is none.
    pages: [AtomicUsize; PAGES],
}

static BEACON: Beacon = Beacon {
    magic: MAGIC,
    own: AtomicUsize::new(0),
    version: AtomicUsize::new(VERSION),
    layout: AtomicUsize::new(0),
    layout_len: AtomicUsize::new(0),
    pages: [const { AtomicUsize::new(0) }; PAGES],
};

/// Says where the page of a loop stands, until this is dropped.
#[derive(Debug)]
pub(crate) struct Lit {
    page: usize,
}

impl Lit {
    /// `layout` is the same for all loops. What stands at the address of the page must stay there.
    pub(crate) fn new(page: usize, layout: &'static [usize]) -> Self {
        BEACON.layout.store(layout.as_ptr().addr(), Ordering::Relaxed);
        BEACON.layout_len.store(layout.len(), Ordering::Relaxed);
        for place in &BEACON.pages {
            if place.compare_exchange(0, page, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
                break;
            }
        }
        BEACON.own.store(std::ptr::from_ref(&BEACON).addr(), Ordering::Release);
        Self { page }
    }
}

impl Drop for Lit {
    fn drop(&mut self) {
        for place in &BEACON.pages {
            if place.compare_exchange(self.page, 0, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
                break;
            }
        }
    }
}
