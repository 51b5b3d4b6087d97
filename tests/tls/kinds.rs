//! Each kind of protocol above TLS: own memory, frames, `async fn` handlers, and one after the other.

use std::net::Shutdown;

use asyncio::{Error, IntoEndpoint, ProtocolHandle, Result, Task, Transport};

use super::certificates::{Authority, trusting};
use super::peers::{ServerPeer, accept, end, listener, read, server_config, write};
use crate::support::journal::Journal;
use crate::support::net::{off_loop, running, settle};
use crate::support::script::Script;

/// A protocol of the loop's, connected to a blocking server that does something on another thread.
pub(crate) async fn against<P: IntoEndpoint<K>, K, T: Clone + Send + 'static>(
    protocol: P,
    does: impl FnOnce(ServerPeer) -> T + Send + 'static,
) -> (Transport, ProtocolHandle<P>, Task<T>) {
    let authority = Authority::new("tests");
    let config = server_config(&authority.issue(&["127.0.0.1"]));
    let context = trusting(&authority).build().unwrap();
    let (listener, port) = listener();
    let peer =
        asyncio::create_task(async move { Ok::<_, Error>(off_loop(move || does(accept(&listener, &config))).await) });
    let connecting = running().create_connection(move || protocol, "127.0.0.1", port).ssl(&context);
    let (transport, protocol) = connecting.await.unwrap();
    (transport, protocol, peer)
}

/// Says this, and its last word.
fn say(data: &'static [u8]) -> impl FnOnce(ServerPeer) + Send {
    move |mut peer| {
        write(&mut peer, data);
        end(&mut peer);
    }
}

/// Notes lines; `pause`, `switch` and `close` do that.
struct Lines {
    journal: Journal,
}

#[asyncio::protocol(lines)]
impl Lines {
    fn line_received(&mut self, transport: &Transport, line: &[u8]) {
        let line = String::from_utf8_lossy(line);
        self.journal.note(format!("line {line}"));
        match &*line {
            "pause" => transport.pause_reading(),
            "switch" => transport.set_protocol(Script::new(&self.journal)),
            "close" => transport.close(),
            _ => {}
        }
    }

    fn eof_received(&mut self) -> bool {
        self.journal.note("eof");
        false
    }

    fn connection_lost(&mut self, exc: Option<&Error>) {
        self.journal.note(exc.map_or_else(|| "lost".to_owned(), |error| format!("lost {error}")));
    }
}

#[asyncio::test(timeout = "10s")]
async fn a_protocol_of_lines_gets_them_all_and_the_last_one_without_its_end() {
    let journal = Journal::default();
    let (_transport, _, peer) = against(Lines { journal: journal.clone() }, say(b"one\ntwo\nthree")).await;
    journal.wait_for("lost").await;
    peer.await.unwrap();
    assert_eq!(journal.entries(), ["line one", "line two", "line three", "eof", "lost"]);
}

#[asyncio::test(timeout = "10s")]
async fn a_line_that_was_cut_off_with_the_connection_does_not_count() {
    let journal = Journal::default();
    let (_transport, _, peer) = against(Lines { journal: journal.clone() }, |mut peer| {
        write(&mut peer, b"pay 1000");
        peer.sock.shutdown(Shutdown::Both).unwrap();
    })
    .await;
    let lost = journal.wait_for("lost").await;
    peer.await.unwrap();
    assert!(lost.contains("truncated"), "{lost}");
    assert_eq!(journal.entries().len(), 1);
}

#[asyncio::test(timeout = "10s")]
async fn pausing_between_two_lines_counts_at_once_and_the_rest_comes_first_afterwards() {
    let journal = Journal::default();
    let lines = Lines { journal: journal.clone() };
    let (transport, _, peer) = against(lines, say(b"one\npause\ntwo\npause\nthree\nfour")).await;
    peer.await.unwrap();
    for count in [2, 4] {
        journal.until(|entries| entries.len() == count).await;
        settle().await;
        assert_eq!(journal.entries().len(), count);
        transport.resume_reading();
    }
    journal.wait_for("lost").await;
    let lines = ["line one", "line pause", "line two", "line pause", "line three", "line four", "eof", "lost"];
    assert_eq!(journal.entries(), lines);
}

#[asyncio::test(timeout = "10s")]
async fn closing_between_two_lines_leaves_the_rest_to_nobody() {
    let journal = Journal::default();
    let (_transport, _, peer) = against(Lines { journal: journal.clone() }, say(b"close\nlost and gone\n")).await;
    journal.wait_for("lost").await;
    peer.await.unwrap();
    assert_eq!(journal.entries(), ["line close", "lost"]);
}

