//! Streams over pipes: to read, to write, and with the pieces of which they are made.

use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;

use asyncio::{StreamReader, StreamReaderProtocol, StreamWriter, create_task};

use crate::support::tasks::tick;

#[asyncio::test(timeout = "10s")]
async fn a_pipe_is_read_as_a_stream_until_its_end() {
    // CPython: test_streams.StreamTests.test_read_all_from_pipe_reader
    let (ours, mut theirs) = std::io::pipe().unwrap();
    let mut reader = asyncio::open_read_pipe(ours).await.unwrap();
    theirs.write_all(b"one line\nand ").unwrap();
    assert_eq!(reader.readline().await.unwrap(), b"one line\n");
    let rest = create_task(async move { reader.read_to_end().await });
    tick().await;
    theirs.write_all(b"the rest").unwrap();
    drop(theirs);
    assert_eq!(rest.await.unwrap(), b"and the rest");
}

#[asyncio::test(timeout = "10s")]
async fn a_pipe_is_read_by_a_reader_and_its_protocol_as_in_python() {
    // CPython: test_streams.StreamTests.test_read_all_from_pipe_reader
    let event_loop = asyncio::get_running_loop().unwrap();
    let (ours, mut theirs) = std::io::pipe().unwrap();
    let mut reader = StreamReader::with_limit(1).unwrap();
    let protocol = StreamReaderProtocol::new(&reader);
    let (transport, _) = event_loop.connect_read_pipe(move || protocol, ours).await.unwrap();
    theirs.write_all(b"1").unwrap();
    drop(theirs);
    assert_eq!(reader.read_to_end().await.unwrap(), b"1");
    assert!(transport.is_closing(), "the end of a pipe is the end of its transport");
}

#[asyncio::test(timeout = "10s")]
async fn dropping_the_reader_closes_the_pipe() {
    let (ours, theirs) = UnixStream::pair().unwrap();
    let reader = asyncio::open_read_pipe(ours).await.unwrap();
    drop(reader);
    let mut theirs = theirs;
    let end = asyncio::to_thread(move || theirs.read(&mut [0; 1])).await.unwrap();
    assert_eq!(end, 0);
}

#[asyncio::test(timeout = "10s")]
async fn opening_that_is_cancelled_closes_the_pipe() {
    let (ours, mut theirs) = UnixStream::pair().unwrap();
    let task = create_task(async move { asyncio::open_read_pipe(ours).await });
    tick().await;
    task.cancel();
    assert!(task.await.is_err_and(|error| error.is_cancelled()));
    let end = asyncio::to_thread(move || theirs.read(&mut [0; 1])).await.unwrap();
    assert_eq!(end, 0);
}

#[asyncio::test(timeout = "10s")]
async fn the_limit_holds_for_lines_of_a_pipe_and_is_checked() {
    let (ours, mut theirs) = std::io::pipe().unwrap();
    let mut reader = asyncio::open_read_pipe(ours).limit(3).await.unwrap();
    theirs.write_all(b"four\nok\n").unwrap();
    assert!(reader.readline().await.unwrap_err().to_string().contains("more than 3 bytes"));
    assert_eq!(reader.readline().await.unwrap(), b"ok\n");
    let (ours, _theirs) = std::io::pipe().unwrap();
    let error = asyncio::open_read_pipe(ours).limit(0).await.unwrap_err();
    assert!(error.to_string().contains("limit"), "{error}");
}

#[asyncio::test(timeout = "10s")]
async fn a_pipe_is_written_as_a_stream_with_flow_control() {
    let (theirs, ours) = std::io::pipe().unwrap();
    let writer = asyncio::open_write_pipe(ours).await.unwrap();
    writer.write(b"at once");
    writer.drain().await.unwrap();
    // More than the pipe takes, and than may wait.
    writer.write(vec![b'x'; 1 << 20]);
    let writer = std::rc::Rc::new(writer);
    let drained = create_task({
        let writer = writer.clone();
        async move { writer.drain().await }
    });
    tick().await;
    assert!(!drained.done(), "nobody has read");
    let mut theirs = theirs;
    let received = create_task(asyncio::to_thread(move || {
        let mut all = Vec::new();
        theirs.read_to_end(&mut all).map(|_| all)
    }));
    drained.await.unwrap();
    assert!(writer.can_write_eof());
    writer.write_eof();
    writer.wait_closed().await.unwrap();
    let all = received.await.unwrap();
    assert!(all.starts_with(b"at oncexxx"));
    assert_eq!(all.len(), 7 + (1 << 20));
}

#[asyncio::test(timeout = "10s")]
async fn a_writer_without_a_reader_as_in_python() {
    let event_loop = asyncio::get_running_loop().unwrap();
    let (mut theirs, ours) = std::io::pipe().unwrap();
    let protocol = StreamReaderProtocol::without_reader();
    let for_pipe = protocol.clone();
    let (transport, _) = event_loop.connect_write_pipe(move || for_pipe, ours).await.unwrap();
    let writer = StreamWriter::new(transport, &protocol);
    writer.writelines(["one ", "two"]);
    writer.close();
    writer.wait_closed().await.unwrap();
    let mut text = String::new();
    theirs.read_to_string(&mut text).unwrap();
    assert_eq!(text, "one two");
}

#[asyncio::test(timeout = "10s")]
async fn a_reader_of_the_pipe_that_is_gone_ends_the_writer() {
    let (theirs, ours) = std::io::pipe().unwrap();
    let writer = asyncio::open_write_pipe(ours).await.unwrap();
    drop(theirs);
    writer.wait_closed().await.unwrap();
    assert!(writer.drain().await.is_err());
}

#[asyncio::test(timeout = "10s")]
async fn regular_files_are_refused_by_name() {
    let file = std::fs::File::open("Cargo.toml").unwrap();
    let error = asyncio::open_read_pipe(OwnedFd::from(file)).await.unwrap_err();
    assert!(error.to_string().contains("regular file"), "{error}");
    let path = std::env::temp_dir().join(format!("asyncio-stream-{}", std::process::id()));
    let file = std::fs::File::create(&path).unwrap();
    let error = asyncio::open_write_pipe(OwnedFd::from(file)).await.unwrap_err();
    std::fs::remove_file(path).unwrap();
    assert!(error.to_string().contains("regular file"), "{error}");
}
