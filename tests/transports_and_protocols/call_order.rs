//! Which callback comes when, and how often.

use std::cell::Cell;
use std::io::ErrorKind;
use std::rc::Rc;

use asyncio::{Error, Result, Transport};

use crate::support::journal::Journal;
use crate::support::net::{Reports, client_of, connected, connected_narrowly, fill, reset, running, send, settle};
use crate::support::script::Script;

#[asyncio::test(timeout = "10s")]
async fn a_connection_is_made_receives_ends_and_is_lost() {
    let journal = Journal::default();
    let (_transport, _, peer) = connected(Script::new(&journal)).await;
    assert_eq!(journal.entries(), ["made"], "it was called before create_connection returned");
    send(&peer, b"hello");
    journal.wait_for("data").await;
    drop(peer);
    journal.wait_for("lost").await;
    assert_eq!(journal.entries(), ["made", "data hello", "eof", "lost"]);
}

#[asyncio::test(timeout = "10s")]
async fn data_that_came_with_the_end_of_the_stream_is_received_before_it() {
    let journal = Journal::default();
    let (transport, _, peer) = connected(Script::new(&journal)).await;
    transport.pause_reading();
    send(&peer, b"last words");
    drop(peer);
    settle().await;
    transport.resume_reading();
    journal.wait_for("lost").await;
    assert_eq!(journal.entries(), ["made", "data last words", "eof", "lost"]);
}

#[asyncio::test(timeout = "10s")]
async fn connection_made_is_not_called_from_inside_the_accept() {
    // CPython: test_selector_events.SelectorSocketTransportTests.test_ctor
    let journal = Journal::default();
    let (factory_journal, made_journal) = (journal.clone(), journal.clone());
    let factory = move || {
        let after = factory_journal.clone();
        running().call_soon(move || after.note("scheduled by the factory")).unwrap();
        Script::new(&factory_journal)
    };
    let server = running().create_server(factory, "127.0.0.1", 0).await.unwrap();
    let peer = client_of(&server);
    made_journal.wait_for("made").await;
    assert_eq!(journal.entries(), ["scheduled by the factory", "made"]);
    drop(peer);
    server.close();
    server.wait_closed().await.unwrap();
}

type Ending = fn(&Transport, std::net::TcpStream);

/// Each way to end a connection, and what `connection_lost` gets.
const ENDINGS: [(&str, Ending, bool); 6] = [
    ("close", |transport, peer| keep([transport.close()], peer), false),
    ("abort", |transport, peer| keep([transport.abort()], peer), false),
    ("close and abort", |transport, peer| keep((transport.close(), transport.abort(), transport.close()), peer), false),
    ("the peer closes", |_, peer| drop(peer), false),
    ("the peer resets", |_, peer| reset(peer), true),
    ("the peer resets and we close", |transport, peer| (reset(peer), transport.close()).1, false),
];

/// Keeps the peer open until the process ends.
fn keep<T>(_: T, peer: std::net::TcpStream) {
    std::mem::forget(peer);
}

#[asyncio::test(timeout = "10s")]
async fn connection_lost_is_called_exactly_once_however_a_connection_ends() {
    for (name, end, fails) in ENDINGS {
        let journal = Journal::default();
        let (transport, _, peer) = connected(Script::new(&journal)).await;
        end(&transport, peer);
        let lost = journal.wait_for("lost").await;
        assert_eq!(lost != "lost", fails, "{name}: {lost}");
        transport.close();
        transport.abort();
        transport.write(b"too late");
        settle().await;
        let entries = journal.entries();
        assert_eq!(entries.iter().filter(|entry| entry.starts_with("lost")).count(), 1, "{name}: {entries:?}");
        assert!(entries.last().is_some_and(|last| last.starts_with("lost")), "{name}: {entries:?}");
    }
}

