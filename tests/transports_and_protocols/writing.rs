//! Sending: at once, later, in pieces, too much, too late.

use std::io::Read;
use std::os::unix::net::UnixStream;

use crate::support::journal::Journal;
use crate::support::net::{
    Reports, connected, connected_narrowly, fill, off_loop, read_all, read_exactly, reset, running, send,
};
use crate::support::script::Script;

#[asyncio::test(timeout = "10s")]
async fn a_write_is_sent_before_it_returns_if_the_system_takes_it() {
    // CPython: test_selector_events.SelectorSocketTransportTests.test_write
    let (transport, _, peer) = connected(Script::new(&Journal::default())).await;
    transport.write(b"at once");
    assert_eq!(transport.get_write_buffer_size(), 0);
    peer.set_nonblocking(true).unwrap();
    let mut received = [0; 20];
    let length = peer.peek(&mut received).unwrap();
    assert_eq!(&received[..length], b"at once");
}

#[asyncio::test(timeout = "10s")]
async fn what_the_system_does_not_take_is_kept_and_sent_later_in_order() {
    // CPython: test_selector_events.SelectorSocketTransportTests.test_write_partial, test_write_ready
    let journal = Journal::default();
    let (transport, _, peer) = connected_narrowly(Script::new(&journal)).await;
    let mut sent = vec![b'x'; fill(&transport)];
    for number in 0..200_u32 {
        let piece = number.to_string().repeat(1000);
        transport.write(piece.as_bytes());
        sent.extend_from_slice(piece.as_bytes());
    }
    assert!(transport.get_write_buffer_size() > 0);
    transport.close();
    assert!(read_all(peer).await == sent);
    journal.wait_for("lost").await;
    assert_eq!(transport.get_write_buffer_size(), 0);
}

#[asyncio::test(timeout = "20s")]
async fn ten_thousand_small_writes_to_a_slow_peer_arrive_in_order() {
    let (transport, _, peer) = connected_narrowly(Script::new(&Journal::default())).await;
    let mut sent = vec![b'x'; fill(&transport)];
    for number in 0..10_000_u32 {
        transport.write(&number.to_be_bytes());
        sent.extend_from_slice(&number.to_be_bytes());
    }
    transport.write_eof();
    assert!(read_all(peer).await == sent);
}

#[asyncio::test(timeout = "10s")]
async fn writing_nothing_does_nothing() {
    let (transport, _, peer) = connected(Script::new(&Journal::default())).await;
    transport.write(b"");
    transport.writelines::<[&[u8]; 0]>([]);
    transport.writelines(["", ""]);
    assert_eq!(transport.try_write(b"").unwrap(), 0);
    transport.write_eof();
    assert_eq!(read_all(peer).await, b"");
}

#[asyncio::test(timeout = "10s")]
async fn writelines_sends_all_pieces_and_skips_empty_ones() {
    // CPython: test_selector_events.SelectorSocketTransportTests.test_writelines_send_full
    // An empty piece hung CPython 3.13.0 (gh-155888).
    let (transport, _, peer) = connected(Script::new(&Journal::default())).await;
    transport.writelines(["one,", "", "two,"]);
    transport.writelines(vec![b"three,".to_vec(), Vec::new()]);
    transport.writelines((0..500).map(|number| format!("{number},")));
    transport.close();
    let expected: String = (0..500).map(|number| format!("{number},")).collect();
    assert_eq!(String::from_utf8(read_all(peer).await).unwrap(), format!("one,two,three,{expected}"));
}

#[asyncio::test(timeout = "10s")]
async fn writelines_obeys_flow_control_and_keeps_the_order() {
    // CPython: test_selector_events.SelectorSocketTransportTests.test_writelines_pauses_protocol
    // CPython 3.13.0 forgot to pause (CVE-2024-12254).
    let journal = Journal::default();
    let (transport, _, peer) = connected_narrowly(Script::new(&journal)).await;
    transport.set_write_buffer_limits(1024, None).unwrap();
    let pieces: Vec<Vec<u8>> = (0..300_u32).map(|number| vec![number as u8; 1000]).collect();
    transport.writelines(&pieces);
    assert_eq!(journal.entries(), ["made", "pause"]);
    transport.writelines(&pieces);
    transport.close();
    let received = read_all(peer).await;
    assert!(received == [pieces.concat(), pieces.concat()].concat());
    journal.wait_for("lost").await;
    assert_eq!(journal.entries(), ["made", "pause", "resume", "lost"]);
}

