//! Connections in memory: as those of sockets, but for the pieces in which bytes come.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};

use asyncio::testing::{Chunks, MemoryPeer, MemoryTransports, until_idle};
use asyncio::{Error, Transport};
use proptest::prelude::*;

use crate::support::journal::Journal;
use crate::support::net::{Reports, connected, settle};
use crate::support::script::Script;

/// The other side, on a socket or in memory.
enum Peer {
    Socket(TcpStream),
    Memory(MemoryPeer),
}

impl Peer {
    fn write(&mut self, data: &[u8]) {
        match self {
            Self::Socket(socket) => socket.write_all(data).unwrap(),
            Self::Memory(peer) => assert_eq!(peer.write(data), data.len()),
        }
    }

    fn write_eof(&mut self) {
        match self {
            Self::Socket(socket) => socket.shutdown(Shutdown::Write).unwrap(),
            Self::Memory(peer) => peer.write_eof(),
        }
    }

    /// What came, once the other side has ended.
    fn rest(&mut self) -> Vec<u8> {
        match self {
            Self::Socket(socket) => {
                let mut rest = Vec::new();
                socket.read_to_end(&mut rest).unwrap();
                rest
            }
            Self::Memory(peer) => {
                let rest = peer.take_received();
                assert!(peer.at_eof());
                rest
            }
        }
    }
}

/// What one scenario is: a protocol, and what its peer does.
struct Scenario {
    protocol: fn(&Journal) -> Script,
    peer: fn(&mut Peer),
}

const SCENARIOS: &[Scenario] = &[
    Scenario {
        protocol: |journal| {
            Script::new(journal).on_made(|transport| {
                transport.write(b"hello");
                Ok(())
            })
        },
        peer: |peer| {
            peer.write(b"bytes");
            peer.write_eof();
        },
    },
    Scenario {
        protocol: |journal| {
            Script::new(journal).on_eof(|transport| {
                transport.write(b"and still here");
                transport.write_eof();
                transport.close();
                Ok(true)
            })
        },
        peer: |peer| peer.write_eof(),
    },
    Scenario {
        protocol: |journal| {
            Script::new(journal).on_data(|transport, data| {
                transport.write(data);
                transport.close();
                Ok(())
            })
        },
        peer: |peer| peer.write(b"echo"),
    },
    Scenario {
        protocol: |journal| {
            Script::new(journal).on_data(|transport, _| {
                transport.abort();
                transport.write(b"for nothing");
                Ok(())
            })
        },
        peer: |peer| peer.write(b"end it"),
    },
    Scenario {
        protocol: |journal| Script::new(journal).on_data(|_, _| Err(Error::other("broken"))),
        peer: |peer| {
            peer.write(b"more than it can take");
            peer.write_eof();
        },
    },
    Scenario {
        protocol: |journal| {
            Script::new(journal).on_made(|transport| {
                transport.set_write_buffer_limits(0, 0)?;
                transport.close();
                Ok(())
            })
        },
        peer: |_| {},
    },
];

/// Plays it, and tells what the protocol was told and what its peer got.
async fn played(scenario: &Scenario, journal: &Journal, mut peer: Peer) -> (Vec<String>, Vec<u8>) {
    (scenario.peer)(&mut peer);
    journal.wait_for("lost").await;
    settle().await;
    (journal.entries(), peer.rest())
}

#[asyncio::test(timeout = "10s")]
async fn protocols_are_told_the_same_in_the_same_order_as_by_sockets() {
    let _reports = Reports::collect();
    for (number, scenario) in SCENARIOS.iter().enumerate() {
        let journal = Journal::default();
        let (_transport, _, peer) = connected((scenario.protocol)(&journal)).await;
        let on_socket = played(scenario, &journal, Peer::Socket(peer)).await;
        let journal = Journal::default();
        let (_transport, _, peer) = MemoryTransports::new().connect((scenario.protocol)(&journal)).await.unwrap();
        let in_memory = played(scenario, &journal, Peer::Memory(peer)).await;
        assert_eq!(in_memory, on_socket, "scenario {number}");
    }
}

#[asyncio::test(virtual_time)]
async fn bytes_come_in_the_pieces_that_were_asked_for() {
    for (chunks, pieces) in [
        (Chunks::Whole, vec!["data abcdef"]),
        (Chunks::Bytes, vec!["data a", "data b", "data c", "data d", "data e", "data f"]),
        (Chunks::Lengths(vec![1, 3]), vec!["data a", "data bcd", "data ef"]),
    ] {
        let journal = Journal::default();
        let memory = MemoryTransports::new().chunks(chunks);
        let (_transport, _, peer) = memory.connect(Script::new(&journal)).await.unwrap();
        peer.write(b"abc");
        peer.write(b"def");
        until_idle().await;
        assert_eq!(journal.entries()[1..], pieces);
    }
}

#[asyncio::test(virtual_time)]
async fn what_the_peer_does_not_take_waits_and_pauses_the_protocol() {
    let journal = Journal::default();
    let memory = MemoryTransports::new().capacity(4);
    let (transport, _, peer) = memory.connect(Script::new(&journal)).await.unwrap();
    transport.set_write_buffer_limits(8, 2).unwrap();
    transport.write(b"0123");
    assert_eq!(transport.get_write_buffer_size(), 0);
    transport.writelines(["456789", "abcdef"]);
    assert_eq!((transport.get_write_buffer_size(), journal.entries().last().unwrap().as_str()), (12, "pause"));
    assert_eq!(transport.try_write(b"more").unwrap(), 0);
    transport.write_eof();
    let mut received = Vec::new();
    while !peer.at_eof() {
        received.extend(peer.take_received());
        until_idle().await;
    }
    assert_eq!(received, b"0123456789abcdef");
    assert_eq!(journal.entries(), ["made", "pause", "resume"]);
    assert!(!transport.is_closing(), "only one side has ended");
    assert_eq!(peer.write(b"123456"), 4, "the other way is as narrow");
}

