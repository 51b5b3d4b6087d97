//! A journal of what happened, which a test can wait on.

use std::cell::RefCell;
use std::rc::Rc;

use asyncio::Future;

/// Entries in the order in which they were made; clones share them.
#[derive(Clone, Default)]
pub(crate) struct Journal {
    shared: Rc<Shared>,
}

#[derive(Default)]
struct Shared {
    entries: RefCell<Vec<String>>,
    waiters: RefCell<Vec<Future<()>>>,
}

impl Journal {
    pub(crate) fn note(&self, entry: impl Into<String>) {
        self.shared.entries.borrow_mut().push(entry.into());
        for waiter in self.shared.waiters.take() {
            let _ = waiter.set_result(());
        }
    }

    pub(crate) fn entries(&self) -> Vec<String> {
        self.shared.entries.borrow().clone()
    }

    pub(crate) fn count(&self, entry: &str) -> usize {
        self.shared.entries.borrow().iter().filter(|other| *other == entry).count()
    }

    /// Waits until the journal says what the test wants.
    pub(crate) async fn until(&self, mut wanted: impl FnMut(&[String]) -> bool) {
        while !wanted(&self.shared.entries.borrow()) {
            let waiter = Future::new().unwrap();
            self.shared.waiters.borrow_mut().push(waiter.clone());
            waiter.await.unwrap();
        }
    }

    /// Waits for an entry that begins so, and returns it.
    pub(crate) async fn wait_for(&self, start: &str) -> String {
        let mut found = String::new();
        self.until(|entries| match entries.iter().find(|entry| entry.starts_with(start)) {
            Some(entry) => {
                found.clone_from(entry);
                true
            }
            None => false,
        })
        .await;
        found
    }
}
