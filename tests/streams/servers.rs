//! `start_server`: what the callback may be, what becomes of its errors, and the server's part in it.

use std::cell::Cell;
use std::io::Read;
use std::net::{SocketAddr, TcpListener};
use std::rc::Rc;

use ::log::Level;
use asyncio::{Error, Result, Server, StreamReader, StreamWriter, current_task};

use crate::support::journal::Journal;
use crate::support::log;
use crate::support::net::{address, client_of, off_loop, read_all, read_exactly, running, send, settle};
use crate::support::reports::Reports;

/// What a client's task does first and last.
async fn answer_a_line(mut reader: StreamReader, writer: StreamWriter) -> Result<()> {
    let line = reader.readline().await?;
    writer.write(line);
    writer.drain().await?;
    writer.close();
    writer.wait_closed().await
}

#[asyncio::coroutine]
async fn answer_a_line_by_name(reader: StreamReader, writer: StreamWriter) -> Result<()> {
    answer_a_line(reader, writer).await
}

/// A plain client asks a line, and reads all of the answer.
async fn asked(server: &Server) -> Vec<u8> {
    let client = client_of(server);
    send(&client, b"hello\n");
    read_all(client).await
}

#[asyncio::test(timeout = "10s")]
async fn the_callback_is_any_function_that_gives_a_future() {
    // CPython: test_streams.StreamTests.test_start_server, each of its variants
    let served = Rc::new(Cell::new(0));
    let count = served.clone();
    for server in [
        asyncio::start_server(answer_a_line, "127.0.0.1", 0).await.unwrap(),
        asyncio::start_server(answer_a_line_by_name, "127.0.0.1", 0).await.unwrap(),
        asyncio::start_server(async |reader, writer| answer_a_line(reader, writer).await, "127.0.0.1", 0)
            .await
            .unwrap(),
        asyncio::start_server(
            async move |reader, writer| {
                count.set(count.get() + 1);
                answer_a_line(reader, writer).await
            },
            "127.0.0.1",
            0,
        )
        .await
        .unwrap(),
        asyncio::start_server(move |reader, writer| Box::pin(answer_a_line(reader, writer)), "127.0.0.1", 0)
            .await
            .unwrap(),
    ] {
        assert_eq!(asked(&server).await, b"hello\n");
        server.close();
        server.wait_closed().await.unwrap();
    }
    assert_eq!(served.get(), 1);
}

#[asyncio::test(timeout = "10s")]
async fn a_server_may_stand_on_a_socket_that_is_bound() {
    // CPython: test_streams.StreamTests.test_start_server, with sock
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let bound = listener.local_addr().unwrap();
    let server = asyncio::start_server_with_sock(answer_a_line, listener).await.unwrap();
    assert_eq!(address(&server), bound);
    assert_eq!(asked(&server).await, b"hello\n");
    server.close();
}

#[asyncio::test(timeout = "10s")]
async fn a_server_of_several_bound_sockets() {
    let listeners = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    let server = asyncio::start_server_with_socks(answer_a_line, listeners).await.unwrap();
    for socket in server.sockets() {
        let port = socket.getsockname().unwrap().port();
        let (mut reader, writer) = asyncio::open_connection("127.0.0.1", port).await.unwrap();
        writer.write(b"hello\n");
        assert_eq!(reader.readline().await.unwrap(), b"hello\n");
        writer.close();
    }
    server.close();
    let none: [TcpListener; 0] = [];
    let refused = asyncio::start_server_with_socks(answer_a_line, none).await;
    assert!(matches!(refused, Err(Error::ValueError(_))));
}

