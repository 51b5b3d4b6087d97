//! `close`, `abort`, `write_eof`, half-open connections, the end of the loop.

use std::cell::RefCell;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener};
use std::rc::Rc;

use asyncio::{EventLoop, Transport};

use crate::support::journal::Journal;
use crate::support::net::{
    Reports, client_of, clog, connected, connected_narrowly, fill, read_all, read_exactly, reset, running, send, settle,
};
use crate::support::script::Script;
use crate::support::ticks::PanicsOnDrop;

#[asyncio::test(timeout = "10s")]
async fn close_sends_what_was_written_and_abort_does_not() {
    // CPython: test_selector_events.SelectorTransportTests.test_close_write_buffer, test_abort
    for abort in [false, true] {
        let journal = Journal::default();
        let (transport, _, peer) = connected_narrowly(Script::new(&journal)).await;
        let filled = clog(&transport);
        if abort {
            transport.abort();
            assert_eq!(transport.get_write_buffer_size(), 0);
        } else {
            transport.close();
            transport.write(b"too late");
            transport.writelines(["too late"]);
            settle().await;
            assert_eq!(journal.entries(), ["made", "pause"], "it is not lost before all is sent");
        }
        assert!(transport.is_closing());
        let received = read_all(peer).await;
        assert_eq!(received.len() == filled, !abort);
        journal.wait_for("lost").await;
        let resumed = if abort { vec![] } else { vec!["resume"] };
        assert_eq!(journal.entries(), [vec!["made", "pause"], resumed, vec!["lost"]].concat());
    }
}

#[asyncio::test(timeout = "10s")]
async fn abort_ends_a_close_that_waits() {
    let journal = Journal::default();
    let (transport, _, _peer) = connected_narrowly(Script::new(&journal)).await;
    clog(&transport);
    transport.close();
    settle().await;
    assert_eq!(journal.entries(), ["made", "pause"]);
    transport.abort();
    assert_eq!(journal.entries(), ["made", "pause"], "never from inside the call");
    settle().await;
    assert_eq!(journal.entries(), ["made", "pause", "lost"], "nothing is resumed by then");
}

#[asyncio::test(timeout = "10s")]
async fn closing_inside_a_callback_runs_the_callback_to_its_end() {
    let journal = Journal::default();
    let after = journal.clone();
    let script = Script::new(&journal).on_made(move |transport| {
        transport.close();
        transport.close();
        after.note("still in connection_made");
        Ok(())
    });
    let (transport, _, peer) = connected(script).await;
    assert!(transport.is_closing());
    assert_eq!(read_all(peer).await, b"");
    journal.wait_for("lost").await;
    assert_eq!(journal.entries(), ["made", "still in connection_made", "lost"]);
}

#[asyncio::test(timeout = "10s")]
async fn write_eof_waits_until_all_is_sent() {
    // CPython: test_selector_events.SelectorSocketTransportTests.test_write_eof_buffer (B 46)
    let journal = Journal::default();
    let (transport, _, mut peer) = connected_narrowly(Script::new(&journal)).await;
    assert!(transport.can_write_eof());
    let filled = fill(&transport);
    transport.write_eof();
    transport.write_eof();
    assert!(transport.get_write_buffer_size() > 0);
    let reader = peer.try_clone().unwrap();
    assert_eq!(read_all(reader).await.len(), filled);
    assert!(!transport.is_closing());
    // The other direction is still open.
    peer.write_all(b"thanks").unwrap();
    journal.wait_for("data").await;
    drop(peer);
    journal.wait_for("lost").await;
    assert_eq!(journal.entries(), ["made", "data thanks", "eof", "lost"]);
}

#[asyncio::test(timeout = "10s")]
async fn write_eof_on_a_closing_transport_does_nothing() {
    let (transport, _, peer) = connected_narrowly(Script::new(&Journal::default())).await;
    let filled = fill(&transport);
    transport.close();
    transport.write_eof();
    assert_eq!(read_all(peer).await.len(), filled);
}

#[asyncio::test(timeout = "10s")]
async fn a_connection_stays_open_for_writing_if_eof_received_says_so() {
    // CPython: test_selector_events.SelectorSocketTransportTests.test_read_ready__eof_keep_open
    let journal = Journal::default();
    let (transport, _, peer) = connected(Script::new(&journal).on_eof(|_| Ok(true))).await;
    send(&peer, b"question");
    peer.shutdown(Shutdown::Write).unwrap();
    journal.wait_for("eof").await;
    assert!(!transport.is_closing());
    transport.pause_reading();
    transport.resume_reading();
    settle().await;
    transport.write(b"answer");
    assert_eq!(read_exactly(&peer, 6).await, b"answer");
    transport.close();
    journal.wait_for("lost").await;
    assert_eq!(journal.entries(), ["made", "data question", "eof", "lost"], "the end is told once");
}

#[asyncio::test(timeout = "10s")]
async fn a_reset_of_a_half_open_connection_is_noticed_without_a_write() {
    let journal = Journal::default();
    let (_transport, _, peer) = connected(Script::new(&journal).on_eof(|_| Ok(true))).await;
    peer.shutdown(Shutdown::Write).unwrap();
    journal.wait_for("eof").await;
    reset(peer);
    let lost = journal.wait_for("lost").await;
    assert!(lost.contains("OSError"), "{lost}");
}

