//! Datagram endpoints: what is sent arrives whole, from whom and to whom.

use std::net::SocketAddr;

use asyncio::{ContextVar, DatagramTransport, Error};

use crate::support::datagrams::{Receiver, arrived, bound_to, connected_to, plain};
use crate::support::journal::Journal;
use crate::support::net::{Reports, running, settle};

static NAME: ContextVar<&str> = ContextVar::new("name");

#[asyncio::test(timeout = "10s")]
async fn a_datagram_comes_back_on_both_families() {
    // CPython: test_events.EventLoopTestsMixin.test_create_datagram_endpoint, test_create_datagram_endpoint_ipv6
    for host in ["127.0.0.1", "::1"] {
        let (server, client) = (Journal::default(), Journal::default());
        let echo = Receiver::new(&server).on_datagram(|transport, data, addr| transport.sendto(data, addr));
        let (server_transport, _) = bound_to(host, echo).await;
        let address = server_transport.sockname().unwrap();
        let (transport, _) = connected_to(address, Receiver::new(&client)).await;
        assert_eq!((transport.peername(), server_transport.peername()), (Some(address), None));
        transport.sendto(b"ping", None).unwrap();
        client.wait_for("datagram ping").await;
        transport.close();
        server_transport.close();
        client.wait_for("lost").await;
        server.wait_for("lost").await;
        assert_eq!(server.entries(), ["made", "datagram ping", "lost"]);
        assert_eq!(client.entries(), ["made", "datagram ping", "lost"]);
        assert_eq!((transport.peername(), server_transport.sockname()), (Some(address), Some(address)));
    }
}

#[asyncio::test(timeout = "10s")]
async fn datagrams_stay_apart_and_empty_ones_count() {
    // CPython: test_selector_events.SelectorDatagramTransportTests.test_read_ready, test_sendto, test_sendto_no_data
    let journal = Journal::default();
    let (transport, _) = bound_to("127.0.0.1", Receiver::new(&journal)).await;
    let peer = plain("127.0.0.1");
    let (ours, theirs) = (transport.sockname().unwrap(), peer.local_addr().unwrap());
    for data in ["one", "", "three"] {
        peer.send_to(data.as_bytes(), ours).unwrap();
        transport.sendto(data.as_bytes(), theirs).unwrap();
    }
    for data in ["one", "", "three"] {
        assert_eq!(arrived(&peer).await, (data.as_bytes().to_vec(), ours));
    }
    journal.wait_for("datagram three").await;
    assert_eq!(journal.entries(), ["made", "datagram one", "datagram ", "datagram three"]);
    assert_eq!(transport.get_write_buffer_size(), 0);
    transport.close();
}

#[asyncio::test(timeout = "10s")]
async fn a_datagram_has_the_address_of_its_sender() {
    let journal = Journal::default();
    let seen = journal.clone();
    let noting = Receiver::new(&Journal::default()).on_datagram(move |_, data, addr| {
        seen.note(format!("{} from {addr}", data.len()));
        Ok(())
    });
    let (transport, _) = bound_to("127.0.0.1", noting).await;
    let peers = [plain("127.0.0.1"), plain("127.0.0.1")];
    for (number, peer) in peers.iter().enumerate() {
        peer.send_to(&vec![0; number], transport.sockname().unwrap()).unwrap();
    }
    journal.until(|entries| entries.len() == 2).await;
    let expected: Vec<String> = peers
        .iter()
        .enumerate()
        .map(|(number, peer)| format!("{number} from {}", peer.local_addr().unwrap()))
        .collect();
    assert_eq!(journal.entries(), expected);
    transport.close();
}

#[asyncio::test(timeout = "10s")]
async fn the_largest_datagram_arrives_whole() {
    let journal = Journal::default();
    let (transport, _) = bound_to("127.0.0.1", Receiver::new(&journal)).await;
    let (sender, _) = connected_to(transport.sockname().unwrap(), Receiver::new(&Journal::default())).await;
    sender.sendto(&vec![b'x'; 65_507], None).unwrap();
    assert_eq!(journal.wait_for("datagram").await, "datagram 65507 bytes");
    transport.close();
    sender.close();
}

