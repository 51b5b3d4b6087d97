//! Cancelling a task.

use super::raw::TaskRef;
use super::waker;
use crate::exceptions::Message;

/// One more request. False if the task is done.
///
/// A suspended task hands the request on to what it awaits, if that is a task or future and accepts. Else its cell is
/// marked. It is woken in either case: to leave, or to say that it still awaits that. A running task marks its own cell only: it leaves where it suspends next.
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
    } else {
        header.cell.request_or_relay(message);
        waker::schedule(task);
    }
    true
}