#[asyncio::test(timeout = "10s")]
async fn the_options_of_create_server_are_there() {
    let server = asyncio::start_server(answer_a_line, "localhost", 0)
        .family(asyncio::AddressFamily::Ipv4)
        .backlog(7)
        .reuse_address(true)
        .reuse_port(true)
        .keep_alive(true)
        .start_serving(false)
        .limit(3)
        .await
        .unwrap();
    assert!(!server.is_serving());
    server.start_serving().await.unwrap();
    let reports = Reports::here();
    assert_eq!(asked(&server).await, b"", "the line is longer than the limit");
    assert!(matches!(reports.one().exception, Some(Error::ValueError(_))));
    server.close();
    let refused = asyncio::start_server(answer_a_line, "127.0.0.1", 0).limit(0).await;
    assert!(matches!(refused, Err(Error::ValueError(_))));
}

#[asyncio::test(timeout = "10s")]
async fn a_clients_task_is_named_after_the_client() {
    let journal = Journal::default();
    let notes = journal.clone();
    let server = asyncio::start_server(
        async move |_reader: StreamReader, writer: StreamWriter| {
            notes.note(current_task()?.unwrap().get_name());
            writer.close();
            Ok::<_, Error>(())
        },
        "127.0.0.1",
        0,
    )
    .await
    .unwrap();
    let client = client_of(&server);
    assert_eq!(journal.wait_for("client").await, format!("client {}", client.local_addr().unwrap()));
    server.close();
}

/// What is reported when a server's callback fails, and whether its client was let go.
async fn reported(server: Server) -> (Reports, SocketAddr) {
    let reports = Reports::here();
    let mut client = client_of(&server);
    let from = client.local_addr().unwrap();
    send(&client, b"test msg\n");
    let ended = off_loop(move || client.read(&mut [0]).map_or(0, |length| length)).await;
    assert_eq!(ended, 0);
    server.close();
    server.wait_closed().await.unwrap();
    (reports, from)
}

#[asyncio::test(timeout = "10s")]
async fn an_error_in_a_clients_task_reaches_the_handler_with_the_clients_address() {
    // CPython: test_streams.StreamTests.test_unhandled_exception
    let failing = async |_reader: StreamReader, writer: StreamWriter| {
        writer.write("some");
        Err::<(), _>(Error::value_error("test"))
    };
    let peer = Rc::new(Cell::new(None));
    let seen = peer.clone();
    let server = asyncio::start_server(failing, "127.0.0.1", 0).await.unwrap();
    let mut client = client_of(&server);
    running().set_exception_handler(move |_, context| {
        assert_eq!(context.message(), "Unhandled exception in client_connected_cb");
        assert_eq!(context.get_exception().unwrap().to_string(), "ValueError: test");
        assert_eq!(context.keys(), ["exception", "peername", "source_traceback", "task", "transport"]);
        seen.set(context.get::<SocketAddr>("peername").copied());
    });
    let from = client.local_addr().unwrap();
    let mut received = Vec::new();
    off_loop(move || {
        client.read_to_end(&mut received).unwrap();
        assert_eq!(received, b"some", "what was written is still sent");
    })
    .await;
    server.close();
    server.wait_closed().await.unwrap();
    assert_eq!(peer.get(), Some(from));
}

#[asyncio::test(timeout = "10s")]
async fn a_panic_in_a_clients_task_reaches_the_handler() {
    let server = asyncio::start_server(
        async |_reader: StreamReader, _writer: StreamWriter| crate::support::tasks::panics("this way"),
        "127.0.0.1",
        0,
    )
    .await
    .unwrap();
    let (reports, from) = reported(server).await;
    let report = reports.one();
    assert_eq!(report.message, "Unhandled exception in client_connected_cb");
    assert_eq!(report.code, Some("ASY0015"));
    assert!(matches!(&report.exception, Some(Error::Panic(panic)) if panic.message() == "this way"));
    assert_eq!(report.task, Some(format!("client {from}")));
}

