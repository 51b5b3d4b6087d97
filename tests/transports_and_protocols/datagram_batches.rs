//! Datagrams in batches: when they leave, in which order, and what becomes of the errors of single ones.

use std::net::UdpSocket;
use std::rc::Rc;
use std::time::Duration;

use asyncio::{EventLoop, Result};

use crate::support::datagrams::{Receiver, arrived, bound_to, connected_to, drain, fill, narrow, nobody, plain};
use crate::support::journal::Journal;
use crate::support::net::{running, settle};

static TOO_LONG: [u8; 70_000] = [0; 70_000];

/// What a plain socket has received by now, without waiting.
fn present(socket: &UdpSocket) -> Vec<String> {
    socket.set_nonblocking(true).unwrap();
    let mut buffer = [0; 70_000];
    let received = std::iter::from_fn(|| {
        socket.recv(&mut buffer).ok().map(|length| String::from_utf8_lossy(&buffer[..length]).into_owned())
    });
    received.collect()
}

fn errors(journal: &Journal) -> usize {
    journal.entries().iter().filter(|entry| entry.starts_with("error")).count()
}

fn numbers(count: usize) -> Vec<String> {
    (0..count).map(|number| number.to_string()).collect()
}

#[asyncio::test(timeout = "10s")]
async fn a_datagram_leaves_at_once_and_others_with_the_batch_in_which_they_were_sent() {
    let (transport, _) = bound_to("127.0.0.1", Receiver::new(&Journal::default())).await;
    let peer = Rc::new(plain("127.0.0.1"));
    let (address, journal) = (peer.local_addr().unwrap(), Journal::default());
    let (seen, sending) = (journal.clone(), transport.clone());
    running()
        .call_soon(move || {
            for number in numbers(3) {
                sending.sendto(number.as_bytes(), address).unwrap();
            }
            seen.note(format!("in the callback: {:?}", present(&peer)));
            // It runs in the next batch, and the loop does not sleep before.
            running().call_soon(move || seen.note(format!("in the next batch: {:?}", present(&peer)))).unwrap();
        })
        .unwrap();
    journal.until(|entries| entries.len() == 2).await;
    assert_eq!(journal.entries(), [r#"in the callback: ["0"]"#, r#"in the next batch: ["1", "2"]"#]);
    transport.close();
}

#[test]
fn a_loop_that_stops_holds_nothing_back() -> Result<()> {
    let event_loop = EventLoop::new()?;
    let peer = plain("127.0.0.1");
    let address = peer.local_addr().unwrap();
    let transport = event_loop.run_until_complete(async move {
        let (transport, _) = bound_to("127.0.0.1", Receiver::new(&Journal::default())).await;
        for number in numbers(5) {
            transport.sendto(number.as_bytes(), address).unwrap();
        }
        Ok::<_, asyncio::Error>(transport)
    })?;
    assert_eq!(present(&peer), numbers(5));
    for number in numbers(5) {
        transport.sendto(number.as_bytes(), address)?;
        assert_eq!(present(&peer), [number], "outside of the loop each leaves at once");
    }
    event_loop.close()
}

#[asyncio::test(timeout = "10s")]
async fn many_or_long_ones_leave_before_the_batch_has_run() {
    let (transport, _) = bound_to("127.0.0.1", Receiver::new(&Journal::default())).await;
    let peer = plain("127.0.0.1");
    let address = peer.local_addr().unwrap();
    let sends = |count: usize, length: usize| {
        (0..count).for_each(|_| transport.sendto(&vec![b'x'; length], address).unwrap());
        present(&peer).len()
    };
    asyncio::sleep(Duration::ZERO).await;
    assert_eq!(sends(1, 1), 1, "the first");
    assert_eq!((sends(63, 1), sends(1, 1)), (0, 64), "as many as fit into a batch");
    assert_eq!((sends(63, 1), sends(1, 2)), (0, 64), "of whatever length");
    assert_eq!((sends(7, 8000), sends(1, 8000)), (0, 8), "sixty thousand bytes");
    assert_eq!((sends(1, 1), sends(1, 8193)), (0, 2), "a long one leaves by itself, after what was sent before");
    transport.close();
}

#[asyncio::test(timeout = "10s")]
async fn the_answer_to_a_single_datagram_leaves_at_once() {
    let (peer, journal) = (Rc::new(plain("127.0.0.1")), Journal::default());
    let (receiving, noted) = (peer.clone(), journal.clone());
    let answering = Receiver::new(&Journal::default()).on_datagram(move |transport, data, addr| {
        transport.sendto(data, addr)?;
        noted.note(format!("{:?}", present(&receiving)));
        Ok(())
    });
    let (transport, _) = bound_to("127.0.0.1", answering).await;
    peer.send_to(b"question", transport.sockname().unwrap()).unwrap();
    assert_eq!(journal.wait_for("").await, r#"["question"]"#);
    transport.close();
}

#[asyncio::test(timeout = "10s")]
async fn what_was_only_gathered_pauses_nobody() {
    let journal = Journal::default();
    let (transport, _) = bound_to("127.0.0.1", Receiver::new(&journal)).await;
    let peer = plain("127.0.0.1");
    for number in numbers(3) {
        transport.sendto(number.as_bytes(), peer.local_addr().unwrap()).unwrap();
    }
    transport.set_write_buffer_limits(0, None).unwrap();
    assert_eq!(present(&peer), numbers(3));
    assert_eq!(journal.entries(), ["made"]);
    transport.close();
}

#[asyncio::test(timeout = "10s")]
async fn many_datagrams_to_many_places_keep_their_order() {
    let (transport, _) = bound_to("127.0.0.1", Receiver::new(&Journal::default())).await;
    let peers = [plain("127.0.0.1"), plain("127.0.0.1")];
    for number in numbers(200) {
        for peer in &peers {
            transport.sendto(number.as_bytes(), peer.local_addr().unwrap()).unwrap();
        }
    }
    assert_eq!(transport.get_write_buffer_size(), 0, "asking sends what was gathered");
    for peer in &peers {
        assert_eq!(present(peer), numbers(200));
    }
    transport.close();
}

#[asyncio::test(timeout = "10s")]
async fn long_and_short_ones_keep_their_order() {
    let (transport, _) = bound_to("127.0.0.1", Receiver::new(&Journal::default())).await;
    let peer = plain("127.0.0.1");
    let lengths = [1, 1, 30_000, 1, 0, 1400, 1400, 200, 9_000, 1];
    for length in lengths {
        transport.sendto(&vec![b'x'; length], peer.local_addr().unwrap()).unwrap();
    }
    for length in lengths {
        assert_eq!(arrived(&peer).await.0.len(), length);
    }
    transport.close();
}

#[asyncio::test(timeout = "10s")]
async fn a_failed_datagram_takes_no_other_with_it() {
    let journal = Journal::default();
    let (transport, _) = bound_to("127.0.0.1", Receiver::new(&journal)).await;
    let peer = plain("127.0.0.1");
    let address = peer.local_addr().unwrap();
    let other_family = "[::1]:9".parse::<std::net::SocketAddr>().unwrap();
    for number in numbers(9) {
        transport.sendto(number.as_bytes(), address).unwrap();
        transport.sendto(b"to nowhere", other_family).unwrap();
    }
    transport.sendto(&TOO_LONG, address).unwrap();
    asyncio::sleep(std::time::Duration::ZERO).await;
    assert_eq!(present(&peer), numbers(9));
    assert_eq!(errors(&journal), 10, "{:?}", journal.entries());
    assert!(!transport.is_closing());
    transport.close();
}

#[asyncio::test(timeout = "10s")]
async fn a_refused_datagram_takes_no_other_with_it() {
    let journal = Journal::default();
    let address = nobody();
    let (transport, _) = connected_to(address, Receiver::new(&journal)).await;
    transport.sendto(b"anybody?", None).unwrap();
    // The refusal is there, and the next call of the system's tells it.
    let late = UdpSocket::bind(address).unwrap();
    for number in numbers(9) {
        transport.sendto(number.as_bytes(), None).unwrap();
    }
    asyncio::sleep(std::time::Duration::ZERO).await;
    assert_eq!(present(&late), numbers(9)[1..], "the error came instead of the first");
    assert_eq!(errors(&journal), 1, "{:?}", journal.entries());
    transport.close();
}

#[asyncio::test(timeout = "10s")]
async fn ends_of_all_kinds_let_what_was_sent_leave_before() {
    for aborting in [false, true] {
        let (transport, _) = bound_to("127.0.0.1", Receiver::new(&Journal::default())).await;
        let peer = plain("127.0.0.1");
        for number in numbers(9) {
            transport.sendto(number.as_bytes(), peer.local_addr().unwrap()).unwrap();
        }
        if aborting {
            transport.abort()
        } else {
            transport.close()
        }
        assert_eq!(present(&peer), numbers(9));
    }
}

#[asyncio::test(timeout = "10s")]
async fn what_the_system_refuses_of_a_batch_waits_within_the_limits() {
    let journal = Journal::default();
    let ((transport, _), peer) = narrow(Receiver::new(&journal)).await;
    let room = fill(&transport) - 1;
    drain(&peer);
    while transport.get_write_buffer_size() > 0 {
        settle().await;
    }
    drain(&peer);
    transport.set_write_hard_limit(100);
    transport.set_write_buffer_limits(50, 10).unwrap();
    for number in 0..room + 40 {
        transport.sendto(format!("{number:04}").as_bytes(), None).unwrap();
    }
    asyncio::sleep(std::time::Duration::ZERO).await;
    assert_eq!(transport.get_write_buffer_size(), 96, "eight of them");
    assert_eq!((transport.dropped_datagrams(), errors(&journal), journal.count("pause")), (32, 32, 1));
    let mut received = drain(&peer);
    while transport.get_write_buffer_size() > 0 {
        settle().await;
        received.extend(drain(&peer));
    }
    received.extend(drain(&peer));
    let expected: Vec<String> = (0..room + 8).map(|number| format!("{number:04}")).collect();
    assert_eq!(received, expected, "the newest were dropped");
    assert_eq!(journal.count("resume"), 1);
    transport.close();
}

#[asyncio::test(timeout = "10s")]
async fn a_burst_is_answered_in_order() {
    let echo = Receiver::new(&Journal::default()).on_datagram(|transport, data, addr| {
        transport.sendto(data, addr)?;
        transport.sendto(data, addr)
    });
    let (transport, _) = bound_to("127.0.0.1", echo).await;
    let peer = plain("127.0.0.1");
    for number in numbers(100) {
        peer.send_to(number.as_bytes(), transport.sockname().unwrap()).unwrap();
    }
    let mut answers = Vec::new();
    while answers.len() < 200 {
        settle().await;
        answers.extend(present(&peer));
    }
    let expected: Vec<String> = numbers(100).into_iter().flat_map(|number| [number.clone(), number]).collect();
    assert_eq!(answers, expected);
    transport.close();
}

#[asyncio::test(timeout = "20s")]
async fn a_stream_without_a_pause_is_answered_in_order_and_leaves_the_others_their_turn() {
    const ALL: usize = 2000;
    let (peer, answers) = (Rc::new(plain("127.0.0.1")), Journal::default());
    let (sender, seen, mut sent) = (peer.clone(), answers.clone(), 4);
    let echo = Receiver::new(&Journal::default()).on_datagram(move |transport, data, addr| {
        // For each that was received another one is there, so the socket is never found empty.
        if sent < ALL {
            sender.send_to(sent.to_string().as_bytes(), transport.sockname().unwrap())?;
            sent += 1;
        }
        present(&sender).into_iter().for_each(|answer| seen.note(answer));
        transport.sendto(data, addr)
    });
    let (transport, _) = bound_to("127.0.0.1", echo).await;
    for number in numbers(4) {
        peer.send_to(number.as_bytes(), transport.sockname().unwrap()).unwrap();
    }
    let mut turns = 0;
    while answers.entries().len() < ALL {
        asyncio::sleep(Duration::ZERO).await;
        turns += 1;
        present(&peer).into_iter().for_each(|answer| answers.note(answer));
    }
    assert_eq!(answers.entries(), numbers(ALL));
    assert!(turns > ALL / 100, "{turns} turns in {ALL} datagrams");
    transport.close();
}

#[asyncio::test(timeout = "10s")]
async fn pausing_in_the_middle_of_a_burst_keeps_the_rest_in_order() {
    let journal = Journal::default();
    let pausing = Receiver::new(&journal).on_datagram(|transport, data, _| {
        if data.ends_with(b"3") {
            transport.pause_reading();
        }
        Ok(())
    });
    let (transport, _) = bound_to("127.0.0.1", pausing).await;
    let peer = plain("127.0.0.1");
    for number in numbers(40) {
        peer.send_to(number.as_bytes(), transport.sockname().unwrap()).unwrap();
    }
    for last in ["3", "13", "23", "33"] {
        journal.wait_for(&format!("datagram {last}")).await;
        settle().await;
        assert_eq!(journal.entries().last().unwrap(), &format!("datagram {last}"));
        transport.resume_reading();
    }
    journal.wait_for("datagram 39").await;
    let expected: Vec<String> = numbers(40).iter().map(|number| format!("datagram {number}")).collect();
    assert_eq!(journal.entries()[1..], expected);
    transport.close();
}

#[asyncio::test(timeout = "10s")]
async fn closing_in_the_middle_of_a_burst_is_the_end_of_it() {
    let journal = Journal::default();
    let closing = Receiver::new(&journal).on_datagram(|transport, data, addr| {
        transport.sendto(data, addr)?;
        if data == b"3" {
            transport.close();
        }
        Ok(())
    });
    let (transport, _) = bound_to("127.0.0.1", closing).await;
    let peer = plain("127.0.0.1");
    for number in numbers(10) {
        peer.send_to(number.as_bytes(), transport.sockname().unwrap()).unwrap();
    }
    journal.wait_for("lost").await;
    let expected = ["made", "datagram 0", "datagram 1", "datagram 2", "datagram 3", "lost"];
    assert_eq!(journal.entries(), expected);
    assert_eq!(present(&peer), numbers(4));
    assert!(transport.is_closing());
}

#[asyncio::test(timeout = "10s")]
async fn endpoints_that_send_to_each_other_keep_their_datagrams_apart() {
    let journal = Journal::default();
    let (receiver, _) = bound_to("127.0.0.1", Receiver::new(&journal)).await;
    let (sender, _) = connected_to(receiver.sockname().unwrap(), Receiver::new(&Journal::default())).await;
    let lengths = [64, 64, 64, 10, 64, 64, 0, 64];
    for length in lengths {
        sender.sendto("x".repeat(length).as_bytes(), None).unwrap();
    }
    journal.until(|entries| entries.len() > lengths.len()).await;
    let expected: Vec<String> = lengths.iter().map(|length| format!("datagram {}", "x".repeat(*length))).collect();
    assert_eq!(journal.entries()[1..], expected, "what the system merges is handed out one by one");
    sender.close();
    receiver.close();
}

#[asyncio::test(timeout = "10s")]
async fn what_is_sent_after_something_came_in_leaves_with_its_own_batch() {
    for count in [1, 3] {
        let journal = Journal::default();
        let (transport, _) = bound_to("127.0.0.1", Receiver::new(&journal)).await;
        let peer = plain("127.0.0.1");
        for _ in 0..count {
            peer.send_to(b"x", transport.sockname().unwrap()).unwrap();
        }
        journal.until(|entries| entries.len() == 1 + count).await;
        for number in numbers(5) {
            transport.sendto(number.as_bytes(), peer.local_addr().unwrap()).unwrap();
        }
        asyncio::sleep(Duration::ZERO).await;
        assert_eq!(present(&peer), numbers(5));
        transport.close();
    }
}

#[asyncio::test(timeout = "10s")]
async fn an_error_that_is_answered_while_the_endpoint_closes_holds_up_no_end() {
    let peer = plain("127.0.0.1");
    let (address, journal) = (peer.local_addr().unwrap(), Journal::default());
    let answering = Receiver::new(&journal).on_error(move |transport| transport.sendto(b"answer", address));
    let (transport, _) = bound_to("127.0.0.1", answering).await;
    transport.sendto(b"at once", address).unwrap();
    transport.sendto(b"to nowhere", "[::1]:9".parse::<std::net::SocketAddr>().unwrap()).unwrap();
    // What was gathered leaves before, and fails.
    transport.close();
    assert_eq!(errors(&journal), 1);
    journal.wait_for("lost").await;
    assert_eq!(present(&peer), ["at once", "answer"]);
}

#[asyncio::test(timeout = "10s")]
async fn what_answers_an_error_leaves_after_the_batch_that_had_it() {
    let peer = plain("127.0.0.1");
    let address = peer.local_addr().unwrap();
    let answering = Receiver::new(&Journal::default()).on_error(move |transport| transport.sendto(b"answer", address));
    let (transport, _) = bound_to("127.0.0.1", answering).await;
    transport.sendto(b"first", address).unwrap();
    transport.sendto(b"to nowhere", "[::1]:9".parse::<std::net::SocketAddr>().unwrap()).unwrap();
    transport.sendto(b"second", address).unwrap();
    let mut received = Vec::new();
    while received.len() < 3 {
        settle().await;
        received.extend(present(&peer));
    }
    assert_eq!(received, ["first", "second", "answer"]);
    transport.close();
}
