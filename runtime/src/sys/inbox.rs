//! What other threads have for the loop: a lock-free list in one word.
//!
//! ```text
//!            push                    push: kick the poller
//!   null ───────────▶ list   PARKED ───────────────────────▶ list
//!    ▲  ◀──take_all───  │      ▲ │
//!    └──────unpark──────┼──────┼─┘       close (from any): CLOSED, where push gives the value back
//!    └──────park: only from null ┘
//! ```
//!
//! The loop parks before it sleeps. Only a push that finds it parked pays for a wake-up, and exactly one does. The
//! list is pushed at its head and reversed when it is taken, so one thread's values stay in order.

use std::ptr;

#[cfg(loom)]
use loom::sync::atomic::{AtomicBool, AtomicPtr, Ordering};
#[cfg(not(loom))]
use std::sync::atomic::{AtomicBool, AtomicPtr, Ordering};

struct Node<T> {
    value: Option<T>,
    next: *mut Self,
}

/// A queue with many writers on any thread and one reader, the loop.
#[derive(Debug)]
pub(crate) struct Inbox<T> {
    head: AtomicPtr<Node<T>>,
}

/// What a push met.
#[derive(Debug)]
pub(crate) enum Pushed<T> {
    /// The loop is awake and will look.
    Queued,
    /// The loop sleeps: wake it.
    Parked,
    /// The loop is gone; here is the value again.
    Closed(T),
}

// SAFETY: values move from the pushing thread to the reading one and are never shared; a node is owned by whoever
// unlinked it, and by the list until then.
unsafe impl<T: Send> Send for Inbox<T> {}
// SAFETY: as above; all access goes through the one atomic word.
unsafe impl<T: Send> Sync for Inbox<T> {}

impl<T> Inbox<T> {
    pub(crate) fn new() -> Self {
        Self { head: AtomicPtr::new(ptr::null_mut()) }
    }

    /// The two states that are no list are addresses that no node can have.
    fn parked() -> *mut Node<T> {
        ptr::without_provenance_mut(1)
    }

    fn closed() -> *mut Node<T> {
        ptr::without_provenance_mut(2)
    }

    pub(crate) fn push(&self, value: T) -> Pushed<T> {
        let node = Box::into_raw(Box::new(Node { value: Some(value), next: ptr::null_mut() }));
        let mut head = self.head.load(Ordering::Relaxed);
        loop {
            if head == Self::closed() {
                // SAFETY: the node was made above and never got into the list.
                let node = unsafe { Box::from_raw(node) };
                return Pushed::Closed(node.value.expect("only the reader takes a value"));
            }
            let next = if head == Self::parked() { ptr::null_mut() } else { head };
            // SAFETY: the node is still this thread's own: it is published only by the exchange below.
            unsafe { (*node).next = next };
            // Release: the reader must see the node's contents. Acquire is not needed: nothing is read through `head`.
            match self.head.compare_exchange_weak(head, node, Ordering::Release, Ordering::Relaxed) {
                Ok(_) if head == Self::parked() => return Pushed::Parked,
                Ok(_) => return Pushed::Queued,
                Err(now) => head = now,
            }
        }
    }

