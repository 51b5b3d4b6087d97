//! Datagrams that wait: the buffer, flow control, the end.

use asyncio::Error;
use log::Level;

use crate::support::datagrams::{Receiver, bound_to, drain, fill, narrow, nobody};
use crate::support::journal::Journal;
use crate::support::log::{collect, collected};
use crate::support::net::settle;

#[asyncio::test(timeout = "10s")]
async fn what_waits_is_counted_exactly_and_sent_in_order() {
    // CPython: test_selector_events.SelectorDatagramTransportTests.test_sendto_buffer, test_sendto_tryagain,
    // test_sendto_ready, test_sendto_buffer_nodata
    let ((transport, _), peer) = narrow(Receiver::new(&Journal::default())).await;
    for _round in 0..3 {
        let count = fill(&transport);
        let waiting = (count - 1).to_string().len() + 8;
        assert_eq!(transport.get_write_buffer_size(), waiting, "8 bytes more than the datagram has");
        transport.sendto(b"", None).unwrap();
        transport.sendto(b"last", None).unwrap();
        assert_eq!(transport.get_write_buffer_size(), waiting + 8 + 12);
        let mut received = Vec::new();
        while received.last().is_none_or(|last| last != "last") {
            received.extend(drain(&peer));
            asyncio::sleep(std::time::Duration::ZERO).await;
        }
        let mut expected: Vec<String> = (0..count).map(|number| number.to_string()).collect();
        expected.extend(["".to_owned(), "last".to_owned()]);
        assert_eq!(received, expected);
        assert_eq!(transport.get_write_buffer_size(), 0, "nothing leaks");
    }
    transport.close();
}

#[asyncio::test(timeout = "10s")]
async fn the_protocol_is_paused_and_resumed_alternately() {
    let journal = Journal::default();
    let ((transport, _), peer) = narrow(Receiver::new(&journal)).await;
    transport.set_write_buffer_limits(100, 20).unwrap();
    assert_eq!(transport.get_write_buffer_limits(), (20, 100));
    fill(&transport);
    while transport.get_write_buffer_size() <= 100 {
        assert_eq!(journal.entries(), ["made"]);
        transport.sendto(&[b'x'; 10], None).unwrap();
    }
    assert_eq!(journal.entries(), ["made", "pause"], "from inside sendto()");
    transport.sendto(b"more", None).unwrap();
    while journal.count("resume") == 0 {
        drain(&peer);
        settle().await;
    }
    assert_eq!(journal.entries(), ["made", "pause", "resume"]);
    assert!(transport.get_write_buffer_size() <= 20);
    assert!(matches!(transport.set_write_buffer_limits(1, 2), Err(Error::ValueError(_))));
    transport.close();
}

#[asyncio::test(timeout = "10s")]
async fn new_limits_count_at_once() {
    let journal = Journal::default();
    let ((transport, _), peer) = narrow(Receiver::new(&journal)).await;
    fill(&transport);
    transport.set_write_buffer_limits(0, None).unwrap();
    assert_eq!(journal.entries(), ["made", "pause"]);
    drop(peer);
    transport.abort();
}

#[asyncio::test(timeout = "10s")]
async fn resume_writing_may_send() {
    let journal = Journal::default();
    let sending = Receiver::new(&journal).on_resume(|transport| transport.sendto(b"after", None)).on_pause(|_| Ok(()));
    let ((transport, _), peer) = narrow(sending).await;
    transport.set_write_buffer_limits(0, None).unwrap();
    fill(&transport);
    let mut received = Vec::new();
    while received.last().is_none_or(|last| last != "after") {
        received.extend(drain(&peer));
        settle().await;
    }
    assert_eq!(journal.entries(), ["made", "pause", "resume"]);
    transport.close();
}

#[asyncio::test(timeout = "10s")]
async fn close_sends_what_waits_and_abort_does_not() {
    // CPython: test_selector_events.SelectorDatagramTransportTests.test_sendto_ready_closing
    for aborting in [false, true] {
        let journal = Journal::default();
        let ((transport, _), peer) = narrow(Receiver::new(&journal)).await;
        let count = fill(&transport);
        if aborting {
            transport.abort();
        }
        transport.close();
        transport.close();
        assert!(transport.is_closing() && !transport.is_reading());
        assert_eq!(journal.entries(), ["made"], "never from inside the call");
        settle().await;
        assert_eq!(journal.count("lost"), usize::from(aborting));
        let mut received = drain(&peer);
        journal.wait_for("lost").await;
        received.extend(drain(&peer));
        assert_eq!(received.len(), if aborting { count - 1 } else { count });
        assert_eq!(journal.entries(), ["made", "lost"]);
        assert_eq!((transport.get_write_buffer_size(), transport.socket().fileno()), (0, None));
    }
}

#[asyncio::test(timeout = "10s")]
async fn more_than_the_hard_limit_is_dropped_counted_and_told() {
    let journal = Journal::default();
    let ((transport, _), peer) = narrow(Receiver::new(&journal)).await;
    fill(&transport);
    let room = transport.get_write_buffer_size() + 8 + 4;
    transport.set_write_hard_limit(room);
    transport.sendto(b"a byte", None).unwrap();
    transport.sendto(b"fit's", None).unwrap();
    assert_eq!((transport.dropped_datagrams(), journal.entries().len()), (2, 3), "be it for a byte");
    transport.sendto(b"fits", None).unwrap();
    transport.sendto(b"", None).unwrap();
    assert_eq!((transport.dropped_datagrams(), transport.get_write_buffer_size()), (3, room));
    let entries = journal.entries();
    assert!(entries[1].starts_with("error OSError: ") && entries[1].contains("set_write_hard_limit()"), "{entries:?}");
    assert!(!transport.is_closing());
    let mut received = drain(&peer);
    while transport.get_write_buffer_size() > 0 {
        settle().await;
        received.extend(drain(&peer));
    }
    received.extend(drain(&peer));
    assert_eq!(received.last().unwrap(), "fits");
    transport.close();
}

#[asyncio::test(timeout = "10s")]
async fn sending_after_the_end_is_counted_and_warned_of() {
    // CPython: test_selector_events.SelectorDatagramTransportTests.test_sendto_closing,
    // test_sendto_exception (the warnings)
    collect();
    let journal = Journal::default();
    let (transport, _) = bound_to("127.0.0.1", Receiver::new(&journal)).await;
    transport.close();
    for number in 1..=5 {
        transport.sendto(b"x", nobody()).unwrap();
        let warned = collected(Level::Warn).iter().filter(|text| text.contains("closing or closed")).count();
        assert_eq!((transport.dropped_datagrams(), warned), (number, usize::from(number == 5)));
    }
    journal.wait_for("lost").await;
    transport.sendto(b"x", nobody()).unwrap();
    assert_eq!(journal.entries(), ["made", "lost"]);
}
