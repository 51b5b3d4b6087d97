//! Changing the protocol of a connection, and reaching it from outside.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use asyncio::Transport;

use crate::support::journal::Journal;
use crate::support::net::{connected, send, settle};
use crate::support::script::Script;

#[asyncio::test(timeout = "10s")]
async fn a_protocol_hands_the_connection_on_from_inside_its_own_callback() {
    // CPython: test_selector_events.SelectorSocketTransportTests.test_read_ready__... with set_protocol
    let (before, after) = (Journal::default(), Journal::default());
    let (note, next) = (before.clone(), after.clone());
    let script = Script::new(&before).on_data(move |transport, _| {
        transport.set_protocol(Script::new(&next));
        note.note("the first one runs to its end");
        Ok(())
    });
    let (transport, _, peer) = connected(script).await;
    send(&peer, b"upgrade");
    before.wait_for("the first").await;
    send(&peer, b"hello");
    after.wait_for("data").await;
    drop(peer);
    after.wait_for("lost").await;
    assert_eq!(before.entries(), ["made", "data upgrade", "the first one runs to its end"]);
    assert_eq!(after.entries(), ["data hello", "eof", "lost"], "connection_made is not called again");
    transport.set_protocol(Script::new(&after));
    assert!(transport.get_protocol::<Script>().is_none(), "a lost connection has no protocol");
}

#[asyncio::test(timeout = "10s")]
async fn a_protocol_can_be_replaced_in_connection_made_and_in_connection_lost() {
    let (first, second, third) = (Journal::default(), Journal::default(), Journal::default());
    let (to_second, to_third) = (second.clone(), third.clone());
    let script = Script::new(&first).on_made(move |transport| {
        let to_third = to_third.clone();
        transport.set_protocol(Script::new(&to_second).on_lost(move |transport| {
            transport.set_protocol(Script::new(&to_third));
            Ok(())
        }));
        Ok(())
    });
    let (transport, _, _peer) = connected(script).await;
    transport.close();
    second.wait_for("lost").await;
    settle().await;
    assert_eq!(first.entries(), ["made"]);
    assert_eq!(second.entries(), ["lost"]);
    assert_eq!(third.entries(), Vec::<String>::new(), "nothing comes after connection_lost");
}

#[asyncio::test(timeout = "10s")]
async fn flow_control_that_falls_due_in_the_callback_that_replaces_is_told_to_the_new_one() {
    let (before, after) = (Journal::default(), Journal::default());
    let next = after.clone();
    let script = Script::new(&before).on_data(move |transport, _| {
        transport.set_protocol(Script::new(&next));
        transport.write(&vec![0; 30 << 20]);
        Ok(())
    });
    let (transport, _, peer) = connected(script).await;
    send(&peer, b"x");
    after.wait_for("pause").await;
    assert_eq!(before.count("pause"), 0);
    transport.abort();
}

struct Counter {
    bytes: usize,
}

#[asyncio::protocol]
impl Counter {
    fn data_received(&mut self, transport: &Transport, data: &[u8]) {
        self.bytes += data.len();
        let me = transport.get_protocol::<Self>().unwrap();
        assert!(me.try_with(|_| ()).is_none(), "it is running");
        let panic: Box<dyn Any + Send> = catch_unwind(AssertUnwindSafe(|| me.with(|_| ()))).unwrap_err();
        assert!(panic.downcast_ref::<String>().unwrap().contains("use self"));
    }
}

#[asyncio::test(timeout = "10s")]
async fn the_protocol_is_reached_from_outside_in_its_own_type() {
    let (transport, protocol, peer) = connected(Counter { bytes: 0 }).await;
    send(&peer, b"four");
    while protocol.with(|counter| counter.bytes) < 4 {
        settle().await;
    }
    let same = transport.get_protocol::<Counter>().unwrap();
    assert_eq!(same, protocol);
    assert_eq!(same.with(|counter| std::mem::take(&mut counter.bytes)), 4);
    assert!(transport.get_protocol::<Script>().is_none());
    assert!(format!("{same:?}").contains("Counter"));
}

/// Wants lines.
struct Lines;

#[asyncio::protocol(lines)]
impl Lines {
    fn line_received(&mut self, _line: &[u8]) {}
}

#[asyncio::test(timeout = "10s")]
async fn half_a_line_goes_to_the_next_protocol_without_waiting_for_more() {
    let journal = Journal::default();
    let (transport, _, peer) = connected(Lines).await;
    send(&peer, b"half a line");
    settle().await;
    transport.set_protocol(Script::new(&journal));
    journal.wait_for("data").await;
    assert_eq!(journal.entries(), ["data half a line"]);
    transport.close();
}