#[asyncio::test(timeout = "10s")]
async fn a_panic_in_a_closure_before_its_future_reaches_the_handler() {
    let panicking = |_, _| {
        crate::support::tasks::panics("this way");
        std::future::ready(())
    };
    let server = asyncio::start_server(panicking, "127.0.0.1", 0).await.unwrap();
    let (reports, _) = reported(server).await;
    assert!(matches!(reports.one().exception, Some(Error::Panic(_))));
    assert!(reports.one().keys.contains(&"peername"));
}

#[asyncio::test(timeout = "10s")]
async fn a_client_whose_task_is_cancelled_is_let_go_in_silence() {
    // CPython: test_streams.StreamTests.test_unhandled_cancel
    let server = asyncio::start_server(
        async |mut reader: StreamReader, _writer: StreamWriter| {
            current_task()?.unwrap().cancel();
            reader.readline().await.map(drop)
        },
        "127.0.0.1",
        0,
    )
    .await
    .unwrap();
    let (reports, _) = reported(server).await;
    assert!(reports.all().is_empty(), "{:?}", reports.all());
}

#[asyncio::test(timeout = "10s", debug = true)]
async fn a_task_that_ends_without_closing_is_reported_in_debug_mode() {
    // CPython: test_streams.StreamTests.test_unclosed_server_resource_warnings
    log::collect();
    let server =
        asyncio::start_server(async |_reader: StreamReader, _writer: StreamWriter| {}, "127.0.0.1", 0).await.unwrap();
    let (reports, _) = reported(server).await;
    let warnings = log::collected(Level::Warn);
    assert!(warnings.len() == 1 && warnings[0].starts_with("ASY0012: unclosed <StreamWriter"), "{warnings:?}");
    assert!(reports.all().is_empty());
}

#[asyncio::test(timeout = "10s", debug = true)]
async fn a_task_that_fails_is_reported_for_its_error_only() {
    log::collect();
    let failing = async |_reader: StreamReader, _writer: StreamWriter| Err::<(), _>(Error::value_error("test"));
    let server = asyncio::start_server(failing, "127.0.0.1", 0).await.unwrap();
    let (reports, _) = reported(server).await;
    assert_eq!(reports.all().len(), 1);
    assert_eq!(log::collected(Level::Warn), Vec::<String>::new());
}

#[asyncio::test(timeout = "10s")]
async fn closing_the_clients_ends_their_streams() {
    // CPython: test_server.TestServer2.test_close_clients, for streams
    let journal = Journal::default();
    let notes = journal.clone();
    let server = asyncio::start_server(
        async move |mut reader: StreamReader, writer: StreamWriter| {
            notes.note("connected");
            assert_eq!(reader.readline().await?, b"", "its stream has ended");
            writer.wait_closed().await?;
            notes.note("gone");
            Ok::<_, Error>(())
        },
        "127.0.0.1",
        0,
    )
    .await
    .unwrap();
    let clients = [client_of(&server), client_of(&server)];
    journal.until(|entries| entries.len() == 2).await;
    server.close();
    server.close_clients();
    server.wait_closed().await.unwrap();
    journal.until(|entries| entries.len() == 4).await;
    drop(clients);
}

#[asyncio::test(timeout = "10s")]
async fn many_clients_are_served_beside_each_other() {
    let server = asyncio::start_server(
        async |mut reader: StreamReader, writer: StreamWriter| {
            loop {
                let data = reader.read(1000).await?;
                if data.is_empty() {
                    writer.close();
                    return writer.wait_closed().await;
                }
                writer.write(data);
                writer.drain().await?;
            }
        },
        "127.0.0.1",
        0,
    )
    .await
    .unwrap();
    let clients: Vec<_> = (0..20).map(|_| client_of(&server)).collect();
    for round in 0..5_u8 {
        for (client, number) in clients.iter().zip(0_u8..) {
            send(client, &[number, round]);
        }
        for (client, number) in clients.iter().zip(0_u8..) {
            assert_eq!(read_exactly(client, 2).await, [number, round]);
        }
    }
    drop(clients);
    server.close();
    server.wait_closed().await.unwrap();
    settle().await;
}
