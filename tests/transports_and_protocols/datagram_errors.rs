//! Errors of single datagrams: the protocol hears of them, and the endpoint goes on.

use asyncio::Error;
use log::Level;

use crate::support::datagrams::{Receiver, arrived, bound_to, connected_to, narrow, nobody, plain};
use crate::support::journal::Journal;
use crate::support::log::{collect, collected};
use crate::support::net::{Reports, running, settle};

static TOO_LONG: [u8; 70_000] = [0; 70_000];

#[asyncio::test(timeout = "10s")]
async fn a_refused_datagram_is_told_and_the_endpoint_stays_open() {
    // CPython: test_selector_events.SelectorDatagramTransportTests.test_sendto_error_received_connected,
    // test_read_ready_oserr, test_fatal_error_connected
    let journal = Journal::default();
    let address = nobody();
    let (transport, _) = connected_to(address, Receiver::new(&journal)).await;
    transport.sendto(b"anybody?", None).unwrap();
    let error = journal.wait_for("error").await;
    assert!(error.contains("refused") && error.contains(&address.to_string()), "{error}");
    assert!(!transport.is_closing());
    let late = std::net::UdpSocket::bind(address).unwrap();
    transport.sendto(b"and now?", None).unwrap();
    assert_eq!(arrived(&late).await.0, b"and now?");
    transport.close();
    journal.wait_for("lost").await;
    assert_eq!(journal.count("lost"), 1, "it ends without an error");
}

#[asyncio::test(timeout = "10s")]
async fn nothing_is_heard_of_datagrams_to_nobody_without_a_connection() {
    // CPython: test_events.EventLoopTestsMixin.test_datagram_send_to_non_listening_address
    let journal = Journal::default();
    let (transport, _) = bound_to("127.0.0.1", Receiver::new(&journal)).await;
    transport.sendto(b"anybody?", nobody()).unwrap();
    let peer = plain("127.0.0.1");
    transport.sendto(b"you!", peer.local_addr().unwrap()).unwrap();
    assert_eq!(arrived(&peer).await.0, b"you!");
    settle().await;
    assert_eq!(journal.entries(), ["made"]);
    transport.close();
}

#[asyncio::test(timeout = "10s")]
async fn a_datagram_that_is_too_long_is_told_from_inside_sendto() {
    // CPython: test_selector_events.SelectorDatagramTransportTests.test_sendto_error_received
    let journal = Journal::default();
    let (transport, _) = bound_to("127.0.0.1", Receiver::new(&journal)).await;
    let peer = plain("127.0.0.1");
    let address = peer.local_addr().unwrap();
    transport.sendto(&TOO_LONG, address).unwrap();
    let entries = journal.entries();
    assert_eq!(entries.len(), 2, "{entries:?}");
    assert!(entries[1].starts_with("error OSError: ") && entries[1].contains(&address.to_string()), "{entries:?}");
    transport.sendto(b"shorter", address).unwrap();
    assert_eq!(arrived(&peer).await.0, b"shorter");
    transport.close();
}

#[asyncio::test(timeout = "10s")]
async fn an_address_of_another_family_is_an_error_of_the_datagram() {
    let journal = Journal::default();
    let (transport, _) = bound_to("127.0.0.1", Receiver::new(&journal)).await;
    transport.sendto(b"x", "[::1]:9".parse::<std::net::SocketAddr>().unwrap()).unwrap();
    assert!(journal.entries()[1].starts_with("error OSError"));
    assert!(!transport.is_closing());
    transport.close();
}

#[asyncio::test(timeout = "10s")]
async fn an_error_in_a_running_callback_is_told_right_after_it() {
    let journal = Journal::default();
    let noting = journal.clone();
    let sending = Receiver::new(&journal).on_datagram(move |transport, _, addr| {
        transport.sendto(&TOO_LONG, addr)?;
        noting.note("callback ends");
        // Closing does not take back what happened before.
        transport.close();
        Ok(())
    });
    let (transport, _) = bound_to("127.0.0.1", sending).await;
    plain("127.0.0.1").send_to(b"x", transport.sockname().unwrap()).unwrap();
    journal.wait_for("lost").await;
    let entries = journal.entries();
    assert_eq!(entries[..3], ["made", "datagram x", "callback ends"]);
    assert!(entries[3].starts_with("error "), "{entries:?}");
    assert_eq!(entries[4..], ["lost"]);
}

#[asyncio::test(timeout = "10s")]
async fn an_error_while_somebody_holds_the_protocol_is_told_later() {
    let journal = Journal::default();
    let (transport, handle) = bound_to("127.0.0.1", Receiver::new(&journal)).await;
    handle.with(|_| transport.sendto(&TOO_LONG, nobody()).unwrap());
    assert_eq!(journal.entries(), ["made"]);
    journal.wait_for("error").await;
    transport.close();
}

