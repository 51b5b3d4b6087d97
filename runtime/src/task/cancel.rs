//! Cancelling a task.

use std::cell::Cell;

use super::raw::TaskRef;
use super::waker;
use crate::exceptions::Message;

/// One more request. False if the task is done.
///
/// A suspended task hands the request on to what it awaits, if that is a task or future and accepts. Else its cell is
/// marked. It is woken in either case: to leave, or to say that it still awaits that. A running task marks its own cell
/// only: it leaves where it suspends next.
pub(super) fn cancel(task: &TaskRef, message: Option<Message>) -> bool {
    let header = task.header();
    if header.state.is_done() {
        // As in Python: whoever wants it gone does not miss its failure.
        if header.state.is_unseen() {
            header.state.seen();
            header.task_loop.forget_unseen(task);
        }
        return false;
    }
    if header.state.is_running() {
        header.cell.request(message);
        return true;
    }
    match Deeper::enter() {
        Some(_deeper) => header.cell.request_or_relay(message),
        // It hands the request on from its own step, where it meets the mark.
        None => header.cell.request(message),
    }
    waker::schedule(task);
    true
}

/// How many tasks, each awaiting the next, are told in one go. No chain is too long for the stack.
const DEEPEST: u32 = 256;

thread_local! {
    static DEPTH: Cell<u32> = const { Cell::new(0) };
}

/// One task further down a chain, until this is dropped.
struct Deeper;

impl Deeper {
    fn enter() -> Option<Self> {
        let depth = DEPTH.get();
        (depth < DEEPEST).then(|| {
            DEPTH.set(depth + 1);
            Self
        })
    }
}

impl Drop for Deeper {
    fn drop(&mut self) {
        DEPTH.set(DEPTH.get() - 1);
    }
}
