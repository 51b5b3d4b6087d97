//! What is waited for, in words.

use std::borrow::Cow;

use super::Snapshot;
use crate::trace::{Wait, WaitsFor, holder_of};

/// What follows "waits".
pub(crate) fn wait_text(snapshot: &Snapshot, wait: Wait) -> Cow<'static, str> {
    match wait.kind {
        WaitsFor::Task => match snapshot.at(wait.address) {
            Some(task) => Cow::Owned(format!("for the task {:?}", task.get_name())),
            None => Cow::Borrowed("for a task"),
        },
        WaitsFor::Lock => match holder_of(wait.address).and_then(|holder| snapshot.at(holder)) {
            Some(holder) => Cow::Owned(format!("for a lock that {:?} holds", holder.get_name())),
            None => Cow::Borrowed("for a lock"),
        },
        WaitsFor::Socket => {
            let peer = crate::sys::peer_of(wait.address);
            match peer {
                Some(peer) => Cow::Owned(format!("for the socket {} to {peer}", wait.address)),
                None => Cow::Owned(format!("for the socket {}", wait.address)),
            }
        }
        kind => Cow::Borrowed(kind.text()),
    }
}
