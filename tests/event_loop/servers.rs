//! `create_server` and `Server`.

use std::io::ErrorKind;
use std::net::TcpStream;
use std::rc::Rc;
use std::time::Duration;

use asyncio::{Error, Result, Server};

use crate::support::journal::Journal;
use crate::support::net::{Reports, address, client_of, clog, fill, read_all, running, send, settle};
use crate::support::script::Script;

async fn quiet_server() -> Server {
    running().create_server(|| Script::new(&Journal::default()), "127.0.0.1", 0).await.unwrap()
}

/// A server whose connections note what happens in one journal.
async fn server(journal: &Journal) -> Server {
    let journal = journal.clone();
    running().create_server(move || Script::new(&journal), "127.0.0.1", 0).await.unwrap()
}

#[asyncio::test(timeout = "10s")]
async fn a_server_listens_until_it_is_closed() {
    // CPython: test_events.EventLoopTestsMixin.test_create_server, test_base_events.BaseEventLoopTests server rows
    let journal = Journal::default();
    let server = server(&journal).await;
    assert!(server.is_serving());
    assert_eq!(server.get_loop().unwrap(), running());
    let listening = address(&server);
    assert_ne!(listening.port(), 0);
    let client = client_of(&server);
    journal.wait_for("made").await;
    server.close();
    server.close();
    assert!(!server.is_serving());
    assert!(server.sockets().is_empty());
    assert_eq!(TcpStream::connect(listening).unwrap_err().kind(), ErrorKind::ConnectionRefused);
    // What is connected stays so.
    send(&client, b"still here");
    journal.wait_for("data still here").await;
    drop(client);
    journal.wait_for("lost").await;
}

#[asyncio::test(timeout = "10s")]
async fn a_server_goes_on_listening_without_a_handle() {
    let journal = Journal::default();
    let server = server(&journal).await;
    let listening = address(&server);
    drop(server);
    settle().await;
    let _client = TcpStream::connect(listening).unwrap();
    journal.wait_for("made").await;
}

#[asyncio::test(timeout = "10s")]
async fn wait_closed_waits_for_both_in_every_order() {
    // CPython: test_server.TestServer2.test_wait_closed_basic (B 48)
    let journal = Journal::default();
    let server = server(&journal).await;
    let client = client_of(&server);
    journal.wait_for("made").await;
    let waiting = server.clone();
    let first = asyncio::create_task(async move { waiting.wait_closed().await });
    settle().await;
    assert!(!first.done(), "neither closed nor without clients");
    server.close();
    settle().await;
    assert!(!first.done(), "closed, but a client is left");
    let waiting = server.clone();
    let second = asyncio::create_task(async move { waiting.wait_closed().await });
    drop(client);
    first.await.unwrap();
    second.await.unwrap();
    server.wait_closed().await.unwrap();
}

#[asyncio::test(timeout = "10s")]
async fn wait_closed_without_clients_waits_for_close() {
    // CPython: test_server.TestServer2.test_wait_closed_basic, test_wait_closed_race (B 48)
    let journal = Journal::default();
    let server = server(&journal).await;
    let client = client_of(&server);
    let waiting = server.clone();
    let task = asyncio::create_task(async move { waiting.wait_closed().await });
    drop(client);
    journal.wait_for("lost").await;
    settle().await;
    assert!(!task.done(), "no client is left, but it is not closed");
    server.close();
    task.await.unwrap();
}

#[asyncio::test(timeout = "10s")]
async fn close_clients_sends_what_was_written_and_abort_clients_does_not() {
    // CPython: test_server.TestServer2.test_close_clients, test_abort_clients (B 49)
    for abort in [false, true] {
        let (journal, written) = (Journal::default(), Journal::default());
        let (noted, size) = (journal.clone(), written.clone());
        let factory = move || {
            let size = size.clone();
            Script::new(&noted).on_made(move |transport| {
                size.note(fill(transport).to_string());
                Ok(())
            })
        };
        let server = running().create_server(factory, "127.0.0.1", 0).await.unwrap();
        let client = client_of(&server);
        journal.wait_for("made").await;
        server.close();
        if abort {
            server.abort_clients();
        } else {
            server.close_clients();
        }
        if abort {
            server.wait_closed().await.unwrap();
        }
        let received = read_all(client).await.len().to_string();
        server.wait_closed().await.unwrap();
        assert_eq!(received == written.entries()[0], !abort, "abort: {abort}");
        journal.wait_for("lost").await;
    }
}