#[asyncio::test(timeout = "10s")]
async fn a_peer_that_resets_is_an_error_that_names_it() {
    let journal = Journal::default();
    let (transport, _, peer) = connected(Script::new(&journal)).await;
    let address = transport.peername().unwrap();
    reset(peer);
    let lost = journal.wait_for("lost").await;
    assert!(lost.contains(&address.to_string()), "{lost}");
    assert_eq!(journal.entries(), ["made".to_owned(), lost]);
}

#[asyncio::test(timeout = "10s")]
async fn connection_lost_runs_after_what_was_scheduled_before_close() {
    let journal = Journal::default();
    let (transport, _, _peer) = connected(Script::new(&journal)).await;
    let (before, after) = (journal.clone(), journal.clone());
    running().call_soon(move || before.note("before")).unwrap();
    transport.close();
    running().call_soon(move || after.note("after")).unwrap();
    settle().await;
    assert_eq!(journal.entries(), ["made", "before", "lost", "after"]);
}

/// Keeps its transport, as most protocols do, and with it itself.
struct Keeper {
    transport: Option<Transport>,
    _witness: Rc<()>,
}

#[asyncio::protocol]
impl Keeper {
    fn connection_made(&mut self, transport: &Transport) {
        self.transport = Some(transport.clone());
    }
}

#[asyncio::test(timeout = "10s")]
async fn a_protocol_that_keeps_its_transport_goes_with_the_connection() {
    let witness = Rc::new(());
    let held = witness.clone();
    let server = running()
        .create_server(move || Keeper { transport: None, _witness: held.clone() }, "127.0.0.1", 0)
        .await
        .unwrap();
    let (mut first, mut second) = (client_of(&server), client_of(&server));
    first.write_all(b"x").unwrap();
    while Rc::strong_count(&witness) < 4 {
        settle().await;
    }
    drop(first);
    while Rc::strong_count(&witness) > 3 {
        settle().await;
    }
    server.close();
    server.close_clients();
    server.wait_closed().await.unwrap();
    drop(server);
    settle().await;
    assert_eq!(Rc::strong_count(&witness), 1);
    assert_eq!(second.read(&mut [0]).unwrap(), 0);
}

#[test]
fn closing_the_loop_closes_its_sockets_and_calls_nobody() {
    let event_loop = EventLoop::new().unwrap();
    let journal = Journal::default();
    let kept = Rc::new(RefCell::new(None));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (inner, script, keep) = (event_loop.clone(), Script::new(&journal), kept.clone());
    let witness = Rc::new(());
    let held = witness.clone();
    let server_address = event_loop
        .run_until_complete(async move {
            let (transport, _) = inner.create_connection(move || script, "127.0.0.1", port).await?;
            transport.set_protocol(Keeper { transport: Some(transport.clone()), _witness: held });
            *keep.borrow_mut() = Some(transport);
            let server = inner.create_server(|| Script::new(&Journal::default()), "127.0.0.1", 0).await?;
            server.sockets()[0].getsockname()
        })
        .unwrap();
    let (mut peer, _) = listener.accept().unwrap();
    event_loop.close().unwrap();
    assert_eq!(peer.read(&mut [0]).unwrap(), 0, "the peer sees the end");
    assert!(std::net::TcpStream::connect(server_address).is_err(), "nobody listens any more");
    assert_eq!(Rc::strong_count(&witness), 1, "the protocol is gone although it kept its transport");
    let transport = kept.take().unwrap();
    assert!(transport.is_closing());
    assert_eq!(transport.sockname(), Some(peer.peer_addr().unwrap()), "it is still known");
    transport.write(b"into the void");
    transport.close();
    assert_eq!(journal.entries(), ["made"]);
}

/// Panics when it goes.
struct Fragile(PanicsOnDrop);

#[asyncio::protocol]
impl Fragile {
    fn data_received(&mut self, _data: &[u8]) {}
}

/// As that, of datagrams.
struct FragileReceiver(PanicsOnDrop);

#[asyncio::protocol]
impl FragileReceiver {
    fn datagram_received(&mut self, _data: &[u8]) {}
}

#[asyncio::test(timeout = "10s")]
async fn a_protocol_that_panics_when_it_is_dropped_is_reported() {
    let reports = Reports::collect();
    let (transport, protocol, _peer) = connected(Fragile(PanicsOnDrop)).await;
    drop(protocol);
    transport.close();
    let fragile = || FragileReceiver(PanicsOnDrop);
    let endpoint = running().create_datagram_endpoint(fragile).local_addr("127.0.0.1", 0);
    let (datagrams, protocol) = endpoint.await.unwrap();
    drop(protocol);
    datagrams.close();
    settle().await;
    assert!(transport.socket().unwrap().fileno().is_none() && datagrams.socket().fileno().is_none());
    let reports = reports.all();
    assert_eq!(reports.len(), 2, "{reports:?}");
    assert!(reports.iter().all(|report| report.starts_with("dropping the protocol failed: ")), "{reports:?}");
}
