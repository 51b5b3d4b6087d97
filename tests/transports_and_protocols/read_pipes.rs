//! `connect_read_pipe`: pipes and what serves as one, to be read.

use std::fs::File;
use std::io::Write;
use std::os::unix::net::UnixStream;

use asyncio::{Error, EventLoop, ExtraInfo};

use crate::support::journal::Journal;
use crate::support::net::{Reports, off_loop, running, settle};
use crate::support::paths::Folder;
use crate::support::pipes::{duplicate, is_blocking, is_inheritable, reading, set_inheritable};
use crate::support::script::Script;

#[asyncio::test(timeout = "10s")]
async fn what_is_written_into_a_pipe_is_received_until_its_end() {
    // CPython: test_events.EventLoopTestsMixin.test_read_pipe,
    // test_unix_events.UnixReadPipeTransportTests.{test_ctor,test__read_ready,test__read_ready_eof,test__read_ready_blocked}
    let journal = Journal::default();
    let (transport, _, mut writer) = reading(Script::new(&journal)).await;
    assert_eq!(journal.entries(), ["made"]);
    assert!(transport.is_reading() && !transport.is_closing());
    for text in ["1", "2345"] {
        writer.write_all(text.as_bytes()).unwrap();
        journal.wait_for(&format!("data {text}")).await;
    }
    drop(writer);
    journal.wait_for("lost").await;
    assert_eq!(journal.entries(), ["made", "data 1", "data 2345", "eof", "lost"]);
    assert!(transport.is_closing() && transport.pipe().unwrap().fileno().is_none());
}

#[asyncio::test(timeout = "10s")]
async fn a_pipe_is_closed_at_its_end_whatever_eof_received_answers() {
    let journal = Journal::default();
    let (transport, _, writer) = reading(Script::new(&journal).on_eof(|_| Ok(true))).await;
    drop(writer);
    journal.wait_for("lost").await;
    assert_eq!(journal.entries(), ["made", "eof", "lost"]);
    assert!(transport.get_extra_info("pipe").is_some());
}

#[asyncio::test(timeout = "10s")]
async fn megabytes_come_through_a_pipe_in_order() {
    let (journal, size) = (Journal::default(), 3 << 20);
    let (mut next, mut received, note) = (0_u8, 0, journal.clone());
    let script = Script::new(&Journal::default()).on_data(move |_, data| {
        for byte in data {
            assert_eq!(*byte, next);
            next = next.wrapping_add(1);
        }
        received += data.len();
        if received == size {
            note.note("all");
        }
        Ok(())
    });
    let (_transport, _, mut writer) = reading(script).await;
    let sent: Vec<u8> = (0..size).map(|index| index as u8).collect();
    off_loop(move || writer.write_all(&sent).unwrap()).await;
    journal.wait_for("all").await;
}

#[asyncio::test(timeout = "10s")]
async fn a_pipe_that_is_paused_keeps_what_comes() {
    // CPython: test_unix_events.UnixReadPipeTransportTests.{test_pause_reading,test_resume_reading,
    // test_pause_reading_on_paused_pipe,test_resume_reading_on_paused_pipe}
    let journal = Journal::default();
    let (transport, _, mut writer) = reading(Script::new(&journal)).await;
    transport.resume_reading();
    transport.pause_reading();
    transport.pause_reading();
    writer.write_all(b"later").unwrap();
    drop(writer);
    settle().await;
    assert_eq!(journal.entries(), ["made"]);
    transport.resume_reading();
    journal.wait_for("lost").await;
    assert_eq!(journal.entries(), ["made", "data later", "eof", "lost"]);
    // CPython: test_unix_events.UnixReadPipeTransportTests.{test_pause_reading_on_closed_pipe,
    // test_resume_reading_on_closed_pipe}
    transport.pause_reading();
    transport.resume_reading();
    settle().await;
    assert_eq!(journal.entries().len(), 4);
}

#[asyncio::test(timeout = "10s")]
async fn closing_ends_the_reading_at_once() {
    // CPython: test_unix_events.UnixReadPipeTransportTests.{test_close,test_close_already_closing,test__close,
    // test__call_connection_lost}
    let journal = Journal::default();
    let (transport, _, mut writer) = reading(Script::new(&journal)).await;
    writer.write_all(b"unread").unwrap();
    transport.close();
    transport.close();
    assert!(transport.is_closing());
    assert_eq!(journal.entries(), ["made"], "never from inside the call");
    settle().await;
    assert_eq!(journal.entries(), ["made", "lost"]);
    let error = writer.write_all(b"nobody is there").unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::BrokenPipe, "the transport has closed its end");
}

