//! `sendfile` through transports: in its place among what is written, by the system or by hand, and how it ends.

use std::rc::Rc;
use std::time::Duration;

use asyncio::testing::MemoryTransports;
use asyncio::{Error, Result, Task, Transport};

use crate::support::files::{content, file_of, pipe_of, position};
use crate::support::journal::Journal;
use crate::support::net::{
    Reports, clog, connected, connected_narrowly, off_loop, read_all, read_exactly, reset, running, send, settle,
};
use crate::support::pipes::{reading, writing};
use crate::support::script::Script;

/// More than narrow connections hold.
const LARGE: usize = 1 << 20;

/// Sends a file of `LARGE` bytes in a task, which has begun and waits for its peer.
async fn sending(transport: &Transport) -> Task<u64> {
    let (transport, file) = (transport.clone(), file_of(&content(LARGE)));
    let task = asyncio::create_task(async move { running().sendfile(&transport, &file).await });
    settle().await;
    assert!(asyncio::format_call_graph(Some(&task)).unwrap().contains("waits in sendfile()"), "it waits for its peer");
    task
}

fn is_misuse(outcome: &Result<u64>, why: &str) -> bool {
    matches!(outcome, Err(Error::RuntimeError(text)) if text.to_string().contains(why))
}

#[asyncio::test(timeout = "20s")]
async fn a_file_arrives_between_what_is_written_before_and_after() {
    // CPython: test_sendfile.SendfileMixin.{test_sendfile,test_sendfile_pre_and_post_data}
    let journal = Journal::default();
    let (transport, _, peer) = connected_narrowly(Script::new(&journal)).await;
    let (content, prefix, suffix) = (content(LARGE), "PREFIX__".repeat(100_000), "--SUFFIX".repeat(1000));
    let file = file_of(&content);
    let receiving = asyncio::create_task(async { Ok::<_, Error>(read_all(peer).await) });
    transport.write(prefix.as_bytes());
    assert!(transport.get_write_buffer_size() > 0, "the file must wait");
    assert_eq!(running().sendfile(&transport, &file).fallback(false).await.unwrap(), LARGE as u64);
    assert_eq!(transport.get_write_buffer_size(), 0);
    transport.write(suffix.as_bytes());
    transport.close();
    assert!(receiving.await.unwrap() == [prefix.as_bytes(), &content, suffix.as_bytes()].concat());
    assert_eq!(position(&file), LARGE as u64);
    journal.wait_for("lost").await;
    assert_eq!(journal.entries(), ["made", "pause", "resume", "lost"]);
}

#[asyncio::test(timeout = "20s")]
async fn a_part_of_a_file_arrives_and_the_position_is_behind_it() {
    // CPython: test_sendfile.SendfileMixin.test_sendfile_partial
    let (transport, _, peer) = connected(Script::new(&Journal::default())).await;
    let (content, file) = (content(10_000), file_of(b""));
    assert_eq!(running().sendfile(&transport, &file).await.unwrap(), 0, "an empty file");
    let file = file_of(&content);
    for (offset, count, wanted) in [(1000, 100, 100), (0, 10, 10), (9_990, 100, 10), (20_000, 1, 0)] {
        let sent = running().sendfile(&transport, &file).offset(offset).count(count).await.unwrap();
        assert_eq!(sent, wanted);
        let (from, to) = (offset as usize, (offset + wanted) as usize);
        assert!(read_exactly(&peer, to - from).await == content.get(from..to).unwrap_or_default());
        if wanted > 0 {
            assert_eq!(position(&file), offset + wanted);
        }
    }
    assert_eq!(position(&file), 10_000, "nothing was sent last");
}

#[asyncio::test(timeout = "20s")]
async fn what_the_system_cannot_send_goes_by_hand() {
    // CPython: test_sendfile.SendfileMixin.{test_sendfile_force_fallback,test_sendfile_force_unsupported_native}
    let (transport, _, peer) = connected(Script::new(&Journal::default())).await;
    let file = pipe_of(b"through a pipe");
    let refused = running().sendfile(&transport, &file).fallback(false).await;
    assert!(matches!(refused, Err(Error::SendfileNotAvailableError(_))), "{refused:?}");
    assert_eq!(running().sendfile(&transport, &file).count(7).await.unwrap(), 7);
    assert_eq!(running().sendfile(&transport, &file).await.unwrap(), 7);
    transport.close();
    assert_eq!(read_all(peer).await, b"through a pipe");
}

