//! What is waited for, in words.

use std::borrow::Cow;
use std::fmt::Display;

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
        _ => numbered_text(wait, crate::sys::peer_of),
    }
}

/// The same of what has a number that means something elsewhere, too: sockets, by whose descriptor `peer_of` finds whom
/// they are connected to, and processes.
pub(super) fn numbered_text<P: Display>(wait: Wait, peer_of: impl FnOnce(usize) -> Option<P>) -> Cow<'static, str> {
    let Wait { kind, address } = wait;
    let plain = Cow::Borrowed(kind.text());
    let between = match kind {
        WaitsFor::Socket => {
            return Cow::Owned(match peer_of(address) {
                Some(peer) => format!("for the socket {address} to {peer}"),
                None => format!("for the socket {address}"),
            });
        }
        WaitsFor::Process => return Cow::Owned(format!("for the process {address}")),
        WaitsFor::Read => "from",
        WaitsFor::Drain => "to",
        WaitsFor::Close => "of the connection to",
        _ => return plain,
    };
    let peer = if address == 0 { None } else { peer_of(address) };
    peer.map_or(plain, |peer| Cow::Owned(format!("{} {between} {peer}", kind.text())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_without_a_descriptor_is_asked_for_no_peer() {
        let text = |kind, address| numbered_text(Wait { kind, address }, |fd| (fd != 7).then_some("a stranger"));
        for kind in [WaitsFor::Read, WaitsFor::Drain, WaitsFor::Close] {
            assert_eq!(text(kind, 0), kind.text());
            assert_eq!(text(kind, 7), kind.text());
        }
        assert_eq!(text(WaitsFor::Read, 3), "for bytes of a stream from a stranger");
        assert_eq!(text(WaitsFor::Close, 3), "in wait_closed() of the connection to a stranger");
        assert_eq!(text(WaitsFor::Socket, 7), "for the socket 7");
    }
}