#[asyncio::test(timeout = "10s")]
async fn writing_to_a_pipe_that_is_read_is_reported() {
    let (journal, reports) = (Journal::default(), Reports::collect());
    let (transport, _, _writer) = reading(Script::new(&journal)).await;
    assert!(!transport.can_write_eof());
    transport.write(b"wrong way");
    let report = reports.all().pop().unwrap();
    assert!(report.starts_with("data was written to a pipe that is read") && report.contains("connect_write_pipe"));
    assert!(matches!(transport.try_write(b"wrong way"), Err(Error::RuntimeError(_))));
    transport.write_eof();
    settle().await;
    assert!(!transport.is_closing());
    assert_eq!((journal.entries(), reports.all().len()), (vec!["made".to_owned()], 1));
}

#[asyncio::test(timeout = "10s")]
async fn a_socket_is_read_like_a_pipe() {
    let journal = Journal::default();
    let (near, mut far) = UnixStream::pair().unwrap();
    let script = Script::new(&journal);
    let (transport, _) = running().connect_read_pipe(move || script, near).await.unwrap();
    far.write_all(b"over a socket").unwrap();
    journal.wait_for("data").await;
    drop(far);
    journal.wait_for("lost").await;
    assert_eq!(journal.entries(), ["made", "data over a socket", "eof", "lost"]);
    assert!(transport.socket().is_none() && transport.peername().is_none());
}

#[asyncio::test(timeout = "10s")]
async fn a_fifo_is_read_until_its_last_writer_is_gone() {
    let journal = Journal::default();
    let folder = Folder::new();
    let path = folder.path("fifo");
    make_fifo(&path);
    let (reading, writing) = (path.clone(), path.clone());
    // Opening either end waits for the other.
    let opened = std::thread::spawn(move || File::open(reading).unwrap());
    let mut writer = off_loop(move || std::sync::Arc::new(File::options().write(true).open(writing).unwrap())).await;
    let (script, pipe) = (Script::new(&journal), opened.join().unwrap());
    let (_transport, _) = running().connect_read_pipe(move || script, pipe).await.unwrap();
    let second = File::options().write(true).open(&path).unwrap();
    std::sync::Arc::get_mut(&mut writer).unwrap().write_all(b"first").unwrap();
    journal.wait_for("data").await;
    drop(writer);
    settle().await;
    assert_eq!(journal.entries(), ["made", "data first"]);
    drop(second);
    journal.wait_for("lost").await;
    assert_eq!(journal.entries(), ["made", "data first", "eof", "lost"]);
}

#[expect(unsafe_code, reason = "std makes no fifos")]
fn make_fifo(path: &std::path::Path) {
    let path = std::ffi::CString::new(path.to_str().unwrap()).unwrap();
    // SAFETY: the path lives through the call, and ends with a NUL.
    assert_eq!(unsafe { libc::mkfifo(path.as_ptr(), 0o600) }, 0);
}

#[asyncio::test(timeout = "10s")]
async fn a_device_that_is_always_ready_is_read_although_nothing_watches_it() {
    let journal = Journal::default();
    let script = Script::new(&journal);
    running().connect_read_pipe(move || script, File::open("/dev/null").unwrap()).await.unwrap();
    journal.wait_for("lost").await;
    assert_eq!(journal.entries(), ["made", "eof", "lost"]);

    // One that never ends leaves the others their turn, and can be paused.
    let zeroes = Journal::default();
    let script = Script::new(&zeroes).on_data(|_, data| {
        assert!(data.iter().all(|byte| *byte == 0));
        Ok(())
    });
    let (transport, _) = running().connect_read_pipe(move || script, File::open("/dev/zero").unwrap()).await.unwrap();
    zeroes.until(|entries| entries.len() > 20).await;
    transport.pause_reading();
    let seen = zeroes.entries().len();
    settle().await;
    assert_eq!(zeroes.entries().len(), seen);
    transport.resume_reading();
    zeroes.until(|entries| entries.len() > seen).await;
    transport.close();
    zeroes.wait_for("lost").await;
}

#[asyncio::test(timeout = "10s")]
async fn a_regular_file_is_refused_with_what_to_use_instead() {
    let file = || File::open("Cargo.toml").unwrap();
    for (name, outcome) in [
        ("connect_read_pipe", running().connect_read_pipe(|| Script::new(&Journal::default()), file()).await),
        ("connect_write_pipe", running().connect_write_pipe(|| Script::new(&Journal::default()), file()).await),
    ] {
        let error = outcome.unwrap_err();
        assert!(matches!(error, Error::ValueError(_)), "{error}");
        let text = error.to_string();
        assert!(text.contains(name) && text.contains("regular file") && text.contains("to_thread"), "{text}");
    }
}

