//! Protocols of frames: whole messages instead of bytes.

use std::cell::Cell;
use std::net::Shutdown;
use std::rc::Rc;

use asyncio::{Error, Transport};

use crate::support::journal::Journal;
use crate::support::net::{Reports, connected, read_exactly, send, settle};
use crate::support::script::Script;

/// What a test has a protocol do with a frame.
type OnFrame = Box<dyn FnMut(&Transport, &[u8]) -> asyncio::Result<()>>;

/// Notes `line TEXT`, `long`, `eof` and `lost`.
struct Lines {
    journal: Journal,
    skip: bool,
    does: OnFrame,
}

impl Lines {
    fn new(journal: &Journal) -> Self {
        Self { journal: journal.clone(), skip: false, does: Box::new(|_, _| Ok(())) }
    }

    fn on_line(journal: &Journal, does: impl FnMut(&Transport, &[u8]) -> asyncio::Result<()> + 'static) -> Self {
        Self { does: Box::new(does), ..Self::new(journal) }
    }
}

#[asyncio::protocol(lines, max = 20)]
impl Lines {
    fn line_received(&mut self, transport: &Transport, line: &[u8]) -> asyncio::Result<()> {
        self.journal.note(format!("line {}", String::from_utf8_lossy(line)));
        (self.does)(transport, line)
    }