#[asyncio::test(timeout = "10s")]
async fn what_is_behind_the_line_that_switches_is_for_the_new_protocol() {
    // CPython: test_sslproto.SslProtoHandshakeTests.test_set_new_app_protocol
    let journal = Journal::default();
    let (transport, _, peer) = against(Lines { journal: journal.clone() }, say(b"switch\nno line\nat all")).await;
    assert!(transport.get_protocol::<Script>().is_none());
    journal.wait_for("lost").await;
    peer.await.unwrap();
    assert_eq!(journal.entries(), ["line switch", "data no line\nat all", "eof", "lost"]);
}

#[asyncio::test(timeout = "10s")]
async fn the_beginning_of_a_line_goes_to_the_protocol_that_is_set_later() {
    let journal = Journal::default();
    let (go, wait) = std::sync::mpsc::channel::<()>();
    let lines = Lines { journal: journal.clone() };
    let (transport, protocol, peer) = against(lines, move |mut peer| {
        write(&mut peer, b"one\nbegin");
        wait.recv().unwrap();
        write(&mut peer, b"ning");
        end(&mut peer);
    })
    .await;
    journal.wait_for("line one").await;
    assert!(transport.get_protocol::<Lines>().unwrap() == protocol);
    transport.set_protocol(Script::new(&journal));
    assert!(transport.get_protocol::<Script>().is_some());
    journal.wait_for("data begin").await;
    go.send(()).unwrap();
    journal.wait_for("lost").await;
    peer.await.unwrap();
    assert_eq!(journal.entries(), ["line one", "data begin", "data ning", "eof", "lost"]);
}

/// Frames with a length before them.
struct Frames {
    journal: Journal,
}

#[asyncio::protocol(length_prefixed = u32)]
impl Frames {
    fn frame_received(&mut self, frame: &[u8]) {
        self.journal.note(format!("frame {}", String::from_utf8_lossy(frame)));
    }

    fn connection_lost(&mut self, exc: Option<&Error>) {
        self.journal.note(exc.map_or_else(|| "lost".to_owned(), |error| format!("lost {error}")));
    }
}

#[asyncio::test(timeout = "10s")]
async fn a_frame_that_is_cut_off_ends_the_connection_with_an_error_of_its_own() {
    let journal = Journal::default();
    let data = b"\0\0\0\x05whole\0\0\0\x05ha";
    let (_transport, _, peer) = against(Frames { journal: journal.clone() }, say(data)).await;
    let lost = journal.wait_for("lost").await;
    peer.await.unwrap();
    assert!(lost.contains("IncompleteReadError"), "{lost}");
    assert_eq!(journal.entries()[0], "frame whole");
}

/// Memory for seven bytes; pauses when `p` comes last.
struct Small {
    memory: [u8; 7],
    journal: Journal,
}

#[asyncio::protocol]
impl Small {
    fn get_buffer(&mut self) -> &mut [u8] {
        &mut self.memory
    }

    fn buffer_updated(&mut self, transport: &Transport, nbytes: usize) {
        let data = &self.memory[..nbytes];
        self.journal.note(format!("data {}", String::from_utf8_lossy(data)));
        if data.ends_with(b"p") {
            transport.pause_reading();
        }
    }

    fn connection_lost(&mut self, exc: Option<&Error>) {
        self.journal.note(exc.map_or_else(|| "lost".to_owned(), |error| format!("lost {error}")));
    }
}

#[asyncio::test(timeout = "10s")]
async fn plaintext_lands_in_the_protocols_own_memory_as_much_as_fits() {
    // CPython: test_sslproto.SelectorStartTLSTests.test_start_tls_client_buf_proto_1, test_buf_feed_data;
    // test_ssl.TestSSL.test_start_tls_client_buf_proto_1
    let journal = Journal::default();
    let small = Small { memory: [0; 7], journal: journal.clone() };
    let (_transport, _, peer) = against(small, say(b"seven..six p.rest")).await;
    peer.await.unwrap();
    journal.wait_for("lost").await;
    assert_eq!(journal.entries(), ["data seven..", "data six p.r", "data est", "lost"]);
}

#[asyncio::test(timeout = "10s")]
async fn a_buffered_protocol_that_pauses_is_left_in_peace() {
    let journal = Journal::default();
    let small = Small { memory: [0; 7], journal: journal.clone() };
    let (transport, _, peer) = against(small, say(b"seven.psix")).await;
    peer.await.unwrap();
    journal.wait_for("data seven.p").await;
    settle().await;
    assert_eq!(journal.entries().len(), 1);
    transport.resume_reading();
    journal.wait_for("lost").await;
    assert_eq!(journal.entries(), ["data seven.p", "data six", "lost"]);
}

/// Handles lines one after the other; `wait` waits.
struct Slow {
    journal: Journal,
    gate: asyncio::Event,
}

