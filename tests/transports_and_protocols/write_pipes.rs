//! `connect_write_pipe`: pipes and what serves as one, to be written to.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;

use crate::support::journal::Journal;
use crate::support::net::{clog, fill, off_loop, running, settle};
use crate::support::pipes::{duplicate, is_blocking, writing};
use crate::support::script::Script;

/// All that comes out of a pipe until its end.
async fn read_all(mut pipe: impl Read + Send + 'static) -> Vec<u8> {
    off_loop(move || {
        let mut received = Vec::new();
        pipe.read_to_end(&mut received).unwrap();
        received
    })
    .await
}

#[asyncio::test(timeout = "10s")]
async fn what_is_written_leaves_at_once_and_close_ends_the_pipe() {
    // CPython: test_events.EventLoopTestsMixin.test_write_pipe,
    // test_unix_events.UnixWritePipeTransportTests.{test_ctor,test_can_write_eof,test_write,test_write_no_data,test_close,
    // test_close_closing,test__call_connection_lost}
    let journal = Journal::default();
    let (transport, _, mut reader) = writing(Script::new(&journal)).await;
    assert_eq!(journal.entries(), ["made"]);
    assert!(transport.can_write_eof() && !transport.is_reading());
    let mut buffer = [0; 5];
    for text in ["12345", "6789a"] {
        transport.write(text.as_bytes());
        transport.write(b"");
        // It was sent inside of the call: the loop has not run.
        reader.read_exact(&mut buffer).unwrap();
        assert_eq!(buffer, text.as_bytes());
    }
    assert_eq!(transport.get_write_buffer_size(), 0);
    assert!(transport.get_extra_info("pipe").is_some() && transport.get_extra_info("socket").is_none());
    transport.close();
    transport.close();
    assert_eq!(journal.entries(), ["made"], "never from inside the call");
    journal.wait_for("lost").await;
    assert_eq!(read_all(reader).await, b"");
    assert_eq!(journal.entries(), ["made", "lost"]);
}

#[asyncio::test(timeout = "10s")]
async fn what_the_pipe_does_not_take_is_kept_and_sent_in_order() {
    // CPython: test_unix_events.UnixWritePipeTransportTests.{test_write_partial,test_write_buffer,test_write_again,
    // test__write_ready,test__write_ready_partial,test__write_ready_again,test__write_ready_closing}
    let journal = Journal::default();
    let (transport, _, reader) = writing(Script::new(&journal)).await;
    let filled = fill(&transport);
    let large: Vec<u8> = (0..1_000_000_u32).map(|index| index as u8).collect();
    transport.write(&large);
    transport.writelines([&b"the "[..], b"", b"end"]);
    settle().await;
    assert_eq!(journal.entries(), ["made", "pause"]);
    transport.close();
    transport.write(b"too late");
    let received = read_all(reader).await;
    journal.wait_for("lost").await;
    assert_eq!(journal.entries(), ["made", "pause", "resume", "lost"]);
    assert_eq!(received.len(), filled + large.len() + 7);
    assert!(received[filled..].starts_with(&large) && received.ends_with(b"the end"));
}

#[asyncio::test(timeout = "10s")]
async fn write_eof_closes_the_pipe_once_all_is_sent() {
    // CPython: test_unix_events.UnixWritePipeTransportTests.{test_write_eof,test_write_eof_pending}
    for waiting in [false, true] {
        let journal = Journal::default();
        let (transport, _, reader) = writing(Script::new(&journal)).await;
        let filled = if waiting { fill(&transport) } else { 0 };
        transport.write_eof();
        transport.write_eof();
        assert!(transport.is_closing());
        settle().await;
        assert_eq!(journal.count("lost"), usize::from(!waiting));
        assert_eq!(read_all(reader).await.len(), filled);
        journal.wait_for("lost").await;
        assert_eq!(journal.count("lost"), 1);
    }
}

#[asyncio::test(timeout = "10s")]
async fn abort_drops_what_waits() {
    // CPython: test_unix_events.UnixWritePipeTransportTests.test_abort
    let journal = Journal::default();
    let (transport, _, reader) = writing(Script::new(&journal)).await;
    let written = clog(&transport);
    transport.abort();
    transport.abort();
    assert_eq!(transport.get_write_buffer_size(), 0);
    journal.wait_for("lost").await;
    assert_eq!(journal.entries(), ["made", "pause", "lost"]);
    assert!(read_all(reader).await.len() < written);
}

#[asyncio::test(timeout = "10s")]
async fn a_reader_that_goes_is_noticed_although_nothing_is_written() {
    // CPython: test_events.EventLoopTestsMixin.test_write_pipe_disconnect_on_close,
    // test_unix_events.UnixWritePipeTransportTests.{test__read_ready,test_write_close}
    let pipe = Journal::default();
    let (transport, _, reader) = writing(Script::new(&pipe)).await;
    drop(reader);
    pipe.wait_for("lost").await;
    assert_eq!(pipe.entries(), ["made", "lost"]);
    assert!(transport.is_closing());
    transport.write(b"nobody is there");
    settle().await;
    assert_eq!(pipe.entries().len(), 2);

    let socket = Journal::default();
    let (near, mut far) = UnixStream::pair().unwrap();
    let script = Script::new(&socket);
    let (transport, _) = running().connect_write_pipe(move || script, near).await.unwrap();
    transport.write(b"1");
    assert_eq!(far.read(&mut [0; 2]).unwrap(), 1);
    // What comes the other way is nobody's, and no end.
    far.write_all(b"ignored").unwrap();
    settle().await;
    assert_eq!(socket.entries(), ["made"]);
    drop(far);
    socket.wait_for("lost").await;
    assert_eq!(socket.entries(), ["made", "lost"]);
}