#[asyncio::test(timeout = "10s")]
async fn a_connected_endpoint_sends_nowhere_else() {
    // CPython: test_selector_events.SelectorDatagramTransportTests.test_sendto_connected_addr
    let peer = plain("127.0.0.1");
    let address = peer.local_addr().unwrap();
    let journal = Journal::default();
    let (transport, _) = connected_to(address, Receiver::new(&journal)).await;
    let elsewhere: SocketAddr = "127.0.0.1:9".parse().unwrap();
    let refused = transport.sendto(b"x", elsewhere);
    let Err(Error::ValueError(message)) = refused else { panic!("{refused:?}") };
    assert!(message.to_string().contains(&address.to_string()), "{message}");
    transport.sendto(b"by default", None).unwrap();
    transport.sendto(b"by name", address).unwrap();
    assert_eq!(arrived(&peer).await.0, b"by default");
    assert_eq!(arrived(&peer).await.0, b"by name");
    assert_eq!(journal.entries(), ["made"]);
    transport.close();
}

#[asyncio::test(timeout = "10s")]
async fn an_endpoint_without_a_peer_needs_an_address() {
    let (transport, _) = bound_to("127.0.0.1", Receiver::new(&Journal::default())).await;
    assert!(matches!(transport.sendto(b"x", None), Err(Error::ValueError(_))));
    assert!(!transport.is_closing());
    transport.close();
}

#[asyncio::test(timeout = "10s")]
async fn nothing_is_received_while_reading_is_paused() {
    let journal = Journal::default();
    let pausing = Receiver::new(&journal).on_datagram(|transport, _, _| {
        transport.pause_reading();
        Ok(())
    });
    let (transport, _) = bound_to("127.0.0.1", pausing).await;
    let peer = plain("127.0.0.1");
    for data in ["one", "two"] {
        peer.send_to(data.as_bytes(), transport.sockname().unwrap()).unwrap();
    }
    journal.wait_for("datagram one").await;
    settle().await;
    assert_eq!(journal.entries(), ["made", "datagram one"]);
    assert!(!transport.is_reading());
    transport.resume_reading();
    journal.wait_for("datagram two").await;
    transport.close();
}

#[asyncio::test(timeout = "10s")]
async fn a_flood_of_datagrams_lets_others_have_their_turn() {
    let journal = Journal::default();
    let noting = journal.clone();
    let scheduling = Receiver::new(&journal).on_datagram(move |_, data, _| {
        let noting = noting.clone();
        if data == b"0" {
            running().call_soon(move || noting.note("turn"))?;
        }
        Ok(())
    });
    let (transport, _) = bound_to("127.0.0.1", scheduling).await;
    let peer = plain("127.0.0.1");
    for number in 0..100 {
        peer.send_to(number.to_string().as_bytes(), transport.sockname().unwrap()).unwrap();
    }
    journal.wait_for("datagram 99").await;
    let entries = journal.entries();
    let turn = entries.iter().position(|entry| entry == "turn").unwrap();
    let last = entries.iter().position(|entry| entry == "datagram 99").unwrap();
    assert!(turn < last, "{entries:?}");
    transport.close();
}