#[asyncio::test(virtual_time, timeout = "10s")]
async fn two_protocols_talk_to_each_other_through_the_narrowest_wire() {
    let (first, second) = (Journal::default(), Journal::default());
    let memory = MemoryTransports::new().capacity(1);
    let talker = Script::new(&first).on_made(|transport| {
        transport.write(b"ask");
        transport.write_eof();
        Ok(())
    });
    let listener = Script::new(&second).on_eof(|transport| {
        transport.write(b"answer");
        Ok(false)
    });
    let ((near, _), (far, _)) = memory.pair(talker, listener).await.unwrap();
    first.wait_for("lost").await;
    second.wait_for("lost").await;
    assert_eq!(second.entries(), ["made", "data a", "data s", "data k", "eof", "lost"]);
    assert_eq!(first.entries().concat(), "madedata adata ndata sdata wdata edata reoflost");
    assert!(near.is_closing() && far.is_closing());
}

#[asyncio::test(virtual_time)]
async fn a_paused_protocol_gets_nothing_until_it_resumes() {
    let journal = Journal::default();
    let (transport, _, peer) = MemoryTransports::new().connect(Script::new(&journal)).await.unwrap();
    transport.pause_reading();
    peer.write(b"later");
    peer.write_eof();
    until_idle().await;
    assert_eq!(journal.entries(), ["made"]);
    transport.resume_reading();
    until_idle().await;
    assert_eq!(journal.entries(), ["made", "data later", "eof", "lost"]);
    assert!(peer.is_closed());
}

#[asyncio::test(virtual_time)]
async fn a_peer_that_is_gone_refuses_what_is_written() {
    let journal = Journal::default();
    let script = Script::new(&journal).on_eof(|_| Ok(true));
    let (transport, _, peer) = MemoryTransports::new().connect(script).await.unwrap();
    drop(peer);
    until_idle().await;
    assert_eq!(journal.entries(), ["made", "eof"]);
    transport.write(b"anybody?");
    until_idle().await;
    let lost = journal.entries().pop().unwrap();
    assert!(lost.starts_with("lost OSError") && lost.contains("closed its end"), "{lost}");
    let error = transport.try_write(b"again").unwrap_err();
    assert_eq!(error.io_kind(), Some(ErrorKind::NotConnected));
}

#[asyncio::test(virtual_time)]
async fn a_connection_in_memory_lives_without_handles_and_has_no_socket() {
    let journal = Journal::default();
    let at = "192.0.2.1:80".parse().unwrap();
    let memory = MemoryTransports::new().peername(at);
    let (transport, protocol, peer) = memory.connect(Script::new(&journal)).await.unwrap();
    assert_eq!((transport.peername(), transport.sockname()), (Some(at), None));
    assert!(transport.socket().is_none() && transport.get_extra_info("socket").is_none());
    assert_eq!(transport.get_protocol(), Some(protocol));
    assert_eq!(format!("{transport:?}"), "<Transport peer=192.0.2.1:80 reading, 0 bytes to send>");
    drop(transport);
    peer.write(b"hello");
    until_idle().await;
    assert_eq!(journal.entries(), ["made", "data hello"]);
    peer.close();
    until_idle().await;
    assert_eq!(journal.entries()[2..], ["eof", "lost"]);
}

#[test]
fn connections_in_memory_end_with_their_loop() {
    let journal = Journal::default();
    let witness = std::rc::Rc::new(());
    let event_loop = asyncio::EventLoop::new().unwrap();
    let (noted, held) = (journal.clone(), witness.clone());
    let peer = event_loop.run_until_complete(async move {
        let holder = Script::new(&noted).on_lost(move |_| {
            let _held = &held;
            Ok(())
        });
        Ok::<_, Error>(std::rc::Rc::new(MemoryTransports::new().connect(holder).await?.2))
    });
    event_loop.close().unwrap();
    assert_eq!(std::rc::Rc::strong_count(&witness), 1, "the protocol was dropped");
    assert!(peer.unwrap().is_closed());
    assert_eq!(journal.entries(), ["made"]);
}

/// The protocol of the example `tcp_echo_server`.
struct Echo;

#[asyncio::protocol]
impl Echo {
    fn data_received(&mut self, transport: &Transport, data: &[u8]) {
        transport.write(data);
    }

    fn eof_received(&mut self) -> bool {
        true
    }

    fn pause_writing(&mut self, transport: &Transport) {
        transport.pause_reading();
    }

    fn resume_writing(&mut self, transport: &Transport) {
        transport.resume_reading();
    }
}

proptest! {
    #[test]
    fn an_echo_is_what_was_sent_in_whatever_pieces(
        message in proptest::collection::vec(any::<u8>(), 0..400),
        lengths in proptest::collection::vec(0usize..50, 0..60),
        capacity in 1usize..64,
    ) {
        let memory = MemoryTransports::new().chunks(Chunks::Lengths(lengths)).capacity(capacity);
        let expected = message.clone();
        let echoed = asyncio::run(async move {
            let (transport, _, peer) = memory.connect(Echo).await?;
            transport.set_write_buffer_limits(capacity, 0)?;
            let (mut sent, mut echoed) = (0, Vec::new());
            while echoed.len() < message.len() {
                sent += peer.write(&message[sent..]);
                until_idle().await;
                let got = peer.take_received();
                assert_ne!(got.len(), 0, "it hangs");
                echoed.extend(got);
            }
            peer.close();
            Ok::<_, Error>(echoed)
        });
        prop_assert_eq!(echoed.unwrap(), expected);
    }
}