#[asyncio::test(timeout = "10s")]
async fn a_socket_whose_peer_sends_no_more_has_no_reader_either() {
    let journal = Journal::default();
    let (near, far) = UnixStream::pair().unwrap();
    let script = Script::new(&journal);
    running().connect_write_pipe(move || script, near).await.unwrap();
    far.shutdown(std::net::Shutdown::Write).unwrap();
    journal.wait_for("lost").await;
    assert_eq!(journal.entries(), ["made", "lost"]);

    // If something waits for it, that is an error.
    let journal = Journal::default();
    let (near, far) = UnixStream::pair().unwrap();
    let script = Script::new(&journal);
    let (transport, _) = running().connect_write_pipe(move || script, near).await.unwrap();
    fill(&transport);
    far.shutdown(std::net::Shutdown::Write).unwrap();
    assert!(journal.wait_for("lost").await.contains("roken pipe"));
}

#[asyncio::test(timeout = "10s")]
async fn a_reader_that_goes_while_something_waits_is_a_broken_pipe() {
    // CPython: test_unix_events.UnixWritePipeTransportTests.{test__write_ready_err,test__call_connection_lost_with_err}
    for as_socket in [false, true] {
        let journal = Journal::default();
        let script = Script::new(&journal);
        let (transport, reader): (_, Box<dyn AsFd>) = if as_socket {
            let (near, far) = UnixStream::pair().unwrap();
            (running().connect_write_pipe(move || script, near).await.unwrap().0, Box::new(far))
        } else {
            let (transport, _, reader) = writing(script).await;
            (transport, Box::new(reader))
        };
        fill(&transport);
        drop(reader);
        let lost = journal.wait_for("lost").await;
        assert!(lost.contains("Broken pipe") || lost.contains("broken pipe"), "{lost}");
        assert_eq!(transport.get_write_buffer_size(), 0);
        assert_eq!(journal.count(&lost), 1);
    }
}

#[asyncio::test(timeout = "10s")]
async fn a_write_that_nobody_can_read_is_a_broken_pipe() {
    // CPython: test_unix_events.UnixWritePipeTransportTests.test_write_err
    let journal = Journal::default();
    let (transport, _, reader) = writing(Script::new(&journal)).await;
    drop(reader);
    // The loop has not heard of it yet.
    transport.write(b"nobody is there");
    let lost = journal.wait_for("lost").await;
    assert!(lost.contains("Broken pipe"), "{lost}");
    assert_eq!(journal.entries(), ["made".to_owned(), lost]);
}

#[asyncio::test(timeout = "10s")]
async fn a_reader_that_is_gone_before_is_noticed() {
    let journal = Journal::default();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let script = Script::new(&journal);
    running().connect_write_pipe(move || script, writer).await.unwrap();
    journal.wait_for("lost").await;
    assert_eq!(journal.entries(), ["made", "lost"]);
}

#[asyncio::test(timeout = "10s")]
async fn nothing_is_received_by_who_writes() {
    let journal = Journal::default();
    let (transport, _, reader) = writing(Script::new(&journal)).await;
    transport.pause_reading();
    transport.resume_reading();
    assert!(!transport.is_reading());
    assert!(format!("{transport:?}").contains("writing, 0 bytes to send"), "{transport:?}");
    settle().await;
    assert_eq!(journal.entries(), ["made"]);
    drop(reader);
    journal.wait_for("lost").await;
}

#[asyncio::test(timeout = "10s")]
async fn devices_that_are_always_ready_are_written_to() {
    let journal = Journal::default();
    let (script, null) = (Script::new(&journal), File::options().write(true).open("/dev/null").unwrap());
    let (transport, _) = running().connect_write_pipe(move || script, null).await.unwrap();
    for _ in 0..3 {
        transport.write(&[0; 1 << 20]);
    }
    assert_eq!(transport.get_write_buffer_size(), 0);
    settle().await;
    transport.close();
    journal.wait_for("lost").await;
    assert_eq!(journal.entries(), ["made", "lost"]);
}

#[cfg(target_os = "linux")]
#[asyncio::test(timeout = "10s")]
async fn a_device_that_is_full_is_an_error() {
    let journal = Journal::default();
    let (script, full) = (Script::new(&journal), File::options().write(true).open("/dev/full").unwrap());
    let (transport, _) = running().connect_write_pipe(move || script, full).await.unwrap();
    transport.write(b"x");
    let lost = journal.wait_for("lost").await;
    assert!(lost.contains("No space left"), "{lost}");
}

#[asyncio::test(timeout = "10s")]
async fn who_shares_the_pipe_gets_its_blocking_mode_back() {
    let (_reader, writer) = std::io::pipe().unwrap();
    let shared = duplicate(&writer);
    let (transport, _) = running().connect_write_pipe(|| Script::new(&Journal::default()), writer).await.unwrap();
    assert!(!is_blocking(&shared));
    transport.abort();
    settle().await;
    assert!(is_blocking(&shared));
}
