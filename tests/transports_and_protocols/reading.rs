//! Receiving, pausing, resuming.

use std::cell::{Cell, RefCell};
use std::net::Shutdown;
use std::rc::Rc;

use crate::support::journal::Journal;
use crate::support::net::{client_of, connected, off_loop, running, send, settle};
use crate::support::script::Script;

#[asyncio::test(timeout = "10s")]
async fn pausing_inside_connection_made_prevents_the_first_read() {
    // CPython: test_selector_events.SelectorSocketTransportTests.test_pause_reading_connection_made
    let journal = Journal::default();
    let script = Script::new(&journal).on_made(|transport| {
        transport.pause_reading();
        Ok(())
    });
    let (transport, _, peer) = connected(script).await;
    assert!(!transport.is_reading());
    send(&peer, b"data");
    drop(peer);
    settle().await;
    assert_eq!(journal.entries(), ["made"]);
    transport.resume_reading();
    journal.wait_for("lost").await;
    assert_eq!(journal.entries(), ["made", "data data", "eof", "lost"]);
}

#[asyncio::test(timeout = "10s")]
async fn pausing_and_resuming_are_idempotent() {
    // CPython: test_selector_events.SelectorSocketTransportTests.test_pause_resume_reading
    let journal = Journal::default();
    let (transport, _, peer) = connected(Script::new(&journal)).await;
    for _ in 0..2 {
        transport.pause_reading();
        transport.pause_reading();
        assert!(!transport.is_reading());
        transport.resume_reading();
        transport.resume_reading();
        assert!(transport.is_reading());
    }
    send(&peer, b"once");
    journal.wait_for("data").await;
    transport.close();
    assert!(!transport.is_reading());
    transport.resume_reading();
    assert!(!transport.is_reading(), "a closing transport does not begin to read again");
    journal.wait_for("lost").await;
    assert_eq!(journal.entries(), ["made", "data once", "lost"]);
}

#[asyncio::test(timeout = "10s")]
async fn nothing_is_received_after_a_callback_has_paused_and_what_waited_comes_after_it_resumes() {
    let journal = Journal::default();
    let script = Script::new(&journal).on_data(|transport, _| {
        transport.pause_reading();
        Ok(())
    });
    let (transport, _, peer) = connected(script).await;
    for (number, text) in ["one", "two", "three"].into_iter().enumerate() {
        send(&peer, text.as_bytes());
        journal.until(|entries| entries.len() == number + 2).await;
        // The edge comes while reading is paused; nobody reports it again.
        send(&peer, b"-");
        settle().await;
        assert_eq!(journal.entries().len(), number + 2, "{:?}", journal.entries());
        transport.resume_reading();
        journal.until(|entries| entries.len() == number + 3).await;
        transport.resume_reading();
        if number == 0 {
            break;
        }
    }
    assert_eq!(journal.entries(), ["made", "data one", "data -"]);
}

#[asyncio::test(timeout = "10s")]
async fn nothing_is_received_after_close() {
    let journal = Journal::default();
    let script = Script::new(&journal).on_data(|transport, _| {
        transport.close();
        Ok(())
    });
    let (_transport, _, peer) = connected(script).await;
    send(&peer, b"first");
    journal.wait_for("lost").await;
    assert_eq!(journal.entries(), ["made", "data first", "lost"]);
    drop(peer);
}

#[asyncio::test(timeout = "20s")]
async fn megabytes_arrive_whole_and_in_order() {
    let journal = Journal::default();
    let received = Rc::new(RefCell::new(Vec::new()));
    let sink = received.clone();
    let script = Script::new(&journal).on_data(move |_, data| {
        assert!(!data.is_empty() && data.len() <= 256 * 1024);
        sink.borrow_mut().extend_from_slice(data);
        Ok(())
    });
    let (_transport, _, peer) = connected(script).await;
    let sent: Vec<u8> = (0..8_000_000_u32).map(|number| (number / 7) as u8).collect();
    let to_send = sent.clone();
    off_loop(move || send(&peer, &to_send)).await;
    journal.wait_for("lost").await;
    assert!(*received.borrow() == sent);
}

#[asyncio::test(timeout = "20s")]
async fn a_connection_that_never_stops_sending_leaves_the_others_their_turn() {
    let journal = Journal::default();
    let flood = Rc::new(Cell::new(0));
    let counted = flood.clone();
    let server = running()
        .create_server(
            {
                let journal = journal.clone();
                move || {
                    let (counted, journal) = (counted.clone(), journal.clone());
                    Script::new(&Journal::default()).on_data(move |_, data| {
                        match data {
                            b"quiet" => journal.note("the quiet one"),
                            _ => counted.set(counted.get() + data.len()),
                        }
                        Ok(())
                    })
                }
            },
            "127.0.0.1",
            0,
        )
        .await
        .unwrap();
    let loud = client_of(&server);
    let ender = loud.try_clone().unwrap();
    let thread = std::thread::spawn(move || {
        let mut loud = loud;
        let block = vec![b'x'; 1 << 20];
        while std::io::Write::write_all(&mut loud, &block).is_ok() {}
    });
    while flood.get() < 4 << 20 {
        settle().await;
    }
    let quiet = client_of(&server);
    send(&quiet, b"quiet");
    journal.wait_for("the quiet one").await;
    // Its writer fails, and ends.
    ender.shutdown(Shutdown::Both).unwrap();
    server.close();
    server.abort_clients();
    server.wait_closed().await.unwrap();
    thread.join().unwrap();
}

#[asyncio::test(timeout = "10s")]
async fn urgent_data_does_not_stop_the_stream() {
    let journal = Journal::default();
    let received = Rc::new(RefCell::new(Vec::new()));
    let sink = received.clone();
    let script = Script::new(&journal).on_data(move |_, data| {
        sink.borrow_mut().extend_from_slice(data);
        Ok(())
    });
    let (transport, _, peer) = connected(script).await;
    transport.pause_reading();
    send(&peer, b"before");
    socket2::SockRef::from(&peer).send_out_of_band(b"!").unwrap();
    send(&peer, b"after");
    settle().await;
    transport.resume_reading();
    while received.borrow().len() < b"beforeafter".len() {
        settle().await;
    }
    assert_eq!(*received.borrow(), b"beforeafter", "the urgent byte itself is out of band");
    drop(peer);
    journal.wait_for("lost").await;
}