impl Slow {
    fn new(journal: &Journal) -> (Self, asyncio::Event) {
        let gate = asyncio::Event::new();
        (Self { journal: journal.clone(), gate: gate.clone() }, gate)
    }
}

#[asyncio::protocol(lines)]
impl Slow {
    async fn line_received(&mut self, transport: &Transport, line: &[u8]) -> Result<()> {
        let line = String::from_utf8_lossy(line);
        self.journal.note(format!("begin {line}"));
        match &*line {
            "wait" => drop(self.gate.wait().await),
            "fail" => {
                self.gate.wait().await?;
                return Err(Error::value_error("not done"));
            }
            "close" => {
                transport.close();
                self.gate.wait().await?;
            }
            "fill" => {
                transport.write(&vec![b'x'; 12 << 20]);
                self.gate.wait().await?;
            }
            _ => {}
        }
        self.journal.note(format!("end {line}"));
        Ok(())
    }

    async fn eof_received(&mut self, transport: &Transport) -> Result<bool> {
        self.journal.note("eof");
        transport.write(b"a last answer");
        asyncio::sleep(std::time::Duration::from_millis(1)).await;
        Ok(true)
    }

    fn pause_writing(&mut self) {
        self.journal.note("pause");
    }

    fn resume_writing(&mut self) {
        self.journal.note("resume");
    }

    fn connection_lost(&mut self, exc: Option<&Error>) {
        self.journal.note(exc.map_or_else(|| "lost".to_owned(), |error| format!("lost {error}")));
    }
}

#[asyncio::test(timeout = "10s")]
async fn async_handlers_run_one_at_a_time_and_the_end_waits_for_them() {
    let journal = Journal::default();
    let (slow, gate) = Slow::new(&journal);
    let (_transport, _, peer) = against(slow, |mut peer| {
        write(&mut peer, b"one\nwait\nthree\nfour");
        end(&mut peer);
        read(&mut peer, 13)
    })
    .await;
    journal.wait_for("begin wait").await;
    settle().await;
    assert_eq!(journal.entries(), ["begin one", "end one", "begin wait"]);
    gate.set();
    journal.wait_for("lost").await;
    assert_eq!(peer.await.unwrap(), b"a last answer");
    let rest = ["end wait", "begin three", "end three", "begin four", "end four", "eof", "lost"];
    assert_eq!(journal.entries()[3..], rest);
}

#[asyncio::test(timeout = "10s")]
async fn an_async_handler_that_fails_ends_the_connection() {
    let journal = Journal::default();
    let reports = crate::support::net::Reports::collect();
    let (slow, gate) = Slow::new(&journal);
    let (_transport, _, peer) = against(slow, say(b"fail\nnever\n")).await;
    journal.wait_for("begin fail").await;
    gate.set();
    assert!(journal.wait_for("lost").await.contains("not done"));
    peer.await.unwrap();
    assert_eq!(journal.count("begin never"), 0);
    assert_eq!(reports.all().len(), 1, "{:?}", reports.all());
}

#[asyncio::test(timeout = "10s")]
async fn the_loss_of_a_connection_is_told_when_the_handler_has_ended() {
    let journal = Journal::default();
    let (slow, gate) = Slow::new(&journal);
    let (transport, _, peer) = against(slow, |mut peer| {
        write(&mut peer, b"close\n");
        let _ = std::io::Read::read(&mut peer, &mut [0; 1]);
    })
    .await;
    journal.wait_for("begin close").await;
    peer.await.unwrap();
    settle().await;
    assert!(transport.is_closing());
    assert_eq!(journal.entries(), ["begin close"]);
    gate.set();
    journal.wait_for("lost").await;
    assert_eq!(journal.entries(), ["begin close", "end close", "lost"]);
}

#[asyncio::test(timeout = "10s")]
async fn a_handler_that_writes_too_much_is_told_when_it_has_ended() {
    let journal = Journal::default();
    let (slow, gate) = Slow::new(&journal);
    let (go, wait) = std::sync::mpsc::channel::<()>();
    let (transport, _, peer) = against(slow, move |mut peer| {
        write(&mut peer, b"fill\n");
        wait.recv().unwrap();
        let data = read(&mut peer, 12 << 20);
        end(&mut peer);
        read(&mut peer, 13);
        data.len()
    })
    .await;
    journal.wait_for("begin fill").await;
    settle().await;
    assert!(transport.get_write_buffer_size() > 512 * 1024, "{}", transport.get_write_buffer_size());
    assert_eq!(journal.entries(), ["begin fill"]);
    gate.set();
    journal.wait_for("pause").await;
    go.send(()).unwrap();
    journal.wait_for("lost").await;
    assert_eq!(peer.await.unwrap(), 12 << 20);
    assert_eq!(journal.entries(), ["begin fill", "end fill", "pause", "resume", "eof", "lost"]);
}
