//! What a layer keeps for a protocol that does not listen at the moment, because it has paused reading or because a
//! handler of its own awaits something. In the order in which it has to be told.

use super::layer::Layer;
use crate::transports::Unread;

/// What waits for the protocol.
#[derive(Default)]
pub(super) struct Kept {
    plain: Option<Unread>,
    /// The peer's data has ended behind that.
    end: Option<End>,
}

/// How the peer's data has ended.
#[derive(Clone, Copy)]
pub(super) enum End {
    /// It said so.
    Clean,
    /// It did not.
    Truncated,
}

impl Kept {
    fn is_empty(&self) -> bool {
        self.plain.is_none() && self.end.is_none()
    }
}

impl Layer {
    /// Whether plaintext waits.
    pub(super) fn has_kept(&self) -> bool {
        self.kept.borrow().as_ref().is_some_and(|kept| kept.plain.is_some())
    }

    /// Keeps plaintext behind what waits already.
    pub(super) fn keep(&self, plain: &[u8]) {
        if plain.is_empty() {
            return;
        }
        let mut kept = self.kept.borrow_mut();
        match &mut kept.get_or_insert_default().plain {
            Some(unread) => unread.push(plain),
            place => *place = Some(Unread::new(plain.to_vec())),
        }
    }

    /// Keeps plaintext before what waits already.
    pub(super) fn keep_before(&self, plain: Unread) {
        if plain.is_empty() {
            return;
        }
        let mut kept = self.kept.borrow_mut();
        let place = &mut kept.get_or_insert_default().plain;
        *place = Some(match place.take() {
            Some(later) => plain.before(&later),
            None => plain,
        });
    }

    /// The first end counts.
    pub(super) fn keep_end(&self, end: End) {
        self.kept.borrow_mut().get_or_insert_default().end.get_or_insert(end);
    }

    pub(super) fn take_kept(&self) -> Option<Unread> {
        self.kept.borrow_mut().as_mut()?.plain.take()
    }

    /// The end, unless plaintext waits before it.
    pub(super) fn take_kept_end(&self) -> Option<End> {
        let mut kept = self.kept.borrow_mut();
        let kept = kept.as_mut().filter(|kept| kept.plain.is_none())?;
        kept.end.take()
    }

    /// Nobody will want it any more.
    pub(super) fn forget_kept(&self) {
        let kept = self.kept.take();
        drop(kept);
    }

    /// Lets the memory go once nothing waits.
    pub(super) fn tidy_kept(&self) {
        let mut kept = self.kept.borrow_mut();
        if kept.as_ref().is_some_and(|kept| kept.is_empty()) {
            *kept = None;
        }
    }
}