#[asyncio::test(timeout = "10s")]
async fn a_failing_data_received_ends_the_connection_with_its_error() {
    for panics in [false, true] {
        let reports = Reports::collect();
        let journal = Journal::default();
        let script = Script::new(&journal).on_data(move |_, _| {
            assert!(!panics, "the protocol gives up");
            Err(Error::value_error("the protocol gives up"))
        });
        let (_transport, _, peer) = connected(script).await;
        send(&peer, b"nonsense");
        let lost = journal.wait_for("lost").await;
        assert!(lost.contains("the protocol gives up"), "{lost}");
        assert_eq!(journal.entries(), ["made".to_owned(), "data nonsense".to_owned(), lost]);
        assert_eq!(reports.all().len(), 1);
    }
}

#[asyncio::test(timeout = "10s")]
async fn a_write_to_a_peer_that_has_reset_ends_the_connection_with_that_error() {
    // CPython: test_selector_events.SelectorSocketTransportTests.test_write_exception
    let journal = Journal::default();
    let (transport, _, peer) = connected_narrowly(Script::new(&journal)).await;
    transport.pause_reading();
    fill(&transport);
    let address = transport.peername().unwrap();
    reset(peer);
    let lost = journal.wait_for("lost").await;
    assert!(lost.contains(&address.to_string()), "the error names the peer: {lost}");
}

#[asyncio::test(timeout = "10s")]
async fn the_socket_is_open_during_connection_lost_and_closed_after_it_even_if_that_fails() {
    // CPython: test_selector_events.SelectorTransportTests.test__call_connection_lost
    let reports = Reports::collect();
    let journal = Journal::default();
    let was_open = Rc::new(Cell::new(false));
    let seen = was_open.clone();
    let script = Script::new(&journal).on_lost(move |transport| {
        seen.set(transport.socket().unwrap().fileno().is_some());
        Err(Error::runtime_error("not even this works"))
    });
    let (transport, _, _peer) = connected(script).await;
    transport.close();
    journal.wait_for("lost").await;
    assert!(was_open.get());
    assert_eq!(transport.socket().unwrap().fileno(), None);
    assert_eq!(
        reports.all(),
        [
            r#"protocol.connection_lost() call failed: RuntimeError: not even this works ["exception", "protocol", "transport"]"#
        ]
    );
}

struct Other;

#[asyncio::protocol]
impl Other {}

#[asyncio::test(timeout = "10s")]
async fn everything_may_be_called_from_inside_every_callback() {
    fn everything(transport: &Transport) -> Result<()> {
        transport.pause_reading();
        transport.resume_reading();
        transport.write(b"x");
        transport.writelines(["y", ""]);
        transport.set_write_buffer_limits(0, None)?;
        transport.set_write_buffer_limits(None, None)?;
        let _ = (transport.is_closing(), transport.is_reading(), transport.get_write_buffer_size());
        let _ = (transport.peername(), transport.sockname(), transport.socket(), format!("{transport:?}"));
        assert!(transport.get_protocol::<Other>().is_none());
        assert!(transport.get_extra_info("nothing").is_none());
        Ok(())
    }
    let journal = Journal::default();
    let script = Script::new(&journal)
        .on_made(everything)
        .on_data(|transport, _| everything(transport))
        .on_eof(|transport| everything(transport).map(|()| true))
        .on_pause(everything)
        .on_resume(everything)
        .on_lost(|transport| {
            everything(transport)?;
            transport.write_eof();
            transport.close();
            transport.abort();
            let tried = transport.try_write(b"z").unwrap_err();
            assert_eq!(tried.io_kind(), Some(ErrorKind::NotConnected));
            Ok(())
        });
    let (transport, _, peer) = connected(script).await;
    send(&peer, b"hello");
    journal.wait_for("data").await;
    peer.shutdown(std::net::Shutdown::Write).unwrap();
    journal.wait_for("eof").await;
    transport.close();
    journal.wait_for("lost").await;
    assert_eq!(journal.entries(), ["made", "data hello", "eof", "lost"]);
}
