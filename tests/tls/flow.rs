//! Flow control in both directions, and large amounts.

use asyncio::Transport;

use super::certificates::{Authority, pair, trusting};
use super::peers::{accept, client, echo_server, listener, read, server_config, write};
use crate::support::journal::Journal;
use crate::support::net::{clog, off_loop, running, settle};
use crate::support::script::Script;

#[asyncio::test(timeout = "20s")]
async fn large_amounts_arrive_as_they_were_sent() {
    // CPython: test_ssl.TestSSL.test_create_server_ssl_1, test_create_connection_ssl_1
    const LENGTH: usize = 5_000_017;
    let (client_context, server_context) = pair();
    let received = Journal::default();
    let server = echo_server(&Journal::default(), &server_context).await;
    let expected: Vec<u8> = (0..LENGTH).map(|index| (index % 251) as u8).collect();
    let (mut so_far, noted, wanted) = (0, received.clone(), expected.clone());
    let script = Script::new(&Journal::default()).on_data(move |_, data| {
        assert_eq!(data, &wanted[so_far..so_far + data.len()]);
        so_far += data.len();
        if so_far == LENGTH {
            noted.note("all");
        }
        Ok(())
    });
    let (transport, _) = client(script, &server, &client_context).await.unwrap();
    transport.set_write_hard_limit(usize::MAX);
    transport.write(&expected[..1_000_000]);
    let pieces: Vec<&[u8]> = expected[1_000_000..].chunks(777).collect();
    transport.writelines(pieces);
    received.wait_for("all").await;
    transport.abort();
}

/// A client of the loop's and a blocking server.
async fn with_server<T: Clone + Send + 'static>(
    script: Script,
    does: impl FnOnce(super::peers::ServerPeer) -> T + Send + 'static,
) -> (Transport, asyncio::Task<T>) {
    let authority = Authority::new("tests");
    let config = server_config(&authority.issue(&["127.0.0.1"]));
    let context = trusting(&authority).build().unwrap();
    let (listener, port) = listener();
    let peer = asyncio::create_task(async move {
        Ok::<_, asyncio::Error>(off_loop(move || does(accept(&listener, &config))).await)
    });
    let connecting = running().create_connection(move || script, "127.0.0.1", port).ssl(&context);
    (connecting.await.unwrap().0, peer)
}

#[asyncio::test(timeout = "10s")]
async fn a_writer_is_paused_by_the_ciphertext_that_waits_and_resumed_when_it_is_gone() {
    const LENGTH: usize = 16 << 20;
    let journal = Journal::default();
    let (go, wait) = std::sync::mpsc::channel();
    let (transport, peer) = with_server(Script::new(&journal), move |mut peer| {
        wait.recv().unwrap();
        read(&mut peer, LENGTH).len()
    })
    .await;
    assert_eq!(transport.get_write_buffer_limits(), (128 << 10, 512 << 10));
    transport.set_write_buffer_limits(400_000, 100_000).unwrap();
    assert_eq!(transport.get_write_buffer_limits(), (100_000, 400_000));
    transport.write(&vec![0; LENGTH]);
    assert_eq!(journal.entries(), ["made", "pause"]);
    assert!(transport.get_write_buffer_size() > 400_000);
    go.send(()).unwrap();
    assert_eq!(peer.await.unwrap(), LENGTH);
    journal.wait_for("resume").await;
    assert_eq!(transport.get_write_buffer_size(), 0);
}