#[asyncio::test(timeout = "10s")]
async fn a_protocol_that_fails_again_for_each_error_starves_nobody() {
    let journal = Journal::default();
    let mut left = 1000;
    let again = Receiver::new(&journal).on_error(move |transport| {
        left -= 1;
        if left > 0 { transport.sendto(&TOO_LONG, nobody()) } else { Ok(()) }
    });
    let (transport, _) = bound_to("127.0.0.1", again).await;
    let noting = journal.clone();
    running().call_soon(move || noting.note("turn")).unwrap();
    transport.sendto(&TOO_LONG, nobody()).unwrap();
    assert!(journal.entries().len() < 1000, "not all from inside sendto()");
    journal.until(|entries| entries.iter().filter(|entry| entry.starts_with("error")).count() == 1000).await;
    let turn = journal.entries().iter().position(|entry| entry == "turn").unwrap();
    assert!(turn < 1000, "{turn}");
    transport.close();
}

#[asyncio::test(timeout = "10s")]
async fn a_protocol_that_answers_each_error_of_a_batch_starves_nobody() {
    let journal = Journal::default();
    let nowhere = "[::1]:9".parse::<std::net::SocketAddr>().unwrap();
    let mut left = 1000;
    let again = Receiver::new(&journal).on_error(move |transport| {
        left -= 1;
        if left > 0 { transport.sendto(b"again", nowhere) } else { Ok(()) }
    });
    let (transport, _) = bound_to("127.0.0.1", again).await;
    let noting = journal.clone();
    running().call_soon(move || noting.note("turn")).unwrap();
    transport.sendto(b"to nowhere", nowhere).unwrap();
    // Lets go what was gathered for the end of the batch.
    transport.get_write_buffer_size();
    assert!(journal.entries().len() < 10, "{}", journal.entries().len());
    journal.until(|entries| entries.iter().filter(|entry| entry.starts_with("error")).count() == 1000).await;
    let turn = journal.entries().iter().position(|entry| entry == "turn").unwrap();
    assert!(turn < 1000, "{turn}");
    assert_eq!(transport.get_write_buffer_size(), 0);
    transport.close();
}

#[asyncio::test(timeout = "10s")]
async fn of_many_errors_in_one_callback_the_first_are_told_and_the_others_counted() {
    collect();
    let journal = Journal::default();
    let sending = Receiver::new(&journal)
        .on_datagram(|transport, _, addr| (0..70).try_for_each(|_| transport.sendto(&TOO_LONG, addr)));
    let (transport, _) = bound_to("127.0.0.1", sending).await;
    let peer = plain("127.0.0.1");
    for _ in 0..2 {
        peer.send_to(b"x", transport.sockname().unwrap()).unwrap();
    }
    journal.until(|entries| entries.iter().filter(|entry| entry.starts_with("error")).count() == 128).await;
    settle().await;
    let warned = collected(Level::Warn);
    assert_eq!(warned.len(), 2, "{warned:?}");
    assert!(
        warned.iter().all(|text| text.starts_with("ASY0027: 6 more datagrams failed in one callback of ")),
        "{warned:?}"
    );
    assert_eq!(journal.entries().len(), 1 + 2 + 128);
    transport.close();
}

#[asyncio::test(timeout = "10s")]
async fn a_failing_error_received_is_reported() {
    let reports = Reports::collect();
    let failing = Receiver::new(&Journal::default()).on_error(|_| Err(Error::runtime_error("no idea")));
    let (transport, _) = bound_to("127.0.0.1", failing).await;
    transport.sendto(&TOO_LONG, nobody()).unwrap();
    let reports = reports.all();
    assert!(reports[0].starts_with("protocol.error_received() call failed: RuntimeError: no idea"), "{reports:?}");
    assert!(!transport.is_closing());
    transport.close();
}

#[asyncio::test(timeout = "10s")]
async fn an_error_of_a_datagram_that_waited_is_told_and_the_next_is_sent() {
    // CPython: test_selector_events.SelectorDatagramTransportTests.test_sendto_ready_error_received
    let journal = Journal::default();
    let ((transport, _), peer) = narrow(Receiver::new(&journal)).await;
    crate::support::datagrams::fill(&transport);
    drop(peer);
    assert!(journal.wait_for("error").await.starts_with("error OSError"));
    settle().await;
    assert_eq!(transport.get_write_buffer_size(), 0);
    assert!(!transport.is_closing());
    transport.close();
    journal.wait_for("lost").await;
}
