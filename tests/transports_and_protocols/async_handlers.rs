//! `async fn` handlers: tasks that the connection waits for.

use std::io::Write;
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use asyncio::{Error, Result, Transport};

use crate::support::journal::Journal;
use crate::support::net::{
    Reports, clog, connected, connected_narrowly, off_loop, read_exactly, reset, running, send, settle,
};

/// Handles lines one after the other: `sleep`, `fail`, `panic`, `close`, `switch`; notes their begin and end.
struct Slow {
    journal: Journal,
    gate: asyncio::Event,
    count: usize,
}

impl Slow {
    fn new(journal: &Journal) -> (Self, asyncio::Event) {
        let gate = asyncio::Event::new();
        (Self { journal: journal.clone(), gate: gate.clone(), count: 0 }, gate)
    }
}

#[asyncio::protocol(lines)]
impl Slow {
    async fn line_received(&mut self, transport: &Transport, line: &[u8]) -> Result<()> {
        self.count += 1;
        let line = String::from_utf8_lossy(line);
        self.journal.note(format!("begin {line}"));
        match &*line {
            "wait" => drop(self.gate.wait().await),
            "fail" => {
                asyncio::sleep(Duration::ZERO).await;
                return Err(Error::value_error("not done"));
            }
            "panic" => {
                asyncio::sleep(Duration::ZERO).await;
                panic!("not done");
            }
            "fail at once" => return Err(Error::value_error("not done")),
            "name" => {
                let name = asyncio::current_task().unwrap().unwrap().get_name();
                self.journal.note(name);
                asyncio::sleep(Duration::ZERO).await;
            }
            "cancel" => {
                asyncio::current_task().unwrap().unwrap().cancel();
                asyncio::sleep(Duration::ZERO).await;
            }
            "close" => {
                transport.close();
                asyncio::sleep(Duration::ZERO).await;
            }
            _ => {}
        }
        self.journal.note(format!("end {line} {}", self.count));
        Ok(())
    }

    fn eof_received(&mut self) -> bool {
        self.journal.note("eof");
        false
    }

    fn pause_writing(&mut self) {
        self.journal.note("pause");
    }

    fn connection_lost(&mut self, exc: Option<&Error>) {
        self.journal.note(exc.map_or_else(|| "lost".to_owned(), |error| format!("lost {error}")));
    }
}

#[asyncio::test(timeout = "10s")]
async fn handlers_run_one_at_a_time_and_in_order() {
    let journal = Journal::default();
    let (slow, gate) = Slow::new(&journal);
    let (transport, protocol, peer) = connected(slow).await;
    send(&peer, b"one\nwait\nthree\nfour");
    peer.shutdown(Shutdown::Write).unwrap();
    journal.wait_for("begin wait").await;
    settle().await;
    assert_eq!(journal.entries(), ["begin one", "end one 1", "begin wait"]);
    assert!(protocol.try_with(|_| ()).is_none(), "the handler has it until its end");
    assert!(transport.is_reading(), "nobody has paused it");
    gate.set();
    journal.wait_for("lost").await;
    let rest = ["end wait 2", "begin three", "end three 3", "begin four", "end four 4", "eof", "lost"];
    assert_eq!(journal.entries()[3..], rest);
}

#[asyncio::test(timeout = "10s")]
async fn reading_stops_while_a_handler_runs() {
    let journal = Journal::default();
    let (slow, gate) = Slow::new(&journal);
    let (transport, _, peer) = connected_narrowly(slow).await;
    send(&peer, b"wait\n");
    journal.wait_for("begin wait").await;
    // More than all buffers on the way hold: the peer can only get rid of it when somebody reads.
    let flood = off_loop({
        let mut peer = peer.try_clone().unwrap();
        peer.set_nonblocking(true).unwrap();
        move || {
            let (line, mut sent) = ([b'x'; 1000], 0_usize);
            while let Ok(count) = std::io::Write::write(&mut peer, &line) {
                sent += count;
            }
            sent
        }
    })
    .await;
    assert!(flood > 1000);
    settle().await;
    assert_eq!(journal.entries().len(), 1);
    transport.abort();
    settle().await;
    assert_eq!(journal.count("lost"), 0, "the end waits for the handler as well");
    gate.set();
    journal.wait_for("lost").await;
    assert_eq!(journal.entries(), ["begin wait", "end wait 1", "lost"]);
}