#[asyncio::test(timeout = "20s")]
async fn transports_without_the_system_call_send_by_hand() {
    // CPython: test_sendfile.SendfileMixin.test_sendfile_no_fallback_for_fallback_transport
    let content = content(1_000_000);
    let file = file_of(&content);
    let journal = Journal::default();
    let (transport, _, far) = MemoryTransports::new().connect(Script::new(&journal)).await.unwrap();
    let refused = running().sendfile(&transport, &file).fallback(false).await;
    assert!(matches!(refused, Err(Error::SendfileNotAvailableError(_))), "{refused:?}");
    let task = asyncio::create_task({
        let (transport, file) = (transport.clone(), file.try_clone().unwrap());
        async move { running().sendfile(&transport, &file).offset(5).await }
    });
    let (mut received, mut most) = (Vec::new(), 0);
    while !task.done() {
        received.extend(far.take_received());
        most = most.max(transport.get_write_buffer_size());
        asyncio::sleep(Duration::from_millis(1)).await;
    }
    received.extend(far.take_received());
    assert_eq!(task.await.unwrap(), 999_995);
    assert!(received == content[5..]);
    assert!((1..=256 << 10).contains(&most), "{most} bytes waited: a piece at a time");
    assert_eq!(position(&file), 1_000_000);
    assert_eq!(journal.entries(), ["made"], "the protocol does not write");
}

#[asyncio::test(timeout = "20s")]
async fn pipes_take_files_and_readers_refuse_them() {
    let content = content(1_000_000);
    let file = file_of(&content);
    let (transport, _, mut reader) = writing(Script::new(&Journal::default())).await;
    let received = off_loop(move || {
        let mut received = Vec::new();
        std::io::Read::read_to_end(&mut reader, &mut received).unwrap();
        received
    });
    let received = asyncio::create_task(async { Ok::<_, Error>(received.await) });
    assert_eq!(running().sendfile(&transport, &file).await.unwrap(), 1_000_000);
    transport.close();
    assert!(received.await.unwrap() == content);
    let (transport, _, _writer) = reading(Script::new(&Journal::default())).await;
    let refused = running().sendfile(&transport, &file).await;
    assert!(is_misuse(&refused, "connect_write_pipe"), "{refused:?}");
}

#[asyncio::test(timeout = "20s")]
async fn nothing_else_is_written_or_received_meanwhile() {
    // CPython: test_sendfile.SendfileMixin.test_sendfile_prevents_bare_write
    let (journal, reports) = (Journal::default(), Reports::collect());
    let (transport, _, peer) = connected_narrowly(Script::new(&journal)).await;
    let task = sending(&transport).await;
    transport.write(b"lost");
    transport.writelines(["lost", "too"]);
    assert_eq!(reports.all().len(), 2);
    assert!(reports.all().iter().all(|report| report.contains("sendfile() is in progress")), "{:?}", reports.all());
    let refused = transport.try_write(b"lost").unwrap_err();
    assert!(matches!(&refused, Error::RuntimeError(text) if text.to_string().contains("sendfile()")), "{refused:?}");
    let file = file_of(b"another");
    let refused = running().sendfile(&transport, &file).await;
    assert!(is_misuse(&refused, "another sendfile() is in progress"), "{refused:?}");
    send(&peer, b"a question");
    settle().await;
    assert_eq!(journal.entries(), ["made"]);
    let received = read_exactly(&peer, LARGE).await;
    assert_eq!(task.await.unwrap(), LARGE as u64);
    journal.wait_for("data a question").await;
    transport.write(b"!");
    transport.close();
    assert!(received == content(LARGE));
    assert_eq!(read_all(peer).await, b"!");
}

#[asyncio::test(timeout = "20s")]
async fn a_reader_that_was_paused_stays_paused() {
    let journal = Journal::default();
    let (transport, _, peer) = connected_narrowly(Script::new(&journal)).await;
    transport.pause_reading();
    let task = sending(&transport).await;
    send(&peer, b"later");
    read_exactly(&peer, LARGE).await;
    task.await.unwrap();
    settle().await;
    assert_eq!(journal.entries(), ["made"]);
    let task = sending(&transport).await;
    transport.resume_reading();
    settle().await;
    assert_eq!(journal.entries(), ["made"], "it counts afterwards");
    read_exactly(&peer, LARGE).await;
    task.await.unwrap();
    journal.wait_for("data later").await;
}

#[asyncio::test(timeout = "20s")]
async fn the_end_of_the_stream_and_of_the_connection_wait_for_the_file() {
    for closing in [true, false] {
        let journal = Journal::default();
        let (transport, _, peer) = connected_narrowly(Script::new(&journal)).await;
        let task = sending(&transport).await;
        if closing {
            transport.close()
        } else {
            transport.write_eof()
        }
        settle().await;
        assert!(!task.done());
        assert!(read_all(peer).await == content(LARGE));
        assert_eq!(task.await.unwrap(), LARGE as u64);
        journal.wait_for("lost").await;
        assert_eq!(transport.get_write_buffer_size(), 0);
        if !closing {
            assert_eq!(journal.entries(), ["made", "eof", "lost"]);
        }
    }
}