#[asyncio::test(timeout = "10s")]
async fn the_clients_of_one_server_are_not_those_of_another() {
    let (journal, other_journal) = (Journal::default(), Journal::default());
    let (server, other) = (server(&journal).await, server(&other_journal).await);
    let _clients = (client_of(&server), client_of(&other));
    journal.wait_for("made").await;
    other_journal.wait_for("made").await;
    server.close_clients();
    journal.wait_for("lost").await;
    settle().await;
    assert_eq!(other_journal.entries(), ["made"]);
}

#[asyncio::test(timeout = "10s")]
async fn serving_can_be_started_later() {
    // CPython: test_server.BaseStartServer.test_start_server_1
    let server = running()
        .create_server(|| Script::new(&Journal::default()), "127.0.0.1", 0)
        .start_serving(false)
        .await
        .unwrap();
    assert!(!server.is_serving());
    assert!(TcpStream::connect(address(&server)).is_err(), "it is bound, but does not listen");
    server.start_serving().await.unwrap();
    server.start_serving().await.unwrap();
    assert!(server.is_serving());
    client_of(&server);
    server.close();
    let refused = server.start_serving().await.unwrap_err();
    assert!(matches!(refused, Error::RuntimeError(_)), "{refused}");
}

#[asyncio::test(timeout = "10s")]
async fn a_server_that_never_served_goes_with_its_last_handle() {
    let witness = Rc::new(());
    let held = witness.clone();
    let factory = move || {
        let _ = &held;
        Script::new(&Journal::default())
    };
    let server = running().create_server(factory, "127.0.0.1", 0).start_serving(false).await.unwrap();
    drop(server);
    assert_eq!(Rc::strong_count(&witness), 1);
}

#[asyncio::test(timeout = "10s")]
async fn cancelling_serve_forever_closes_the_server_and_its_clients() {
    // CPython: test_server.BaseStartServer.test_start_server_1; idle clients hung CPython 3.13.0 (gh-123720).
    let journal = Journal::default();
    let server = server(&journal).await;
    let client = client_of(&server);
    journal.wait_for("made").await;
    let serving = server.clone();
    let task = asyncio::create_task(async move { serving.serve_forever().await });
    settle().await;
    task.cancel();
    let ended = task.await.unwrap_err();
    assert!(ended.is_cancelled(), "{ended}");
    assert!(!server.is_serving());
    assert_eq!(journal.entries(), ["made", "lost"]);
    assert_eq!(read_all(client).await, b"");
    server.wait_closed().await.unwrap();
}

#[asyncio::test(timeout = "10s")]
async fn a_cancelled_serve_forever_waits_for_what_its_clients_are_being_sent() {
    let factory = || {
        Script::new(&Journal::default()).on_made(|transport| {
            clog(transport);
            Ok(())
        })
    };
    let server = running().create_server(factory, "127.0.0.1", 0).await.unwrap();
    let client = client_of(&server);
    let task = asyncio::create_task(async move { server.serve_forever().await });
    settle().await;
    task.cancel();
    settle().await;
    assert!(!task.done());
    assert!(read_all(client).await.len() > 4 << 20);
    assert!(task.await.unwrap_err().is_cancelled());
}

#[asyncio::test(timeout = "10s")]
async fn serve_forever_under_a_timeout_ends_with_the_timeout() {
    let server = quiet_server().await;
    let served = asyncio::timeout(Duration::from_millis(5), server.serve_forever()).await;
    assert!(served.unwrap_err().is_timeout());
    assert!(!server.is_serving());
}

#[asyncio::test(timeout = "10s")]
async fn close_ends_serve_forever_with_cancelled_error() {
    let journal = Journal::default();
    let server = server(&journal).await;
    let client = client_of(&server);
    journal.wait_for("made").await;
    let serving = server.clone();
    let task = asyncio::create_task(async move { Ok::<_, Error>(serving.serve_forever().await) });
    settle().await;
    server.close();
    settle().await;
    assert!(!task.done(), "a client is left, and stays");
    assert_eq!(journal.entries(), ["made"]);
    drop(client);
    let ended: Result<()> = task.await.unwrap();
    assert!(ended.unwrap_err().is_cancelled(), "a value, for nobody cancelled the task");
}

#[asyncio::test(timeout = "10s")]
async fn serve_forever_is_awaited_once_at_a_time_and_not_on_a_closed_server() {
    let server = quiet_server().await;
    let serving = server.clone();
    let first = asyncio::create_task(async move { serving.serve_forever().await });
    settle().await;
    let second = server.serve_forever().await.unwrap_err();
    assert!(matches!(second, Error::RuntimeError(_)), "{second}");
    assert!(server.is_serving(), "the first one is not disturbed");
    first.cancel();
    assert!(first.await.unwrap_err().is_cancelled());
    let closed = server.serve_forever().await.unwrap_err();
    assert!(closed.to_string().contains("the server is closed"), "{closed}");
}