    fn frame_too_long(&mut self, exc: &Error) -> bool {
        assert!(matches!(exc, Error::LimitOverrunError(error) if error.consumed == 20));
        self.journal.note("long");
        self.skip
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
async fn lines_come_whole_and_without_their_ends() {
    let journal = Journal::default();
    let (_transport, _, peer) = connected(Lines::new(&journal)).await;
    for piece in ["on", "e\ntwo\r\n\n th", "ree \r", "\n"] {
        send(&peer, piece.as_bytes());
        settle().await;
    }
    send(&peer, b"the last has no end");
    drop(peer);
    journal.wait_for("lost").await;
    assert_eq!(
        journal.entries(),
        ["line one", "line two", "line ", "line  three ", "line the last has no end", "eof", "lost"]
    );
}

#[asyncio::test(timeout = "10s")]
async fn frames_of_one_read_are_lent_from_one_piece_of_memory() {
    let (journal, places) = (Journal::default(), Rc::new(Cell::new([0_usize; 3])));
    let (seen, mut count) = (places.clone(), 0);
    let lines = Lines::on_line(&journal, move |_, line| {
        let mut places = seen.get();
        places[count] = line.as_ptr() as usize;
        count += 1;
        seen.set(places);
        Ok(())
    });
    let (_transport, _, peer) = connected(lines).await;
    send(&peer, b"first\nsecond\nthird\n");
    journal.wait_for("line third").await;
    let [first, second, third] = places.get();
    assert_eq!((second - first, third - second), (6, 7));
}

#[asyncio::test(timeout = "10s")]
async fn a_frame_above_the_limit_ends_the_connection_and_is_no_report() {
    let journal = Journal::default();
    let (_transport, _, peer) = connected(Lines::new(&journal)).await;
    send(&peer, b"short\nthis line has too many bytes\nnext\n");
    journal.wait_for("lost").await;
    let entries = journal.entries();
    assert_eq!(entries[..2], ["line short", "long"]);
    assert!(entries[2].contains("LimitOverrunError: a frame is longer than the limit of 20 bytes: it has 28"));
    assert_eq!(entries.len(), 3);
}

/// Says nothing about what is too long.
struct Plain(Journal);

#[asyncio::protocol(lines, max = 3)]
impl Plain {
    fn line_received(&mut self, line: &[u8]) {
        self.0.note(format!("line {}", String::from_utf8_lossy(line)));
    }

    fn connection_lost(&mut self, exc: Option<&Error>) {
        self.0.note(if matches!(exc, Some(Error::LimitOverrunError(_))) { "too long" } else { "lost" });
    }
}

#[asyncio::test(timeout = "10s")]
async fn a_last_line_without_an_end_has_the_same_limit_and_unless_told_otherwise_it_ends_the_connection() {
    for (sent, last) in [("one\ntwo", "line two"), ("one\nfour", "too long")] {
        let journal = Journal::default();
        let (_transport, _, peer) = connected(Plain(journal.clone())).await;
        send(&peer, sent.as_bytes());
        drop(peer);
        journal.until(|entries| entries.last().is_some_and(|last| !last.starts_with("line"))).await;
        assert_eq!(journal.entries()[..2], ["line one", last]);
    }
}

#[asyncio::test(timeout = "10s")]
async fn a_frame_above_the_limit_can_be_skipped() {
    let journal = Journal::default();
    let lines = Lines { skip: true, ..Lines::new(&journal) };
    let (_transport, _, peer) = connected(lines).await;
    for _ in 0..3 {
        send(&peer, b"0123456789 0123456789 0123456789");
        settle().await;
    }
    send(&peer, b"\nafter it\n");
    drop(peer);
    journal.wait_for("lost").await;
    assert_eq!(journal.entries(), ["long", "line after it", "eof", "lost"]);
}

#[asyncio::test(timeout = "10s")]
async fn pausing_inside_a_frame_keeps_the_others_until_reading_goes_on() {
    let journal = Journal::default();
    let lines = Lines::on_line(&journal, |transport, _| {
        transport.pause_reading();
        Ok(())
    });
    let (transport, _, peer) = connected(lines).await;
    send(&peer, b"one\ntwo\nthree\nfo");
    for number in 1..=3 {
        journal.until(|entries| entries.len() == number).await;
        settle().await;
        assert_eq!(journal.entries().len(), number);
        if number == 2 {
            send(&peer, b"ur\nfive");
            peer.shutdown(Shutdown::Write).unwrap();
            settle().await;
        }
        transport.resume_reading();
    }
    journal.wait_for("line four").await;
    transport.resume_reading();
    journal.wait_for("line five").await;
    settle().await;
    assert_eq!(journal.count("eof"), 0, "the end of the stream waits for the last line");
    transport.resume_reading();
    journal.wait_for("lost").await;
    assert_eq!(journal.entries(), ["line one", "line two", "line three", "line four", "line five", "eof", "lost"]);
}

#[asyncio::test(timeout = "10s")]
async fn closing_inside_a_frame_is_the_last_of_the_connection() {
    let journal = Journal::default();
    let lines = Lines::on_line(&journal, |transport, _| {
        transport.close();
        Ok(())
    });
    let (_transport, _, peer) = connected(lines).await;
    send(&peer, b"one\ntwo\n");
    journal.wait_for("lost").await;
    assert_eq!(journal.entries(), ["line one", "lost"]);
}

#[asyncio::test(timeout = "10s")]
async fn a_failing_frame_callback_is_reported_and_ends_the_connection() {
    let (journal, reports) = (Journal::default(), Reports::collect());
    let lines = Lines::on_line(&journal, |_, _| Err(Error::value_error("not understood")));
    let (_transport, _, peer) = connected(lines).await;
    send(&peer, b"one\ntwo\n");
    journal.wait_for("lost").await;
    assert_eq!(journal.entries(), ["line one", "lost ValueError: not understood"]);
    let reports = reports.all();
    assert!(reports.len() == 1 && reports[0].starts_with("Fatal error: protocol.line_received()"), "{reports:?}");
}

/// Fails at everything, and notes `lost`.
struct Failing(Journal);

#[asyncio::protocol(length_prefixed = u16, max = 4)]
impl Failing {
    fn frame_received(&mut self) -> asyncio::Result<()> {
        Err(Error::value_error("not understood"))
    }

    fn frame_too_long(&mut self) -> asyncio::Result<bool> {
        Err(Error::value_error("not wanted"))
    }

    fn connection_lost(&mut self) {
        self.0.note("lost");
    }
}

#[asyncio::test(timeout = "10s")]
async fn the_report_names_the_callback_that_failed() {
    for (data, expected) in [
        (&b"\0\x01x"[..], "Fatal error: protocol.frame_received() call failed.: ValueError: not understood"),
        (b"\0\x05", "Fatal error: protocol.frame_too_long() call failed.: ValueError: not wanted"),
    ] {
        let (journal, reports) = (Journal::default(), Reports::collect());
        let (_transport, _, peer) = connected(Failing(journal.clone())).await;
        send(&peer, data);
        journal.wait_for("lost").await;
        let reports = reports.all();
        assert!(reports.len() == 1 && reports[0].starts_with(expected), "{reports:?}");
    }
}

#[asyncio::test(timeout = "10s")]
async fn what_follows_the_frame_that_hands_on_goes_to_the_new_protocol() {
    let (before, after) = (Journal::default(), Journal::default());
    let next = after.clone();
    let lines = Lines::on_line(&before, move |transport, line| {
        if line == b"UPGRADE" {
            transport.set_protocol(Script::new(&next));
        }
        Ok(())
    });
    let (_transport, _, peer) = connected(lines).await;
    send(&peer, b"HELLO\nUPGRADE\nraw\0bytes\nof any kind");
    drop(peer);
    after.wait_for("lost").await;
    assert_eq!(before.entries(), ["line HELLO", "line UPGRADE"]);
    assert_eq!(after.entries(), ["data raw\0bytes\nof any kind", "eof", "lost"]);
}

#[asyncio::test(timeout = "10s")]
async fn half_a_frame_goes_to_the_new_protocol_when_somebody_else_hands_on() {
    let (before, after) = (Journal::default(), Journal::default());
    let lines = Lines::on_line(&before, |transport, line| {
        if line == b"stop" {
            transport.pause_reading();
        }
        Ok(())
    });
    let (transport, _, peer) = connected(lines).await;
    send(&peer, b"half ");
    settle().await;
    transport.set_protocol(Lines::new(&after));
    settle().await;
    send(&peer, b"and half\nmore\n");
    after.wait_for("line more").await;
    transport.set_protocol(Lines::on_line(&before, |transport, _| {
        transport.pause_reading();
        Ok(())
    }));
    send(&peer, b"stop\nthe rest\n");
    before.wait_for("line stop").await;
    transport.set_protocol(Script::new(&after));
    settle().await;
    assert_eq!(after.count("data the rest\n"), 0, "reading is paused");
    transport.resume_reading();
    after.wait_for("data the rest").await;
    assert_eq!(after.entries(), ["line half and half", "line more", "data the rest\n"]);
    assert_eq!(before.entries(), ["line stop"]);
}

/// Sends back what it gets, in its own framing.
struct Echo(Journal);

#[asyncio::protocol(length_prefixed = u16 le)]
impl Echo {
    fn frame_received(&mut self, transport: &Transport, frame: &[u8]) -> asyncio::Result<()> {
        transport.write_frame(frame)
    }

    fn connection_lost(&mut self, exc: Option<&Error>) {
        self.0.note(format!("lost {}", exc.map(ToString::to_string).unwrap_or_default()));
    }
}

#[asyncio::test(timeout = "10s")]
async fn write_frame_writes_what_the_peer_reads_as_a_frame() {
    let journal = Journal::default();
    let (transport, _, peer) = connected(Echo(journal.clone())).await;
    send(&peer, b"\x03\0one\0\0\x02\0");
    send(&peer, b"tw");
    assert_eq!(read_exactly(&peer, 11).await, b"\x03\0one\0\0\x02\0tw");
    let long = vec![0; 65537];
    assert!(transport.write_frame(&long).unwrap_err().to_string().contains("above the limit of 65536"));
    send(&peer, b"\x05\0cut");
    drop(peer);
    let lost = journal.wait_for("lost").await;
    assert_eq!(lost, "lost IncompleteReadError: 3 bytes read on a total of 5 expected");
    assert!(transport.write_frame(b"after the end").is_ok());
}

struct Zeros(Journal);

#[asyncio::protocol(delimited = b"\0\0", max = 8)]
impl Zeros {
    fn frame_received(&mut self, frame: &[u8]) {
        self.0.note(format!("frame {frame:?}"));
    }

    fn connection_lost(&mut self, exc: Option<&Error>) {
        self.0.note(format!("lost {}", exc.map(ToString::to_string).unwrap_or_default()));
    }
}

#[asyncio::test(timeout = "10s")]
async fn delimited_frames_may_have_any_bytes_but_the_delimiter() {
    let journal = Journal::default();
    let (transport, _, peer) = connected(Zeros(journal.clone())).await;
    send(&peer, b"a\0b\0");
    settle().await;
    send(&peer, b"\0\n\0\0x");
    journal.until(|entries| entries.len() == 2).await;
    transport.write_frame(b"c\0d").unwrap();
    assert_eq!(read_exactly(&peer, 5).await, b"c\0d\0\0");
    assert!(transport.write_frame(b"c\0\0d").is_err());
    drop(peer);
    journal.wait_for("lost").await;
    assert_eq!(
        journal.entries(),
        ["frame [97, 0, 98]", "frame [10]", "lost IncompleteReadError: 1 bytes read, and the stream ended"]
    );
}

#[asyncio::test(timeout = "10s")]
async fn write_line_goes_with_any_protocol_and_write_frame_needs_a_framing() {
    let (transport, _, peer) = connected(Script::new(&Journal::default())).await;
    transport.write_line("hello").unwrap();
    assert_eq!(read_exactly(&peer, 6).await, b"hello\n");
    assert!(transport.write_line("two\nlines").unwrap_err().to_string().contains("cannot contain"));
    let error = transport.write_frame(b"hello").unwrap_err().to_string();
    assert!(error.contains("has no framing"), "{error}");
}