#[asyncio::test(timeout = "10s")]
async fn the_pipe_can_be_looked_at() {
    let (transport, _, _writer) = reading(Script::new(&Journal::default())).await;
    let Some(ExtraInfo::Pipe(pipe)) = transport.get_extra_info("pipe") else { panic!("there is a pipe") };
    assert!(transport.get_extra_info("socket").is_none() && transport.get_extra_info("peername").is_none());
    let fd = pipe.fileno().unwrap();
    assert_eq!(format!("{pipe:?}"), format!("TransportPipe {{ fd: Some({fd}) }}"));
    assert!(format!("{transport:?}").contains(&format!("fd={fd} reading")), "{transport:?}");
    drop(pipe.dup().unwrap());
    transport.close();
    settle().await;
    assert_eq!(pipe.fileno(), None);
    assert!(pipe.dup().unwrap_err().to_string().contains("closed"));
}

#[asyncio::test(timeout = "10s")]
async fn who_shares_the_pipe_gets_its_blocking_mode_back() {
    let (reader, _writer) = std::io::pipe().unwrap();
    let shared = duplicate(&reader);
    let (transport, _) = running().connect_read_pipe(|| Script::new(&Journal::default()), reader).await.unwrap();
    assert!(!is_blocking(&shared));
    transport.close();
    settle().await;
    assert!(is_blocking(&shared));

    // What was non-blocking before stays that.
    let (near, far) = UnixStream::pair().unwrap();
    near.set_nonblocking(true).unwrap();
    let shared = duplicate(&near);
    let (transport, _) = running().connect_read_pipe(|| Script::new(&Journal::default()), near).await.unwrap();
    transport.close();
    settle().await;
    assert!(!is_blocking(&shared));
    drop(far);
}

#[test]
fn closing_the_loop_closes_its_pipes_and_gives_their_mode_back() {
    // CPython: test_events.EventLoopTestsMixin.test_unclosed_pipe_transport
    let event_loop = EventLoop::new().unwrap();
    let (reader, mut writer) = std::io::pipe().unwrap();
    let shared = duplicate(&reader);
    let (inner, journal) = (event_loop.clone(), Journal::default());
    let script = Script::new(&journal);
    let transport = std::rc::Rc::new(std::cell::RefCell::new(None));
    let kept = transport.clone();
    event_loop
        .run_until_complete(async move {
            *kept.borrow_mut() = Some(inner.connect_read_pipe(move || script, reader).await?.0);
            Ok::<_, Error>(())
        })
        .unwrap();
    event_loop.close().unwrap();
    assert!(is_blocking(&shared));
    drop(shared);
    writer.write_all(b"nobody is there").unwrap_err();
    let transport = transport.take().unwrap();
    assert!(transport.is_closing());
    assert!(format!("{transport:?}").contains("closed"), "{transport:?}");
    assert_eq!(journal.entries(), ["made"]);
}

#[asyncio::test(timeout = "10s")]
async fn a_connect_that_is_cancelled_closes_the_pipe() {
    let (reader, mut writer) = std::io::pipe().unwrap();
    let journal = Journal::default();
    let script = Script::new(&journal);
    let connecting = running().connect_read_pipe(move || script, reader);
    let task = asyncio::create_task(async move {
        connecting.await?;
        Ok::<_, Error>(())
    });
    asyncio::sleep(std::time::Duration::ZERO).await;
    task.cancel();
    assert!(task.await.unwrap_err().is_cancelled());
    settle().await;
    assert_eq!(journal.entries(), ["made", "lost"]);
    writer.write_all(b"nobody is there").unwrap_err();
}

#[asyncio::test(timeout = "10s")]
async fn a_callback_that_fails_ends_the_pipe() {
    let (journal, reports) = (Journal::default(), Reports::collect());
    let script = Script::new(&journal).on_data(|_, _| Err(Error::value_error("no")));
    let (_transport, _, mut writer) = reading(script).await;
    writer.write_all(b"x").unwrap();
    assert!(journal.wait_for("lost").await.contains("no"));
    assert!(reports.all()[0].contains("protocol.data_received() call failed"), "{:?}", reports.all());
}

#[asyncio::test(timeout = "10s")]
async fn no_child_gets_what_a_transport_has_taken_over() {
    let (reader, _writer) = std::io::pipe().unwrap();
    set_inheritable(&reader);
    let (transport, _) = running().connect_read_pipe(|| Script::new(&Journal::default()), reader).await.unwrap();
    assert!(!is_inheritable(transport.pipe().unwrap().fileno().unwrap()));
    transport.close();

    let (near, _far) = UnixStream::pair().unwrap();
    set_inheritable(&near);
    let script = || Script::new(&Journal::default());
    let (transport, _) = running().create_unix_connection_with_sock(script, near).await.unwrap();
    assert!(!transport.socket().unwrap().get_inheritable().unwrap());
    transport.close();
}