#[asyncio::test(timeout = "10s")]
async fn a_factory_that_panics_ends_one_connection_and_not_the_server() {
    // CPython: test_selector_events / test_base_events: accept_connection2 reports in debug mode only
    for debug in [false, true] {
        running().set_debug(debug);
        let reports = Reports::collect();
        let journal = Journal::default();
        let noted = journal.clone();
        let mut calls = 0;
        let factory = move || {
            calls += 1;
            assert!(calls != 1, "no protocol for the first one");
            Script::new(&noted)
        };
        let server = running().create_server(factory, "127.0.0.1", 0).await.unwrap();
        assert_eq!(read_all(client_of(&server)).await, b"");
        let _second = client_of(&server);
        journal.wait_for("made").await;
        let reported = reports.all();
        assert_eq!(reported.len(), usize::from(debug), "{reported:?}");
        assert!(
            reported.iter().all(|report| report.starts_with("Error on transport creation for incoming connection"))
        );
        server.close();
    }
}

#[cfg(target_os = "linux")]
#[asyncio::test(timeout = "10s")]
async fn an_error_of_accept_that_nobody_expects_is_reported_and_keeps_nobody_busy() {
    let reports = Reports::collect();
    let server = quiet_server().await;
    // The system cannot accept on such a socket, and says so at once each time.
    server.sockets()[0].shutdown(std::net::Shutdown::Both).unwrap();
    while reports.all().is_empty() {
        asyncio::sleep(Duration::from_millis(1)).await;
    }
    settle().await;
    let reported = reports.all();
    assert_eq!(reported.len(), 1, "it waits before it tries again");
    assert!(reported[0].starts_with("socket.accept() failed"), "{reported:?}");
    assert!(reported[0].ends_with(r#"["exception", "socket"]"#), "{reported:?}");
    assert!(server.is_serving());
    server.close();
}

#[asyncio::test(timeout = "10s")]
async fn a_factory_may_close_its_server() {
    let journal = Journal::default();
    let slot: Rc<std::cell::RefCell<Option<Server>>> = Rc::default();
    let (noted, in_factory) = (journal.clone(), slot.clone());
    let factory = move || {
        in_factory.take().unwrap().close();
        Script::new(&noted)
    };
    let server = running().create_server(factory, "127.0.0.1", 0).await.unwrap();
    *slot.borrow_mut() = Some(server.clone());
    let _clients = (client_of(&server), client_of(&server));
    journal.wait_for("made").await;
    settle().await;
    assert!(!server.is_serving());
    assert_eq!(journal.entries(), ["made"], "the second one was not accepted any more");
}

#[asyncio::test(timeout = "10s")]
async fn all_that_wait_are_accepted_whatever_the_backlog() {
    // CPython: test_selector_events.BaseSelectorEventLoopTests.test_accept_connection_multiple
    let journal = Journal::default();
    let noted = journal.clone();
    let server = running().create_server(move || Script::new(&noted), "127.0.0.1", 0).backlog(3).await.unwrap();
    let mut clients = Vec::new();
    for round in 1..=5 {
        // As many as the system queues before it is asked for them.
        clients.extend((0..4).map(|_| client_of(&server)));
        journal.until(|entries| entries.len() == 4 * round).await;
    }
    server.close();
    server.abort_clients();
    server.wait_closed().await.unwrap();
}

#[asyncio::test(timeout = "10s")]
async fn descriptors_of_transports_and_servers_are_not_for_add_reader() {
    // CPython: test_unix_events / test_selector_events.test_add_reader_or_writer_transport_fd (B 8)
    struct Fd(i32);
    impl std::os::fd::AsRawFd for Fd {
        fn as_raw_fd(&self) -> i32 {
            self.0
        }
    }
    let (transport, _, _peer) = crate::support::net::connected(Script::new(&Journal::default())).await;
    let server = quiet_server().await;
    let event_loop = running();
    for fd in [transport.socket().unwrap().fileno().unwrap(), server.sockets()[0].fileno().unwrap()] {
        for refused in [event_loop.add_reader(&Fd(fd), || ()), event_loop.add_writer(&Fd(fd), || ())] {
            let error = refused.unwrap_err();
            assert!(matches!(error, Error::RuntimeError(_)), "{error}");
            assert!(error.to_string().contains("transport"), "{error}");
        }
        assert!(!event_loop.remove_reader(&Fd(fd)) && !event_loop.remove_writer(&Fd(fd)));
    }
    server.close();
    transport.close();
    settle().await;
    // The number is free again, and may be somebody else's.
    let (near, _far) = std::os::unix::net::UnixStream::pair().unwrap();
    event_loop.add_reader(&near, || ()).unwrap();
    assert!(event_loop.remove_reader(&near));
}