#[asyncio::test(timeout = "10s")]
async fn writes_after_the_end_are_dropped() {
    // CPython: test_selector_events.SelectorSocketTransportTests.test_write_after_close; gh-136234 for writelines
    let journal = Journal::default();
    let (transport, _, peer) = connected(Script::new(&journal)).await;
    transport.abort();
    for _ in 0..10 {
        transport.write(b"dropped");
        transport.writelines(["dropped"]);
    }
    assert_eq!(transport.get_write_buffer_size(), 0);
    journal.wait_for("lost").await;
    transport.write(b"dropped");
    assert_eq!(read_all(peer).await, b"");
}

#[asyncio::test(timeout = "10s")]
async fn writing_after_write_eof_is_reported_and_dropped() {
    // CPython: test_selector_events.SelectorSocketTransportTests.test_write_eof, and the documentation of write()
    let reports = Reports::collect();
    let (transport, _, peer) = connected(Script::new(&Journal::default())).await;
    transport.write(b"all");
    transport.write_eof();
    transport.write(b"more");
    transport.writelines(["more"]);
    let tried = transport.try_write(b"more").unwrap_err();
    assert!(tried.to_string().starts_with("RuntimeError: try_write() was called after write_eof()"), "{tried}");
    let reported = reports.all();
    assert_eq!(reported.len(), 2);
    assert!(reported[0].contains("after write_eof()"), "{}", reported[0]);
    assert!(reported[0].ends_with(r#"["exception", "protocol", "transport"]"#), "{}", reported[0]);
    assert_eq!(read_all(peer).await, b"all");
}

#[asyncio::test(timeout = "10s")]
async fn try_write_says_how_much_was_taken_and_resume_writing_when_to_go_on() {
    let journal = Journal::default();
    let (transport, _, peer) = connected_narrowly(Script::new(&journal)).await;
    let data = vec![b'x'; 3_000_000];
    let mut taken = transport.try_write(&data).unwrap();
    assert!(taken > 0 && taken < data.len());
    assert_eq!(transport.get_write_buffer_size(), 0, "nothing is kept");
    assert_eq!(journal.entries(), ["made", "pause"]);
    let reader = peer.try_clone().unwrap();
    let received = asyncio::create_task(async move { Ok::<_, asyncio::Error>(read_all(reader).await) });
    while taken < data.len() {
        journal.until(|entries| entries.last().is_some_and(|last| last == "resume")).await;
        taken += transport.try_write(&data[taken..]).unwrap();
    }
    transport.close();
    assert!(received.await.unwrap() == data);
}

#[asyncio::test(timeout = "10s")]
async fn try_write_overtakes_nothing_that_waits() {
    let (near, mut far) = UnixStream::pair().unwrap();
    let script = Script::new(&Journal::default());
    let (transport, _) = running().create_unix_connection_with_sock(move || script, near).await.unwrap();
    let filled = fill(&transport) - transport.get_write_buffer_size();
    // The system has room again, and the loop has not heard of it.
    far.read_exact(&mut vec![0; filled]).unwrap();
    assert_eq!(transport.try_write(b"later").unwrap(), 0);
    transport.abort();
}

#[asyncio::test(timeout = "20s")]
async fn a_peer_that_does_not_read_costs_at_most_the_hard_limit() {
    let reports = Reports::collect();
    let journal = Journal::default();
    let (transport, _, peer) = connected(Script::new(&journal)).await;
    let block = vec![0; 1 << 20];
    let mut most = 0;
    while !transport.is_closing() {
        transport.write(&block);
        most = most.max(transport.get_write_buffer_size());
    }
    assert!(most > 62 << 20 && most <= 64 << 20, "{most}");
    assert_eq!(transport.get_write_buffer_size(), 0, "the memory is given back");
    let lost = journal.wait_for("lost").await;
    let name = format!("the peer {} does not read", peer.local_addr().unwrap());
    assert!(lost.contains(&name), "{lost}");
    assert_eq!(journal.entries(), ["made".to_owned(), "pause".to_owned(), lost]);
    assert_eq!(reports.all().len(), 1);
}

#[asyncio::test(timeout = "10s")]
async fn the_hard_limit_can_be_set() {
    let _reports = Reports::collect();
    let journal = Journal::default();
    let (transport, _, _peer) = connected_narrowly(Script::new(&journal)).await;
    transport.set_write_hard_limit(100_000);
    fill(&transport);
    transport.write(&[0; 90_000]);
    assert!(!transport.is_closing());
    transport.write(&[0; 90_000]);
    assert!(transport.is_closing());
    assert!(journal.wait_for("lost").await.contains("100000 bytes"));
}

#[asyncio::test(timeout = "10s")]
async fn the_hard_limit_may_be_reached_and_still_counts_when_all_has_left() {
    let _reports = Reports::collect();
    let (transport, _, peer) = connected_narrowly(Script::new(&Journal::default())).await;
    transport.set_write_hard_limit(100_000);
    let filled = fill(&transport);
    let room = 100_000 - transport.get_write_buffer_size();
    transport.write(&vec![b'x'; room]);
    assert_eq!((transport.is_closing(), transport.get_write_buffer_size()), (false, 100_000));
    read_exactly(&peer, filled + room).await;
    assert_eq!(transport.get_write_buffer_size(), 0);
    fill(&transport);
    let room = 100_000 - transport.get_write_buffer_size();
    transport.write(&vec![b'x'; room]);
    assert!(!transport.is_closing());
    transport.set_write_hard_limit(64 << 20);
    transport.write(b"x");
    assert!(!transport.is_closing(), "the usual limit again");
    transport.set_write_hard_limit(100_001);
    transport.write(b"x");
    assert!(transport.is_closing());
}

#[asyncio::test(timeout = "10s")]
async fn a_try_write_that_fails_ends_the_connection_at_once() {
    let journal = Journal::default();
    let (transport, _, peer) = connected(Script::new(&journal)).await;
    let address = peer.local_addr().unwrap().to_string();
    reset(peer);
    // The loop has not heard of it yet.
    let error = transport.try_write(b"nobody is there").unwrap_err();
    assert!(error.to_string().contains(&address), "{error}");
    assert!(transport.is_closing());
    journal.wait_for("lost").await;
    assert_eq!(journal.entries(), ["made".to_owned(), format!("lost {error}")]);
}

#[asyncio::test(timeout = "10s")]
async fn a_peer_that_never_reads_holds_up_nobody_else() {
    let stuck = Journal::default();
    let (full, _, _deaf) = connected_narrowly(Script::new(&stuck)).await;
    full.write(&[0; 1 << 20]);
    let journal = Journal::default();
    let script = Script::new(&journal).on_data(|transport, data| {
        transport.write(data);
        Ok(())
    });
    let (_transport, _, peer) = connected(script).await;
    for _ in 0..100 {
        send(&peer, b"echo");
        assert_eq!(read_exactly(&peer, 4).await, b"echo");
    }
    assert_eq!(stuck.entries(), ["made", "pause"]);
    full.abort();
    stuck.wait_for("lost").await;
}

#[asyncio::test(timeout = "10s")]
async fn an_echo_returns_what_it_got_even_if_the_peer_reads_late() {
    let journal = Journal::default();
    let script = Script::new(&journal)
        .on_data(|transport, data| {
            transport.write(data);
            Ok(())
        })
        .on_pause(|transport| {
            transport.pause_reading();
            Ok(())
        })
        .on_resume(|transport| {
            transport.resume_reading();
            Ok(())
        });
    let (_transport, _, peer) = connected_narrowly(script).await;
    let sent: Vec<u8> = (0..2_000_000_u32).map(|number| (number / 3) as u8).collect();
    let (writer, to_send) = (peer.try_clone().unwrap(), sent.clone());
    let writing = asyncio::create_task(off_loop(move || {
        send(&writer, &to_send);
        writer.shutdown(std::net::Shutdown::Write).unwrap();
    }));
    journal.wait_for("pause").await;
    assert!(read_all(peer).await == sent);
    writing.await.unwrap();
}