#[asyncio::test(timeout = "10s")]
async fn a_failure_ends_the_connection_as_that_of_a_plain_handler() {
    let reports = Reports::collect();
    for line in ["fail", "panic", "fail at once"] {
        let journal = Journal::default();
        let (_transport, _, peer) = connected(Slow::new(&journal).0).await;
        send(&peer, format!("{line}\nnever\n").as_bytes());
        let lost = journal.wait_for("lost").await;
        assert!(lost.contains("not done"), "{lost}");
        assert_eq!(journal.entries(), [format!("begin {line}"), lost]);
    }
    let reports = reports.all();
    assert_eq!(reports.len(), 3, "{reports:?}");
    for report in reports {
        assert!(report.starts_with("Fatal error: protocol.line_received() call failed."), "{report}");
        assert!(report.contains("transport") && report.contains("protocol"), "{report}");
    }
}

#[asyncio::test(timeout = "10s")]
async fn a_handler_finishes_although_its_peer_is_gone_and_connection_lost_comes_after_it() {
    let journal = Journal::default();
    let (slow, gate) = Slow::new(&journal);
    let (transport, _, peer) = connected(slow).await;
    send(&peer, b"wait\n");
    journal.wait_for("begin wait").await;
    reset(peer);
    settle().await;
    transport.write(b"finds out");
    transport.write(b"finds out");
    settle().await;
    assert_eq!(journal.entries(), ["begin wait"]);
    gate.set();
    journal.wait_for("lost").await;
    assert_eq!(journal.entries()[..2], ["begin wait", "end wait 1"]);
    assert_eq!(journal.entries().len(), 3);
}

#[asyncio::test(timeout = "10s")]
async fn flow_control_is_told_after_the_handler() {
    let journal = Journal::default();
    let (slow, gate) = Slow::new(&journal);
    // Nothing moves between unix sockets unless somebody reads, so that no news of the system's helps.
    let (near, mut peer) = UnixStream::pair().unwrap();
    let (transport, _) = running().create_unix_connection_with_sock(move || slow, near).await.unwrap();
    peer.write_all(b"wait\n").unwrap();
    journal.wait_for("begin wait").await;
    clog(&transport);
    settle().await;
    assert_eq!(journal.count("pause"), 0);
    gate.set();
    journal.wait_for("pause").await;
    assert_eq!(journal.entries(), ["begin wait", "end wait 1", "pause"]);
    transport.abort();
    journal.wait_for("lost").await;
}

#[asyncio::test(timeout = "10s")]
async fn a_handler_that_closes_runs_to_its_end() {
    let journal = Journal::default();
    let (_transport, _, peer) = connected(Slow::new(&journal).0).await;
    send(&peer, b"close\nnever\n");
    journal.wait_for("lost").await;
    assert_eq!(journal.entries(), ["begin close", "end close 1", "lost"]);
}

#[asyncio::test(timeout = "10s")]
async fn a_cancelled_handler_closes_the_connection() {
    let journal = Journal::default();
    let (_transport, _, peer) = connected(Slow::new(&journal).0).await;
    send(&peer, b"cancel\nnever\n");
    journal.wait_for("lost").await;
    assert_eq!(journal.entries(), ["begin cancel", "lost"]);
}

#[asyncio::test(timeout = "10s")]
async fn a_handler_that_is_cancelled_while_it_waits_closes_the_connection_as_well() {
    let journal = Journal::default();
    let (_transport, _, peer) = connected(Slow::new(&journal).0).await;
    send(&peer, b"wait\nnever\n");
    journal.wait_for("begin wait").await;
    settle().await;
    let tasks = asyncio::all_tasks().unwrap();
    let handler = tasks.iter().find(|task| task.get_name().starts_with("Slow.line_received")).unwrap();
    assert!(handler.cancel());
    journal.wait_for("lost").await;
    assert_eq!(journal.entries(), ["begin wait", "lost"]);
}

#[asyncio::test(timeout = "10s")]
async fn the_task_is_named_after_protocol_callback_and_peer() {
    let journal = Journal::default();
    let (_transport, _, peer) = connected(Slow::new(&journal).0).await;
    send(&peer, b"name\n");
    let address = peer.local_addr().unwrap();
    journal.wait_for("end name").await;
    assert_eq!(journal.entries()[1], format!("Slow.line_received of {address}"));
}

/// Notes the name of its task.
struct Named<T>(Journal, T);