    /// Whether something waits; a hint, read without ordering.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        let head = self.head.load(Ordering::Relaxed);
        head.is_null() || head == Self::parked() || head == Self::closed()
    }

    /// Whether the reader is gone for good.
    pub(crate) fn is_closed(&self) -> bool {
        self.head.load(Ordering::Relaxed) == Self::closed()
    }

    /// The loop is about to sleep. False: something came in, so it must not.
    pub(crate) fn park(&self) -> bool {
        self.head.compare_exchange(ptr::null_mut(), Self::parked(), Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    /// The loop is awake again; pushes need not wake it any more.
    pub(crate) fn unpark(&self) {
        // Fails when a push has replaced the mark: then the list is the state.
        let _ = self.head.compare_exchange(Self::parked(), ptr::null_mut(), Ordering::Relaxed, Ordering::Relaxed);
    }

    /// Takes everything, oldest first.
    pub(crate) fn take_all(&self) -> Taken<T> {
        let head = self.head.load(Ordering::Relaxed);
        if head.is_null() || head == Self::parked() || head == Self::closed() {
            return Taken { next: ptr::null_mut() };
        }
        // Acquire: pairs with the release of each push. Only the loop takes, so what was a list stays one.
        Taken::reversed(self.head.swap(ptr::null_mut(), Ordering::Acquire))
    }

    /// Refuses further pushes and takes what is left.
    pub(crate) fn close(&self) -> Taken<T> {
        let head = self.head.swap(Self::closed(), Ordering::Acquire);
        if head == Self::parked() || head == Self::closed() {
            return Taken { next: ptr::null_mut() };
        }
        Taken::reversed(head)
    }
}

impl<T> Drop for Inbox<T> {
    fn drop(&mut self) {
        drop(self.close());
    }
}

/// Values that were taken out, oldest first; dropping it drops the rest.
#[derive(Debug)]
pub(crate) struct Taken<T> {
    next: *mut Node<T>,
}

impl<T> Taken<T> {
    fn reversed(mut node: *mut Node<T>) -> Self {
        let mut next = ptr::null_mut();
        while !node.is_null() {
            // SAFETY: the list was unlinked as a whole, so its nodes are this thread's alone.
            let unlinked = unsafe { &mut *node };
            let following = std::mem::replace(&mut unlinked.next, next);
            next = node;
            node = following;
        }
        Self { next }
    }
}

impl<T> Iterator for Taken<T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        if self.next.is_null() {
            return None;
        }
        // SAFETY: the node is this list's own, made by `Box::into_raw` in `push`, and is left behind here.
        let node = unsafe { Box::from_raw(self.next) };
        self.next = node.next;
        node.value
    }
}

impl<T> Drop for Taken<T> {
    fn drop(&mut self) {
        self.by_ref().for_each(drop);
    }
}

/// "Posted and not delivered yet": many wakes of one thing make one entry in the inbox.
#[derive(Debug)]
pub(crate) struct Ticket(AtomicBool);

impl Ticket {
    pub(crate) fn new() -> Self {
        Self(AtomicBool::new(false))
    }

    /// True: post it. False: an entry is on its way, and will see what this thread did before.
    pub(crate) fn take(&self) -> bool {
        // AcqRel: the wake that joins another one must be seen by the delivery of that one.
        !self.0.swap(true, Ordering::AcqRel)
    }

    /// The entry has arrived: the next wake makes a new one.
    pub(crate) fn delivered(&self) {
        self.0.swap(false, Ordering::AcqRel);
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn values_come_out_in_the_order_they_went_in() {
        let inbox = Inbox::new();
        assert!(inbox.is_empty());
        for value in 0..4 {
            assert!(matches!(inbox.push(value), Pushed::Queued));
        }
        assert!(!inbox.park(), "a loop with work must not sleep");
        assert_eq!(inbox.take_all().collect::<Vec<_>>(), [0, 1, 2, 3]);
        assert_eq!(inbox.take_all().count(), 0);
    }

    #[test]
    fn only_the_first_push_wakes_a_parked_loop() {
        let inbox = Inbox::new();
        assert!(inbox.park());
        assert!(matches!(inbox.push(1), Pushed::Parked));
        assert!(matches!(inbox.push(2), Pushed::Queued));
        inbox.unpark();
        assert_eq!(inbox.take_all().collect::<Vec<_>>(), [1, 2]);
    }

    #[test]
    fn a_closed_inbox_gives_the_value_back() {
        let inbox = Inbox::new();
        inbox.push("left");
        assert_eq!(inbox.close().collect::<Vec<_>>(), ["left"]);
        assert!(matches!(inbox.push("late"), Pushed::Closed("late")));
        assert_eq!(inbox.close().count(), 0);
    }
}

#[cfg(all(test, loom))]
mod models {
    //! `RUSTFLAGS="--cfg loom" cargo test -p asyncio --release --lib models`