#[asyncio::test(timeout = "20s")]
async fn closing_and_ended_transports_refuse_files() {
    // CPython: test_sendfile.SendfileMixin.test_sendfile_for_closing_transp
    let file = file_of(b"content");
    let (transport, _, _peer) = connected(Script::new(&Journal::default())).await;
    let refused = running().sendfile(&transport, &file).count(0).await;
    assert!(matches!(&refused, Err(Error::ValueError(text)) if text.to_string().contains("count")), "{refused:?}");
    transport.write_eof();
    let refused = running().sendfile(&transport, &file).await;
    assert!(is_misuse(&refused, "write_eof()"), "{refused:?}");
    let (transport, _, peer) = connected(Script::new(&Journal::default())).await;
    transport.close();
    let refused = running().sendfile(&transport, &file).await;
    assert!(is_misuse(&refused, "the transport is closing"), "{refused:?}");
    assert_eq!(read_all(peer).await, b"");
    assert_eq!(position(&file), 7, "it was not touched");
}

#[asyncio::test(timeout = "20s")]
async fn a_peer_that_takes_all_and_goes_is_no_error() {
    // CPython: test_sendfile.SendfileMixin.test_sendfile_close_peer_after_receiving
    let journal = Journal::default();
    let (transport, _, peer) = connected_narrowly(Script::new(&journal)).await;
    let task = sending(&transport).await;
    assert!(read_exactly(&peer, LARGE).await == content(LARGE));
    drop(peer);
    assert_eq!(task.await.unwrap(), LARGE as u64);
    journal.wait_for("lost").await;
    assert_eq!(journal.entries(), ["made", "eof", "lost"]);
}

#[asyncio::test(timeout = "20s")]
async fn a_peer_that_goes_in_the_middle_is_an_error_that_names_it() {
    // CPython: test_sendfile.SendfileMixin.{test_sendfile_close_peer_in_the_middle_of_receiving,
    // test_sendfile_fallback_close_peer_in_the_middle_of_receiving}
    for by_hand in [false, true] {
        let journal = Journal::default();
        let (transport, _, peer) = connected_narrowly(Script::new(&journal)).await;
        let address = peer.local_addr().unwrap().to_string();
        let file = Rc::new(if by_hand { endless() } else { file_of(&content(LARGE)) });
        let task = asyncio::create_task({
            let (transport, file) = (transport.clone(), file.clone());
            async move { running().sendfile(&transport, &file).await }
        });
        read_exactly(&peer, 300 << 10).await;
        reset(peer);
        let failed = task.await;
        assert!(matches!(&failed, Err(Error::OsError(error)) if error.to_string().contains(&address)), "{failed:?}");
        assert!(transport.is_closing());
        if !by_hand {
            assert!(((300 << 10)..LARGE as u64).contains(&position(&file)), "{}", position(&file));
        }
        settle().await;
        // It hears the same.
        let lost = format!("lost {}", failed.unwrap_err());
        assert_eq!(journal.entries(), ["made".to_owned(), lost]);
    }
}

/// No end, and no regular file.
fn endless() -> std::fs::File {
    std::fs::File::open("/dev/zero").unwrap()
}

#[asyncio::test(timeout = "20s")]
async fn an_abort_ends_the_file_at_once() {
    let journal = Journal::default();
    let (transport, _, _peer) = connected_narrowly(Script::new(&journal)).await;
    let task = sending(&transport).await;
    transport.abort();
    let failed = task.await;
    assert!(matches!(&failed, Err(Error::OsError(error)) if error.to_string().contains("aborted")), "{failed:?}");
    journal.wait_for("lost").await;
}

