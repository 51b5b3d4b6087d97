//! `BufferedProtocol`: bytes land in the protocol's own memory.

use std::cell::Cell;
use std::net::Shutdown;
use std::rc::Rc;

use asyncio::{BufferedProtocol, Error, Result, Transport};

use crate::support::journal::Journal;
use crate::support::net::{Reports, connected, read_exactly, reset, send, settle};
use crate::support::script::Script;

/// Notes `buffer SIZEHINT`, `got TEXT`, `eof` and `lost`, and lends the memory it has.
struct Block {
    journal: Journal,
    memory: Vec<u8>,
    keep_open: bool,
    on_buffer: fn(&Transport) -> Result<()>,
    on_update: fn(&Transport, &[u8]) -> Result<()>,
}

impl Block {
    fn new(journal: &Journal, room: usize) -> Self {
        let (on_buffer, on_update) = (|_: &Transport| Ok(()), |_: &Transport, _: &[u8]| Ok(()));
        Self { journal: journal.clone(), memory: vec![0; room], keep_open: false, on_buffer, on_update }
    }
}

#[asyncio::protocol]
impl Block {
    fn get_buffer(&mut self, transport: &Transport, sizehint: Option<usize>) -> Result<&mut [u8]> {
        if let Some(sizehint) = sizehint {
            self.journal.note(format!("{sizehint} wait"));
        }
        (self.on_buffer)(transport)?;
        Ok(&mut self.memory)
    }

    fn buffer_updated(&mut self, transport: &Transport, nbytes: usize) -> Result<()> {
        let data = &self.memory[..nbytes];
        self.journal.note(format!("got {}", String::from_utf8_lossy(data)));
        (self.on_update)(transport, data)
    }

    fn eof_received(&mut self) -> bool {
        self.journal.note("eof");
        self.keep_open
    }

    fn connection_lost(&mut self, exc: Option<&Error>) {
        self.journal.note(exc.map_or_else(|| "lost".to_owned(), |error| format!("lost {error}")));
    }
}

#[asyncio::test(timeout = "10s")]
async fn more_than_fits_comes_in_several_rounds() {
    // CPython: test_buffered_proto.BufferedProtocolTest.test_buffered_proto_create_connection
    // CPython: test_selector_events.SelectorSocketTransportBufferedProtocolTests.test_read_ready
    let journal = Journal::default();
    let (_transport, _, peer) = connected(Block::new(&journal, 4)).await;
    send(&peer, b"abcdefghij");
    journal.wait_for("got ij").await;
    drop(peer);
    journal.wait_for("lost").await;
    assert_eq!(journal.entries(), ["got abcd", "got efgh", "got ij", "eof", "lost"]);
}

/// Knows where its memory is, and where the system has written.
struct Place {
    memory: Box<[u8; 64]>,
    seen: Rc<Cell<Option<(*const u8, usize)>>>,
}

#[asyncio::protocol]
impl Place {
    fn get_buffer(&mut self) -> &mut [u8] {
        &mut self.memory[16..]
    }

    fn buffer_updated(&mut self, nbytes: usize) {
        assert_eq!(&self.memory[16..16 + nbytes], b"straight in");
        assert!(self.memory[..16].iter().all(|byte| *byte == 0));
        self.seen.set(Some((self.memory.as_ptr(), nbytes)));
    }
}

#[asyncio::test(timeout = "10s")]
async fn bytes_land_in_the_protocols_own_memory() {
    let seen = Rc::new(Cell::new(None));
    let place = Place { memory: Box::new([0; 64]), seen: seen.clone() };
    let memory = place.memory.as_ptr();
    let (_transport, _, peer) = connected(place).await;
    send(&peer, b"straight in");
    while seen.get().is_none() {
        settle().await;
    }
    assert_eq!(seen.get(), Some((memory, 11)));
}

#[asyncio::test(timeout = "10s")]
async fn an_empty_buffer_ends_the_connection() {
    // CPython: test_selector_events.SelectorSocketTransportBufferedProtocolTests.test_get_buffer_zerosized
    let (journal, reports) = (Journal::default(), Reports::collect());
    let (_transport, _, peer) = connected(Block::new(&journal, 0)).await;
    send(&peer, b"x");
    let lost = journal.wait_for("lost").await;
    assert!(lost.contains("get_buffer() returned an empty buffer"), "{lost}");
    let reports = reports.all();
    assert!(reports[0].starts_with("Fatal error: protocol.get_buffer() call failed.: RuntimeError"), "{reports:?}");
    assert_eq!(journal.entries().len(), 1);
}

#[asyncio::test(timeout = "10s")]
async fn a_failure_in_either_callback_ends_the_connection() {
    // CPython: test_selector_events.SelectorSocketTransportBufferedProtocolTests.test_get_buffer_error
    // CPython: test_selector_events.SelectorSocketTransportBufferedProtocolTests.test_buffer_updated_error
    let reports = Reports::collect();
    let (first, second) = (Journal::default(), Journal::default());
    let mut block = Block::new(&first, 8);
    block.on_buffer = |_| Err(Error::value_error("no room"));
    let (_one, _, peer) = connected(block).await;
    send(&peer, b"x");
    assert_eq!(first.wait_for("lost").await, "lost ValueError: no room");
    let mut block = Block::new(&second, 8);
    block.on_update = |_, _| panic!("no use");
    let (_two, _, peer) = connected(block).await;
    send(&peer, b"x");
    assert!(second.wait_for("lost").await.contains("no use"));
    let reports = reports.all();
    assert!(reports[0].contains("protocol.get_buffer() call failed."), "{reports:?}");
    assert!(reports[1].contains("protocol.buffer_updated() call failed."), "{reports:?}");
}

