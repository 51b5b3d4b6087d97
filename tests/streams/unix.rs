//! Streams on unix sockets.

use std::io::{ErrorKind, Read};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;

use asyncio::{Error, Result, StreamReader, StreamWriter, current_task};

use crate::support::net::off_loop;
use crate::support::reports::Reports;

/// A path that no other test uses.
fn path(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("asyncio-streams-{}-{name}", std::process::id()))
}

async fn answer_a_line(mut reader: StreamReader, writer: StreamWriter) -> Result<()> {
    writer.write(reader.readline().await?);
    writer.write(current_task()?.unwrap().get_name());
    writer.close();
    writer.wait_closed().await
}

#[asyncio::test(timeout = "10s")]
async fn a_client_and_a_server_meet_at_a_path() {
    // CPython: test_streams.StreamTests.test_open_unix_connection, test_start_unix_server
    let path = path("meet");
    let server = asyncio::start_unix_server(answer_a_line, &path).backlog(5).cleanup_socket(true).await.unwrap();
    let (mut reader, writer) = asyncio::open_unix_connection(&path).limit(100).await.unwrap();
    assert_eq!(reader.limit(), 100);
    writer.write("hello\n");
    assert_eq!(reader.readline().await.unwrap(), b"hello\n");
    let name = format!("client of {}", path.display());
    assert_eq!(reader.read_to_end().await.unwrap(), name.as_bytes());
    writer.close();
    writer.wait_closed().await.unwrap();
    server.close();
    server.wait_closed().await.unwrap();
    assert!(!path.exists());
}

#[asyncio::test(timeout = "10s")]
async fn a_path_without_a_server_is_an_error_with_the_path() {
    // CPython: test_streams.StreamTests.test_open_unix_connection_error
    let path = path("nobody");
    let error = asyncio::open_unix_connection(&path).await.unwrap_err();
    assert_eq!(error.io_kind(), Some(ErrorKind::NotFound));
    assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
    assert!(matches!(asyncio::open_unix_connection(&path).limit(0).await, Err(Error::ValueError(_))));
    assert!(matches!(asyncio::start_unix_server(answer_a_line, &path).limit(0).await, Err(Error::ValueError(_))));
}

#[asyncio::test(timeout = "10s")]
async fn an_error_of_a_client_is_reported_and_the_client_let_go() {
    let path = path("failing");
    let failing = async |_reader: StreamReader, _writer: StreamWriter| Err::<(), _>(Error::value_error("test"));
    let server = asyncio::start_unix_server(failing, &path).limit(1).start_serving(true).await.unwrap();
    let reports = Reports::here();
    let mut client = UnixStream::connect(&path).unwrap();
    assert_eq!(off_loop(move || client.read(&mut [0]).unwrap()).await, 0);
    server.close();
    server.wait_closed().await.unwrap();
    assert_eq!(reports.one().message, "Unhandled exception in client_connected_cb");
}

#[asyncio::test(timeout = "10s")]
async fn a_pair_of_sockets_is_a_stream() {
    let (ours, theirs) = UnixStream::pair().unwrap();
    let (mut one, first) = asyncio::open_connection_with_sock(ours).await.unwrap();
    let (mut other, second) = asyncio::open_connection_with_sock(theirs).await.unwrap();
    first.write("over ");
    first.write("to you");
    first.write_eof();
    assert_eq!(other.read_to_end().await.unwrap(), b"over to you");
    second.close();
    assert_eq!(one.read(1).await.unwrap(), b"");
    first.close();
}