#[asyncio::test(timeout = "20s")]
async fn a_cancel_leaves_a_connection_that_works() {
    // CPython: test_unix_events.SelectorEventLoopUnixSockSendfileTests.test_sock_sendfile_cancel1
    let journal = Journal::default();
    let (transport, _, peer) = connected_narrowly(Script::new(&journal)).await;
    let filled = clog(&transport);
    let file = Rc::new(file_of(&content(LARGE)));
    let start = |file: Rc<std::fs::File>, transport: Transport| {
        asyncio::create_task(async move { running().sendfile(&transport, &file).await })
    };
    let waiting = start(file.clone(), transport.clone());
    settle().await;
    waiting.cancel();
    assert!(matches!(waiting.await, Err(Error::CancelledError(_))));
    assert_eq!(position(&file), LARGE as u64, "nothing of it was sent");
    read_exactly(&peer, filled).await;
    let task = start(file.clone(), transport.clone());
    settle().await;
    task.cancel();
    assert!(matches!(task.await, Err(Error::CancelledError(_))));
    let sent = position(&file) as usize;
    assert!((1..LARGE).contains(&sent));
    transport.write(b"the end");
    transport.close();
    assert!(read_all(peer).await == [&content(LARGE)[..sent], b"the end"].concat());
    journal.wait_for("lost").await;
}

#[asyncio::test(timeout = "20s")]
async fn a_cancel_by_hand_leaves_the_position_behind_what_will_arrive() {
    let content = content(1_000_000);
    let file = file_of(&content);
    let (transport, _, far) = MemoryTransports::new().connect(Script::new(&Journal::default())).await.unwrap();
    let task = asyncio::create_task({
        let (transport, file) = (transport.clone(), file.try_clone().unwrap());
        async move { running().sendfile(&transport, &file).offset(5).await }
    });
    while transport.get_write_buffer_size() == 0 {
        settle().await;
    }
    task.cancel();
    assert!(task.await.unwrap_err().is_cancelled());
    let mut received = Vec::new();
    while transport.get_write_buffer_size() > 0 {
        received.extend(far.take_received());
        settle().await;
    }
    received.extend(far.take_received());
    assert_eq!(position(&file), 5 + received.len() as u64);
    assert!(received == content[5..][..received.len()]);
}

#[asyncio::test(timeout = "20s")]
async fn a_cancel_ends_a_connection_that_was_closed_meanwhile() {
    let journal = Journal::default();
    let (transport, _, _peer) = connected_narrowly(Script::new(&journal)).await;
    let task = sending(&transport).await;
    transport.close();
    task.cancel();
    assert!(matches!(task.await, Err(Error::CancelledError(_))));
    journal.wait_for("lost").await;
}

#[asyncio::test(timeout = "20s")]
async fn what_was_read_by_hand_waits_its_turn_and_is_sent_also_after_a_cancel() {
    let journal = Journal::default();
    let (transport, _, peer) = connected_narrowly(Script::new(&journal)).await;
    let filled = clog(&transport);
    let file = pipe_of(b"from the pipe");
    let task = asyncio::create_task({
        let transport = transport.clone();
        async move { running().sendfile(&transport, &file).await }
    });
    settle().await;
    assert_eq!(read_exactly(&peer, filled).await, vec![b'x'; filled], "nothing overtakes what was written before");
    assert_eq!(read_exactly(&peer, 13).await, b"from the pipe");
    assert_eq!(task.await.unwrap(), 13);

    let task = asyncio::create_task({
        let transport = transport.clone();
        async move { running().sendfile(&transport, &endless()).await }
    });
    while transport.get_write_buffer_size() == 0 {
        settle().await;
    }
    transport.close();
    task.cancel();
    assert!(matches!(task.await, Err(Error::CancelledError(_))));
    let waiting = transport.get_write_buffer_size();
    assert!(waiting > 0, "the piece that was read");
    let rest = read_all(peer).await.len();
    assert!(rest >= waiting && rest % (256 << 10) == 0, "{rest} bytes, of which {waiting} waited: whole pieces");
    journal.wait_for("lost").await;
}

/// Answers each line with a file, from an async handler.
struct Files(Journal);

#[asyncio::protocol(lines)]
impl Files {
    async fn line_received(&mut self, transport: &Transport, line: &[u8]) -> Result<()> {
        let sent = running().sendfile(transport, &file_of(&content(LARGE))).await;
        self.0.note(format!("{} {}", String::from_utf8_lossy(line), sent.is_ok()));
        transport.write(b"\n");
        Ok(())
    }
}

#[asyncio::test(timeout = "20s")]
async fn async_handlers_send_files_one_after_the_other() {
    let journal = Journal::default();
    let (transport, _, peer) = connected_narrowly(Files(journal.clone())).await;
    send(&peer, b"one\ntwo\nthree\n");
    for _ in 0..2 {
        let received = read_exactly(&peer, LARGE + 1).await;
        assert!(received.strip_suffix(b"\n") == Some(&content(LARGE)[..]));
    }
    read_exactly(&peer, 1000).await;
    assert_eq!(journal.entries(), ["one true", "two true"]);
    reset(peer);
    journal.wait_for("three false").await;
    settle().await;
    assert!(transport.is_closing());
}