#[asyncio::test(timeout = "10s")]
async fn nothing_is_received_once_get_buffer_has_paused_or_closed() {
    let (first, second) = (Journal::default(), Journal::default());
    let mut block = Block::new(&first, 8);
    block.on_buffer = |transport| {
        transport.pause_reading();
        Ok(())
    };
    let (transport, protocol, peer) = connected(block).await;
    send(&peer, b"later");
    while transport.is_reading() {
        settle().await;
    }
    settle().await;
    assert_eq!(first.entries(), Vec::<String>::new());
    protocol.with(|block| block.on_buffer = |_| Ok(()));
    transport.resume_reading();
    first.wait_for("got later").await;
    let mut block = Block::new(&second, 8);
    block.on_buffer = |transport| {
        transport.close();
        Ok(())
    };
    let (_transport, _, peer) = connected(block).await;
    send(&peer, b"never");
    second.wait_for("lost").await;
    assert_eq!(second.entries(), ["lost"]);
}

#[asyncio::test(timeout = "10s")]
async fn the_end_of_the_stream_keeps_it_open_if_wanted() {
    // CPython: test_selector_events.SelectorSocketTransportBufferedProtocolTests.test_read_ready_eof_keep_open
    let journal = Journal::default();
    let mut block = Block::new(&journal, 8);
    block.keep_open = true;
    let (transport, _, peer) = connected(block).await;
    peer.shutdown(Shutdown::Write).unwrap();
    journal.wait_for("eof").await;
    transport.write(b"still here");
    assert_eq!(read_exactly(&peer, 10).await, b"still here");
    transport.close();
    journal.wait_for("lost").await;
    assert_eq!(journal.entries(), ["eof", "lost"]);
}

#[asyncio::test(timeout = "10s")]
async fn a_reset_reaches_connection_lost() {
    // CPython: test_selector_events.SelectorSocketTransportBufferedProtocolTests.test_read_ready_conn_reset
    let journal = Journal::default();
    let (_transport, _, peer) = connected(Block::new(&journal, 8)).await;
    reset(peer);
    assert!(journal.wait_for("lost").await.contains("reset"));
    assert_eq!(journal.entries().len(), 1);
}

#[asyncio::test(timeout = "10s")]
async fn kinds_follow_each_other_on_one_connection() {
    // CPython: test_selector_events.SelectorSocketTransportBufferedProtocolTests.test_proto_type_switch
    let (before, after) = (Journal::default(), Journal::default());
    let next = after.clone();
    let script = Script::new(&before).on_data(move |transport, _| {
        let (again, mut block) = (next.clone(), Block::new(&next, 3));
        block.on_update = |transport, data| {
            if data == b"end" {
                let handle = transport.get_protocol::<Block>().expect("a block is running");
                assert!(handle.try_with(|_| ()).is_none());
                transport.set_protocol(Script::new(&JOURNAL.take().unwrap()));
            }
            Ok(())
        };
        JOURNAL.set(Some(again));
        transport.set_protocol(block);
        Ok(())
    });
    let (_transport, _, peer) = connected(script).await;
    send(&peer, b"to the first");
    before.wait_for("data").await;
    send(&peer, b"abcend");
    after.wait_for("got end").await;
    send(&peer, b"bytes as they come");
    after.wait_for("data").await;
    drop(peer);
    after.wait_for("lost").await;
    assert_eq!(before.entries(), ["made", "data to the first"]);
    assert_eq!(after.entries(), ["got abc", "got end", "data bytes as they come", "eof", "lost"]);
}

#[asyncio::test(timeout = "10s")]
async fn who_lent_its_memory_is_told_even_if_it_has_handed_the_connection_on() {
    let (before, after) = (Journal::default(), Journal::default());
    let mut block = Block::new(&before, 5);
    JOURNAL.set(Some(after.clone()));
    block.on_buffer = |transport| {
        if let Some(journal) = JOURNAL.take() {
            transport.set_protocol(Script::new(&journal));
        }
        Ok(())
    };
    let (_transport, _, peer) = connected(block).await;
    send(&peer, b"firstsecond");
    after.wait_for("data").await;
    assert_eq!(before.entries(), ["got first"]);
    assert_eq!(after.entries(), ["data second"]);
}

thread_local! {
    static JOURNAL: Cell<Option<Journal>> = const { Cell::new(None) };
}

struct Nothing;

impl BufferedProtocol for Nothing {}

#[asyncio::test(timeout = "10s")]
async fn the_callbacks_that_are_missing_do_nothing_but_memory_must_be_had() {
    // CPython: test_protocols.ProtocolsAbsTests.test_buffered_protocol
    let reports = Reports::collect();
    let (transport, _, peer) = connected(Nothing).await;
    send(&peer, b"x");
    while !transport.is_closing() {
        settle().await;
    }
    assert!(reports.all()[0].contains("empty buffer"));
}