#[asyncio::test(timeout = "10s")]
async fn who_writes_in_a_loop_waits_for_room() {
    const PIECE: usize = 100_000;
    let (go, wait) = std::sync::mpsc::channel();
    let (transport, peer) = with_server(Script::new(&Journal::default()), move |mut peer| {
        wait.recv().unwrap();
        read(&mut peer, 200 * PIECE).len()
    })
    .await;
    let writer = asyncio::create_task({
        let transport = transport.clone();
        async move {
            for _ in 0..200 {
                transport.write(&[0; PIECE]);
                transport.drain().await?;
            }
            Ok::<_, asyncio::Error>(())
        }
    });
    let (_, high) = transport.get_write_buffer_limits();
    while transport.get_write_buffer_size() <= high {
        settle().await;
    }
    settle().await;
    assert!(!writer.done() && transport.get_write_buffer_size() <= high + 2 * PIECE);
    go.send(()).unwrap();
    writer.await.unwrap();
    assert_eq!(peer.await.unwrap(), 200 * PIECE);
    transport.abort();
    assert!(transport.drain().await.unwrap_err().to_string().contains("closing or closed"));
}

#[asyncio::test(timeout = "10s")]
async fn who_waits_for_room_hears_at_once_that_somebody_else_has_closed_the_connection() {
    let (go, wait) = std::sync::mpsc::channel::<()>();
    let (transport, peer) = with_server(Script::new(&Journal::default()), move |peer| {
        let _ = wait.recv();
        drop(peer);
    })
    .await;
    clog(&transport);
    let waiting: Vec<_> = (0..2).map(|_| asyncio::create_task(transport.drain())).collect();
    settle().await;
    assert!(waiting.iter().all(|task| !task.done()));
    transport.close();
    for task in waiting {
        let error = task.await.unwrap_err();
        assert!(error.to_string().contains("closing or closed"), "{error}");
    }
    transport.abort();
    drop(go);
    peer.await.unwrap();
}

#[asyncio::test(timeout = "10s")]
async fn try_write_takes_what_the_system_takes_and_pauses_the_writer() {
    let journal = Journal::default();
    let (go, wait) = std::sync::mpsc::channel::<usize>();
    let (transport, peer) = with_server(Script::new(&journal), move |mut peer| {
        let length = wait.recv().unwrap();
        read(&mut peer, length).len()
    })
    .await;
    let mut taken = 0;
    while journal.count("pause") == 0 {
        taken += transport.try_write(&[7; 100_000]).unwrap();
    }
    assert!(taken > 0 && transport.get_write_buffer_size() < 40 << 10, "only a record's rest is kept");
    assert_eq!(transport.try_write(&[7; 10]).unwrap(), 0);
    go.send(taken).unwrap();
    assert_eq!(peer.await.unwrap(), taken);
    journal.wait_for("resume").await;
}

#[asyncio::test(timeout = "10s")]
async fn nothing_is_received_while_reading_is_paused_and_nothing_is_lost() {
    let journal = Journal::default();
    let script = Script::new(&journal).on_made(|transport| {
        transport.pause_reading();
        Ok(())
    });
    let (transport, peer) = with_server(script, |mut peer| {
        write(&mut peer, b"first");
        peer.conn.send_close_notify();
        peer.conn.complete_io(&mut peer.sock).unwrap();
        std::io::Read::read(&mut peer, &mut [0; 8]).unwrap()
    })
    .await;
    assert!(!transport.is_reading());
    settle().await;
    assert_eq!(journal.entries(), ["made"]);
    transport.resume_reading();
    assert!(transport.is_reading());
    journal.wait_for("lost").await;
    assert_eq!(journal.entries(), ["made", "data first", "eof", "lost"]);
    assert_eq!(peer.await.unwrap(), 0);
}

#[asyncio::test(timeout = "10s")]
async fn write_eof_is_refused_with_a_word_on_what_to_do() {
    let (client_context, server_context) = pair();
    let reports = crate::support::reports::Reports::here();
    let journal = Journal::default();
    let server = echo_server(&Journal::default(), &server_context).await;
    let (transport, _) = client(Script::new(&journal), &server, &client_context).await.unwrap();
    transport.write_eof();
    assert!(matches!(reports.one().exception, Some(asyncio::Error::NotImplementedError(_))));
    transport.write(b"still open");
    journal.wait_for("data still open").await;
}