#[asyncio::test(timeout = "10s")]
async fn a_failing_handler_is_reported_and_the_endpoint_stays() {
    let reports = Reports::collect();
    let journal = Journal::default();
    let failing = Receiver::new(&journal)
        .on_made(|_| Err(Error::runtime_error("a bad start")))
        .on_datagram(|_, data, _| if data == b"bad" { panic!("a bad datagram") } else { Ok(()) });
    let (transport, _) = bound_to("127.0.0.1", failing).await;
    let peer = plain("127.0.0.1");
    for data in ["bad", "good"] {
        peer.send_to(data.as_bytes(), transport.sockname().unwrap()).unwrap();
    }
    journal.wait_for("datagram good").await;
    let reports = reports.all();
    assert!(reports[0].starts_with("protocol.connection_made() call failed: RuntimeError: a bad start"), "{reports:?}");
    assert!(reports[1].starts_with("protocol.datagram_received() call failed: Panic: a bad datagram"), "{reports:?}");
    assert!(reports.iter().all(|report| report.ends_with(r#"["exception", "protocol", "transport"]"#)), "{reports:?}");
    assert_eq!(reports.len(), 2);
    transport.close();
}

#[asyncio::test(timeout = "10s")]
async fn another_protocol_can_take_over_from_inside_a_callback() {
    let (first, second) = (Journal::default(), Journal::default());
    let next = second.clone();
    let handing = Receiver::new(&first).on_datagram(move |transport, _, _| {
        transport.set_protocol(Receiver::new(&next));
        Ok(())
    });
    let (transport, handle) = bound_to("127.0.0.1", handing).await;
    assert_eq!(transport.get_protocol::<Receiver>().as_ref(), Some(&handle));
    let peer = plain("127.0.0.1");
    for data in ["one", "two"] {
        peer.send_to(data.as_bytes(), transport.sockname().unwrap()).unwrap();
    }
    second.wait_for("datagram two").await;
    assert_eq!((first.entries().len(), second.entries().len()), (2, 1));
    transport.close();
    second.wait_for("lost").await;
    assert!(transport.get_protocol::<Receiver>().is_none());
}

#[asyncio::test(timeout = "10s")]
async fn callbacks_run_in_the_context_in_which_the_endpoint_was_made() {
    let journal = Journal::default();
    let seen = journal.clone();
    let late = journal.clone();
    let noting = Receiver::new(&Journal::default())
        .on_datagram(move |_, _, _| {
            seen.note(NAME.get().unwrap_or("nobody"));
            Ok(())
        })
        .on_error(move |_| {
            late.note(format!("error to {}", NAME.get().unwrap_or("nobody")));
            Ok(())
        });
    NAME.set("maker");
    let (transport, _) = bound_to("127.0.0.1", noting).await;
    NAME.set("later");
    let peer = plain("127.0.0.1");
    peer.send_to(b"x", transport.sockname().unwrap()).unwrap();
    assert_eq!(journal.wait_for("").await, "maker");
    // This one fails when the batch has run.
    transport.sendto(b"x", peer.local_addr().unwrap()).unwrap();
    transport.sendto(b"x", "[::1]:9".parse::<SocketAddr>().unwrap()).unwrap();
    assert_eq!(journal.wait_for("error").await, "error to maker");
    transport.close();
}

/// Notes in whose context it is lost.
struct Last(Journal);

#[asyncio::protocol]
impl Last {
    fn datagram_received(&mut self, _data: &[u8]) {}

    fn connection_lost(&mut self) {
        self.0.note(NAME.get().unwrap_or("nobody"));
    }
}

#[asyncio::test(timeout = "10s")]
async fn connection_lost_runs_in_that_context_as_well() {
    for ends in [DatagramTransport::close as fn(&DatagramTransport), DatagramTransport::abort] {
        let journal = Journal::default();
        NAME.set("maker");
        let last = Last(journal.clone());
        let endpoint = running().create_datagram_endpoint(|| last).local_addr("127.0.0.1", 0);
        let (transport, _) = endpoint.await.unwrap();
        NAME.set("later");
        ends(&transport);
        assert_eq!(journal.wait_for("").await, "maker");
    }
}

#[asyncio::test(timeout = "10s")]
async fn what_waits_in_a_socket_that_is_taken_over_is_received() {
    let (journal, sock) = (Journal::default(), plain("127.0.0.1"));
    plain("127.0.0.1").send_to(b"early", sock.local_addr().unwrap()).unwrap();
    let receiver = Receiver::new(&journal);
    let (transport, _) = running().create_datagram_endpoint(|| receiver).sock(sock).await.unwrap();
    journal.wait_for("datagram").await;
    assert_eq!(journal.entries(), ["made", "datagram early"]);
    transport.close();
}
