//! Edges of the call graph that nobody can see: what is awaited through something that is not asyncio's.

use std::cell::RefCell;
use std::rc::Rc;

use crate::event_loop::{Inner, Slot, current_inner};
use crate::future::FutureLike;

/// The edges of one loop: what is awaited, and who awaits it, by their addresses.
#[derive(Default)]
pub(super) struct AwaitedBy {
    edges: RefCell<Vec<(usize, usize)>>,
}

impl Slot for AwaitedBy {
    fn create(_inner: &Rc<Inner>) -> Rc<Self> {
        Rc::default()
    }

    fn close(&self) {
        self.edges.take();
    }
}

impl AwaitedBy {
    /// Calls `f` with each edge.
    pub(super) fn each(inner: &Inner, f: impl FnMut(&(usize, usize))) {
        if let Some(slot) = inner.existing_slot::<Self>() {
            slot.edges.borrow().iter().for_each(f);
        }
    }
}

/// Notes for the call graph that `waiter` awaits `future`. Python: `asyncio.future_add_to_awaited_by()`.
///
/// For combinators that connect tasks through something that asyncio does not see; its own ones are seen without. Each
/// call must be balanced by one of [`future_discard_from_awaited_by`]. Where no loop runs nothing happens.
///
/// # Examples
///
/// ```
/// # fn main() -> asyncio::Result<()> {
/// asyncio::run(async {
///     let worker = asyncio::create_task(asyncio::sleep(std::time::Duration::from_secs(60)));
///     let waiter = asyncio::create_task(std::future::pending::<()>()).named("the waiter");
///     asyncio::future_add_to_awaited_by(&worker, &waiter);
///     assert!(asyncio::format_call_graph(Some(&worker))?.contains("the waiter"));
///     asyncio::future_discard_from_awaited_by(&worker, &waiter);
///     assert!(!asyncio::format_call_graph(Some(&worker))?.contains("the waiter"));
///     Ok::<_, asyncio::Error>(())
/// })
/// # }
/// ```
pub fn future_add_to_awaited_by(future: &dyn FutureLike, waiter: &dyn FutureLike) {
    let edge = (future.address().addr(), waiter.address().addr());
    with(|slot| slot.edges.borrow_mut().push(edge));
}

/// Takes back what [`future_add_to_awaited_by`] noted. Python: `asyncio.future_discard_from_awaited_by()`.
pub fn future_discard_from_awaited_by(future: &dyn FutureLike, waiter: &dyn FutureLike) {
    let edge = (future.address().addr(), waiter.address().addr());
    with(|slot| {
        let mut edges = slot.edges.borrow_mut();
        if let Some(place) = edges.iter().rposition(|other| *other == edge) {
            edges.swap_remove(place);
        }
    });
}

fn with(f: impl FnOnce(&AwaitedBy)) {
    let slot = current_inner(|inner| inner.map(|inner| inner.slot::<AwaitedBy>()));
    if let Some(slot) = slot {
        f(&slot);
    }
}
