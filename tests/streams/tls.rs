//! Streams over TLS: from the start, by an upgrade, and their ends.

use asyncio::{Error, SslReason, StreamReader, StreamWriter};

use crate::support::journal::Journal;
use crate::support::net::{address, settle};
use crate::tls::certificates::pair;

async fn echo(mut reader: StreamReader, writer: StreamWriter) -> asyncio::Result<()> {
    loop {
        let data = reader.read(64 * 1024).await?;
        if data.is_empty() {
            writer.close();
            return writer.wait_closed().await;
        }
        writer.write(&data);
        writer.drain().await?;
    }
}

#[asyncio::test(timeout = "10s")]
async fn a_stream_speaks_tls_on_both_sides() {
    // CPython: test_streams.StreamTests.test_open_connection_no_loop_ssl
    let (client_context, server_context) = pair();
    let server = asyncio::start_server(echo, "127.0.0.1", 0).ssl(&server_context).await.unwrap();
    let opening = asyncio::open_connection("127.0.0.1", address(&server).port()).ssl(&client_context);
    let (mut reader, writer) = opening.await.unwrap();
    assert!(writer.get_extra_info("cipher").is_some() && !writer.can_write_eof());
    let data = vec![b'x'; 1 << 20];
    let reading = asyncio::create_task(async move {
        let data = reader.readexactly(1 << 20).await?;
        Ok::<_, Error>((reader, data))
    });
    writer.write(&data);
    writer.drain().await.unwrap();
    let (mut reader, received) = reading.await.unwrap();
    assert!(received == data);
    writer.close();
    writer.wait_closed().await.unwrap();
    assert_eq!(reader.read_to_end().await.unwrap(), b"");
    server.close();
    server.wait_closed().await.unwrap();
}

#[asyncio::test(timeout = "10s")]
async fn the_end_of_a_stream_over_tls_ends_both_directions_and_warns_nobody() {
    let (client_context, server_context) = pair();
    crate::support::log::collect();
    let greet = async |_reader: StreamReader, writer: StreamWriter| {
        writer.write(b"goodbye");
        writer.close();
        writer.wait_closed().await
    };
    let server = asyncio::start_server(greet, "127.0.0.1", 0).ssl(&server_context).await.unwrap();
    let opening = asyncio::open_connection("127.0.0.1", address(&server).port()).ssl(&client_context);
    let (mut reader, writer) = opening.await.unwrap();
    assert_eq!(reader.read_to_end().await.unwrap(), b"goodbye");
    settle().await;
    assert!(writer.is_closing());
    writer.wait_closed().await.unwrap();
    assert_eq!(crate::support::log::collected(log::Level::Warn), [""; 0]);
}

#[asyncio::test(timeout = "10s")]
async fn a_stream_over_a_unix_socket_speaks_tls() {
    // CPython: test_streams.StreamTests.test_open_unix_connection_no_loop_ssl
    let (client_context, server_context) = pair();
    let path = std::env::temp_dir().join(format!("asyncio-streams-tls-{}", std::process::id()));
    let server = asyncio::start_unix_server(echo, path.as_path()).ssl(&server_context).await.unwrap();
    let opening = asyncio::open_unix_connection(path.as_path()).ssl(&client_context).server_hostname("localhost");
    let (mut reader, writer) = opening.await.unwrap();
    writer.write(b"a line\n");
    assert_eq!(reader.readline().await.unwrap(), b"a line\n");
    writer.close();
    writer.wait_closed().await.unwrap();
    server.close();
}

#[asyncio::test(timeout = "10s")]
async fn a_stream_is_upgraded_in_both_roles() {
    // CPython: test_streams.StreamTests.test_start_tls
    let (client_context, server_context) = pair();
    let serve = async move |mut reader: StreamReader, mut writer: StreamWriter| {
        assert_eq!(reader.readline().await?, b"STARTTLS\n");
        writer.write(b"go ahead\n");
        writer.start_tls(&server_context).await?;
        assert!(writer.get_extra_info("ssl_object").is_some());
        // More than both buffers hold, so that the reader pauses the connection and resumes it.
        let data = reader.readexactly(1 << 20).await?;
        asyncio::sleep(std::time::Duration::from_millis(5)).await;
        let more = reader.readexactly(1 << 20).await?;
        writer.write(format!("{}\n", data.len() + more.len()));
        writer.close();
        writer.wait_closed().await
    };
    let server = asyncio::start_server(serve, "127.0.0.1", 0).await.unwrap();
    let (mut reader, mut writer) = asyncio::open_connection("127.0.0.1", address(&server).port()).await.unwrap();
    writer.write(b"STARTTLS\n");
    assert_eq!(reader.readline().await.unwrap(), b"go ahead\n");
    writer.start_tls(&client_context).server_hostname("localhost").await.unwrap();
    assert!(writer.get_extra_info("ssl_object").is_some());
    writer.write(vec![b'x'; 2 << 20]);
    writer.drain().await.unwrap();
    assert_eq!(reader.readline().await.unwrap(), b"2097152\n");
    assert_eq!(reader.read_to_end().await.unwrap(), b"");
    writer.wait_closed().await.unwrap();
}

#[asyncio::test(timeout = "10s")]
async fn what_was_received_in_the_clear_and_not_read_forbids_the_upgrade() {
    let (_, server_context) = pair();
    let noted = Journal::default();
    let heard = noted.clone();
    let serve = async move |mut reader: StreamReader, mut writer: StreamWriter| {
        reader.readline().await?;
        match writer.start_tls(&server_context).await {
            Err(Error::SslError(error)) => noted.note(format!("refused {:?}", error.reason())),
            other => noted.note(format!("{other:?}")),
        }
        noted.note(format!("closed {}", writer.is_closing()));
        Ok::<_, Error>(())
    };
    let server = asyncio::start_server(serve, "127.0.0.1", 0).await.unwrap();
    let (_reader, writer) = asyncio::open_connection("127.0.0.1", address(&server).port()).await.unwrap();
    writer.write(b"STARTTLS\nMAIL FROM:<injected>\n");
    heard.wait_for("closed").await;
    assert_eq!(heard.entries(), [format!("refused {:?}", SslReason::PlaintextBeforeTls), "closed true".to_owned()]);
}
