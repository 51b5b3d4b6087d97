//! Which callbacks may be `async fn`, and what their failures are called.

use std::net::Shutdown;
use std::time::Duration;

use asyncio::{Error, Result, Transport};

use crate::support::journal::Journal;
use crate::support::net::{Reports, connected, read_all, read_exactly, send};

/// Waits in each callback that may wait.
struct Waiting(Journal);

#[asyncio::protocol]
impl Waiting {
    async fn connection_made(&mut self, transport: &Transport) {
        asyncio::sleep(Duration::ZERO).await;
        transport.write(b"made");
        self.0.note("made");
    }

    async fn data_received(&mut self, transport: &Transport, data: Vec<u8>) {
        asyncio::sleep(Duration::ZERO).await;
        transport.write(&data);
        self.0.note(format!("data {}", String::from_utf8_lossy(&data)));
    }

    async fn eof_received(&mut self, transport: &Transport) -> bool {
        asyncio::sleep(Duration::ZERO).await;
        transport.write(b"eof");
        self.0.note("eof");
        false
    }

    fn connection_lost(&mut self) {
        self.0.note("lost");
    }
}

#[asyncio::test(timeout = "10s")]
async fn each_callback_of_a_stream_that_may_wait_does() {
    let journal = Journal::default();
    let (_transport, _, peer) = connected(Waiting(journal.clone())).await;
    send(&peer, b" data ");
    assert_eq!(read_exactly(&peer, 10).await, b"made data ");
    peer.shutdown(Shutdown::Write).unwrap();
    assert_eq!(read_exactly(&peer, 3).await, b"eof");
    journal.wait_for("lost").await;
    assert_eq!(journal.entries(), ["made", "data  data ", "eof", "lost"]);
}

/// As that, line by line.
struct WaitingForLines(Journal);

#[asyncio::protocol(lines)]
impl WaitingForLines {
    async fn line_received(&mut self, transport: &Transport, line: Vec<u8>) {
        asyncio::sleep(Duration::ZERO).await;
        transport.write(&line);
    }

    async fn eof_received(&mut self, transport: &Transport) -> bool {
        asyncio::sleep(Duration::ZERO).await;
        transport.write(b" eof");
        transport.close();
        true
    }

    fn connection_lost(&mut self) {
        self.0.note("lost");
    }
}

#[asyncio::test(timeout = "10s")]
async fn the_end_of_the_stream_leaves_the_connection_open_for_the_handler() {
    let journal = Journal::default();
    let (_transport, _, peer) = connected(WaitingForLines(journal.clone())).await;
    send(&peer, b"line\n");
    peer.shutdown(Shutdown::Write).unwrap();
    assert_eq!(read_all(peer).await, b"line eof");
    journal.wait_for("lost").await;
}

/// Waits for memory to be used.
struct Block(Journal, [u8; 3]);

#[asyncio::protocol]
impl Block {
    fn get_buffer(&mut self) -> &mut [u8] {
        &mut self.1
    }

    async fn buffer_updated(&mut self, nbytes: usize) {
        asyncio::sleep(Duration::ZERO).await;
        self.0.note(format!("got {}", String::from_utf8_lossy(&self.1[..nbytes])));
    }
}

#[asyncio::test(timeout = "10s")]
async fn memory_is_not_written_to_while_a_handler_uses_it() {
    let journal = Journal::default();
    let (_transport, _, peer) = connected(Block(journal.clone(), [0; 3])).await;
    send(&peer, b"abcdefgh");
    journal.wait_for("got gh").await;
    assert_eq!(journal.entries(), ["got abc", "got def", "got gh"]);
}

/// Fails in one callback, after a wait.
struct Failing(&'static str, Journal, [u8; 8]);

impl Failing {
    async fn fail_in(&self, callback: &str) -> Result<()> {
        asyncio::sleep(Duration::ZERO).await;
        if callback == self.0 { Err(Error::value_error("not done")) } else { Ok(()) }
    }
}

#[asyncio::protocol]
impl Failing {
    async fn connection_made(&mut self) -> Result<()> {
        self.fail_in("connection_made").await
    }

    fn get_buffer(&mut self) -> &mut [u8] {
        &mut self.2
    }

    async fn buffer_updated(&mut self) -> Result<()> {
        self.1.note("data");
        self.fail_in("buffer_updated").await
    }

    async fn eof_received(&mut self) -> Result<bool> {
        self.fail_in("eof_received").await.map(|()| false)
    }

    fn connection_lost(&mut self, exc: Option<&Error>) {
        self.1.note(exc.map_or_else(|| "lost".to_owned(), |error| format!("lost {error}")));
    }
}

#[asyncio::test(timeout = "10s")]
async fn a_failure_is_reported_under_its_callback_and_that_of_connection_made_alone_ends_nothing() {
    for (callback, message, outcome) in [
        ("connection_made", "protocol.connection_made() call failed", "lost"),
        ("buffer_updated", "Fatal error: protocol.buffer_updated() call failed.", "lost ValueError: not done"),
        ("eof_received", "Fatal error: protocol.eof_received() call failed.", "lost ValueError: not done"),
    ] {
        let (journal, reports) = (Journal::default(), Reports::collect());
        let (_transport, _, peer) = connected(Failing(callback, journal.clone(), [0; 8])).await;
        send(&peer, b"data");
        peer.shutdown(Shutdown::Write).unwrap();
        journal.wait_for("lost").await;
        assert_eq!(journal.entries(), ["data", outcome], "{callback}");
        let reports = reports.all();
        assert!(reports.len() == 1 && reports[0].starts_with(&format!("{message}: ")), "{reports:?}");
    }
}

#[asyncio::protocol]
struct Around {
    #[protocol(inner)]
    inner: Waiting,
}

#[asyncio::test(timeout = "10s")]
async fn an_async_handler_cannot_be_called_by_a_protocol_around_it() {
    let (journal, reports) = (Journal::default(), Reports::collect());
    let (_transport, _, peer) = connected(Around { inner: Waiting(journal.clone()) }).await;
    send(&peer, b"x");
    journal.wait_for("lost").await;
    assert!(reports.all()[1].contains("data_received of"), "{:?}", reports.all());
    assert!(reports.all()[1].contains("a plain fn"), "{:?}", reports.all());
}