#[asyncio::protocol(lines)]
impl<T: 'static> Named<T> {
    async fn line_received(&mut self) {
        self.0.note(asyncio::current_task().unwrap().unwrap().get_name());
    }
}

#[asyncio::test(timeout = "10s")]
async fn the_name_is_short_and_the_peer_may_be_a_unix_socket() {
    let journal = Journal::default();
    let (near, mut far) = UnixStream::pair().unwrap();
    let named = Named(journal.clone(), Vec::<std::time::Instant>::new());
    let (transport, _) = running().create_unix_connection_with_sock(move || named, near).await.unwrap();
    far.write_all(b"name\n").unwrap();
    assert_eq!(journal.wait_for("").await, "Named.line_received of a socket without a name");
    transport.close();
}

/// Answers each line with a megabyte, in one step or in two.
struct Generous {
    journal: Journal,
    awaits: bool,
}

#[asyncio::protocol(lines)]
impl Generous {
    async fn line_received(&mut self, transport: &Transport, line: Vec<u8>) {
        self.journal.note(String::from_utf8_lossy(&line));
        if self.awaits {
            asyncio::sleep(Duration::ZERO).await;
        }
        transport.write(&[b'x'; 1 << 20]);
    }
}

#[asyncio::test(timeout = "20s")]
async fn the_next_handler_waits_until_the_peer_has_read_what_the_last_one_wrote() {
    for awaits in [false, true] {
        let journal = Journal::default();
        let generous = Generous { journal: journal.clone(), awaits };
        let (transport, _, peer) = connected_narrowly(generous).await;
        send(&peer, b"one\ntwo\n");
        journal.wait_for("one").await;
        send(&peer, b"three\n");
        settle().await;
        assert_eq!(journal.entries(), ["one"], "its answer fills all buffers");
        assert!(transport.get_write_buffer_size() > transport.get_write_buffer_limits().1);
        for wanted in ["two", "three"] {
            read_exactly(&peer, 1 << 20).await;
            journal.wait_for(wanted).await;
        }
        settle().await;
        assert!(transport.get_write_buffer_size() <= 1 << 20);
        read_exactly(&peer, 1 << 20).await;
        transport.set_write_buffer_limits(4 << 20, None).unwrap();
        send(&peer, b"four\nfive\n");
        journal.wait_for("five").await;
        settle().await;
        assert!(transport.get_write_buffer_size() > 1 << 20, "two answers are within the limits now");
        transport.abort();
    }
}

#[asyncio::test(timeout = "10s")]
async fn raised_limits_let_the_next_handler_go_on() {
    let journal = Journal::default();
    let (transport, _, peer) = connected_narrowly(Generous { journal: journal.clone(), awaits: false }).await;
    send(&peer, b"one\ntwo\n");
    journal.wait_for("one").await;
    settle().await;
    assert_eq!(journal.entries(), ["one"]);
    transport.set_write_buffer_limits(8 << 20, 4 << 20).unwrap();
    journal.wait_for("two").await;
    transport.abort();
}

#[asyncio::test(timeout = "10s")]
async fn a_connection_whose_handler_waits_for_room_is_closed_and_lost_as_any_other() {
    for ends in [Transport::close as fn(&Transport), Transport::abort] {
        let journal = Journal::default();
        let (transport, _, peer) = connected_narrowly(Generous { journal: journal.clone(), awaits: true }).await;
        send(&peer, b"one\ntwo\n");
        journal.wait_for("one").await;
        settle().await;
        ends(&transport);
        drop(peer);
        while transport.socket().unwrap().fileno().is_some() {
            settle().await;
        }
        assert_eq!(journal.entries(), ["one"]);
    }
}

#[asyncio::test(timeout = "10s")]
async fn a_server_is_closed_when_its_last_handler_has_ended() {
    let journal = Journal::default();
    let (slow, gate) = Slow::new(&journal);
    let mut slow = Some(slow);
    let server = running().create_server(move || slow.take().unwrap(), "127.0.0.1", 0).await.unwrap();
    let peer = crate::support::net::client_of(&server);
    send(&peer, b"wait\n");
    journal.wait_for("begin").await;
    server.close();
    server.abort_clients();
    let closed = asyncio::create_task(async move { server.wait_closed().await });
    settle().await;
    assert!(!closed.done());
    gate.set();
    closed.await.unwrap();
    assert_eq!(journal.entries(), ["begin wait", "end wait 1", "lost"]);
}