    use super::*;
    use loom::cell::UnsafeCell;
    use loom::sync::atomic::AtomicUsize;
    use loom::sync::{Arc, Notify};
    use loom::thread;

    /// A value whose reads loom compares with its writes: without it, weakened orderings would pass unnoticed.
    struct Tracked(UnsafeCell<u32>);

    impl Tracked {
        fn new(value: u32) -> Self {
            let tracked = Self(UnsafeCell::new(0));
            tracked.0.with_mut(|place| {
                // SAFETY: loom checks that nobody else has access.
                unsafe { *place = value }
            });
            tracked
        }

        fn get(&self) -> u32 {
            self.0.with(|place| {
                // SAFETY: as above.
                unsafe { *place }
            })
        }
    }

    /// Every interleaving with at most three preemptions: unbounded, three threads take hours.
    fn model(check: impl Fn() + Sync + Send + 'static) {
        let mut builder = loom::model::Builder::new();
        builder.preemption_bound = Some(3);
        builder.check(check);
    }

    #[test]
    fn no_value_and_no_wake_up_is_lost() {
        model(|| {
            let inbox = Arc::new(Inbox::new());
            let notify = Arc::new(Notify::new());
            let pushers: Vec<_> = (1..=2)
                .map(|number| {
                    let (inbox, notify) = (inbox.clone(), notify.clone());
                    thread::spawn(move || {
                        if matches!(inbox.push(Tracked::new(number)), Pushed::Parked) {
                            notify.notify();
                        }
                    })
                })
                .collect();
            let mut sum = 0;
            while sum < 3 {
                sum += inbox.take_all().map(|tracked| tracked.get()).sum::<u32>();
                if sum < 3 && inbox.park() {
                    notify.wait();
                    inbox.unpark();
                }
            }
            pushers.into_iter().for_each(|pusher| pusher.join().unwrap());
        });
    }

    #[test]
    fn closing_gives_every_value_to_exactly_one_side() {
        model(|| {
            let inbox = Arc::new(Inbox::new());
            let pusher = {
                let inbox = inbox.clone();
                thread::spawn(move || match inbox.push(Tracked::new(1)) {
                    Pushed::Closed(tracked) => tracked.get(),
                    _ => 0,
                })
            };
            let left: u32 = inbox.close().map(|tracked| tracked.get()).sum();
            assert_eq!(left + pusher.join().unwrap(), 1);
        });
    }

    #[test]
    fn a_wake_that_joins_another_is_seen_by_its_delivery() {
        model(|| {
            let inbox = Arc::new(Inbox::new());
            let ticket = Arc::new(Ticket::new());
            let notify = Arc::new(Notify::new());
            let done = Arc::new([AtomicUsize::new(0), AtomicUsize::new(0)]);
            let wakers: Vec<_> = (0..2)
                .map(|number| {
                    let (inbox, ticket) = (inbox.clone(), ticket.clone());
                    let (notify, done) = (notify.clone(), done.clone());
                    thread::spawn(move || {
                        done[number].store(1, Ordering::Relaxed);
                        if ticket.take() && matches!(inbox.push(()), Pushed::Parked) {
                            notify.notify();
                        }
                    })
                })
                .collect();
            // The loop goes to sleep for good if a step that comes after a wake does not see what was done before it.
            let mut seen = 0;
            while seen < 2 {
                for () in inbox.take_all() {
                    ticket.delivered();
                    seen = done.iter().map(|flag| flag.load(Ordering::Relaxed)).sum();
                }
                if seen < 2 && inbox.park() {
                    notify.wait();
                    inbox.unpark();
                }
            }
            wakers.into_iter().for_each(|waker| waker.join().unwrap());
        });
    }
}
