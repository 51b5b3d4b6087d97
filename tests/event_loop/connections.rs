//! `create_connection`.

use std::io::ErrorKind;
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use asyncio::{AddressFamily, Error, EventLoop};

#[cfg(target_os = "linux")]
use crate::support::holes::Hole;
use crate::support::journal::Journal;
use crate::support::net::{address, connected, read_all, running, send, settle};
use crate::support::script::Script;

fn script() -> Script {
    Script::new(&Journal::default())
}

/// A port on which nobody listens: it was free a moment ago.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[asyncio::test(timeout = "10s")]
async fn a_refused_connection_names_the_address() {
    let port = free_port();
    let refused = running().create_connection(script, "127.0.0.1", port).await.unwrap_err();
    assert_eq!(refused.io_kind(), Some(ErrorKind::ConnectionRefused));
    assert!(refused.to_string().contains(&format!("127.0.0.1:{port}")), "{refused}");
}

#[asyncio::test(timeout = "10s")]
async fn a_number_of_another_family_than_the_one_asked_for_is_not_connected_to() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    for local in [false, true] {
        let connection = running().create_connection(script, "127.0.0.1", port).family(AddressFamily::Ipv6);
        let connection = if local { connection.local_addr("::1", 0) } else { connection };
        let refused = connection.await.unwrap_err();
        assert_eq!(refused.io_kind(), Some(ErrorKind::AddrNotAvailable), "{refused}");
        assert!(refused.to_string().contains("127.0.0.1"), "{refused}");
    }
}

#[asyncio::test(timeout = "10s")]
async fn the_addresses_of_a_host_are_tried_in_turn() {
    // CPython: test_base_events.BaseEventLoopWithSelectorTests.test_create_connection_multiple
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    // The empty name means ::1 and then 127.0.0.1, and nobody listens on ::1.
    let (transport, _) = running().create_connection(script, "", port).await.unwrap();
    assert_eq!(transport.peername(), Some(listener.local_addr().unwrap()));
    transport.close();
}

#[asyncio::test(timeout = "10s")]
async fn several_failures_are_told_in_one_error_or_as_a_group() {
    // CPython: test_base_events.BaseEventLoopWithSelectorTests.test_create_connection_multiple_errors, all_errors
    let port = free_port();
    let error = running().create_connection(script, "", port).await.unwrap_err();
    let text = error.to_string();
    assert!(text.contains("Multiple exceptions: "), "{text}");
    assert!(text.contains(&format!("[::1]:{port}")) && text.contains(&format!("127.0.0.1:{port}")), "{text}");
    let error = running().create_connection(script, "", port).all_errors(true).await.unwrap_err();
    let Error::ExceptionGroup(group) = error else { panic!("{error} is no group") };
    assert_eq!(group.exceptions().len(), 2);
    let error = running().create_connection(script, "127.0.0.1", port).all_errors(true).await.unwrap_err();
    assert!(matches!(error, Error::ExceptionGroup(_)), "also for one: {error}");
}

#[asyncio::test(timeout = "10s")]
async fn a_name_is_resolved_off_the_loop() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (transport, _) =
        running().create_connection(script, "localhost", port).family(AddressFamily::Ipv4).await.unwrap();
    assert_eq!(transport.peername().unwrap().port(), port);
    transport.close();
}

#[asyncio::test(timeout = "60s")]
async fn a_name_that_does_not_exist_is_an_error_that_names_it() {
    let error = running().create_connection(script, "no-such-host.invalid", 80).await.unwrap_err();
    let Error::ResolveError(error) = error else { panic!("{error}") };
    assert_eq!(error.host, "no-such-host.invalid");
}

#[asyncio::test(timeout = "10s")]
async fn a_family_that_the_host_does_not_have_is_an_error() {
    let error = running().create_connection(script, "127.0.0.1", 80).family(AddressFamily::Ipv6).await.unwrap_err();
    assert!(matches!(error, Error::OsError(_)) && error.to_string().contains("127.0.0.1"), "{error}");
}

#[asyncio::test(timeout = "10s")]
async fn the_local_address_can_be_chosen() {
    // CPython: test_events.EventLoopTestsMixin.test_create_connection_local_addr
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = listener.local_addr().unwrap();
    let (transport, _) =
        running().create_connection(script, at.ip(), at.port()).local_addr("127.0.0.3", 0).await.unwrap();
    assert_eq!(transport.sockname().unwrap().ip().to_string(), "127.0.0.3");
    transport.close();
    let taken = at.port();
    let error = running().create_connection(script, at.ip(), taken).local_addr("127.0.0.1", taken).await.unwrap_err();
    assert!(error.to_string().contains("error while attempting to bind on address"), "{error}");
    let error = running().create_connection(script, at.ip(), taken).local_addr("::1", 0).await.unwrap_err();
    assert!(error.to_string().contains("no matching local address"), "{error}");
}

#[cfg(target_os = "linux")]
#[asyncio::test(timeout = "10s")]
async fn cancelling_an_attempt_closes_its_socket() {
    // CPython: test_base_events / test_selector_events: the socket is closed if create_connection is cancelled
    let hole = Hole::at("127.0.0.1", 0);
    let (event_loop, port) = (running(), hole.port());
    let attempt =
        asyncio::create_task(async move { event_loop.create_connection(script, "127.0.0.1", port).await.map(drop) });
    settle().await;
    assert_eq!((attempt.done(), hole.waiting()), (false, 1));
    attempt.cancel();
    assert!(attempt.await.unwrap_err().is_cancelled());
    assert_eq!(hole.waiting(), 0);
}

#[asyncio::test(timeout = "10s")]
async fn an_attempt_under_a_timeout_ends_with_it() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let event_loop = running();
    let connection = asyncio::timeout(Duration::from_secs(5), async move {
        event_loop.create_connection(script, "127.0.0.1", port).await
    });
    let (transport, _) = connection.await.unwrap();
    transport.close();
}

#[asyncio::test(timeout = "10s")]
async fn a_socket_that_is_connected_already_can_be_used() {
    // CPython: the documentation's "Register an open socket to wait for data using a protocol"
    let (near, far) = UnixStream::pair().unwrap();
    let journal = Journal::default();
    let noted = journal.clone();
    let script = move || {
        Script::new(&noted).on_data(|transport, data| {
            transport.write(data);
            Ok(())
        })
    };
    let (transport, _) = running().create_connection_with_sock(script, near).await.unwrap();
    assert_eq!((transport.peername(), transport.sockname()), (None, None));
    std::io::Write::write_all(&mut &far, b"abc").unwrap();
    journal.wait_for("data abc").await;
    far.shutdown(std::net::Shutdown::Write).unwrap();
    journal.wait_for("lost").await;
    let mut received = Vec::new();
    std::io::Read::read_to_end(&mut &far, &mut received).unwrap();
    assert_eq!(received, b"abc");
    let datagram = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let refused = running().create_connection_with_sock(self::script, datagram).await.unwrap_err();
    assert!(matches!(refused, Error::ValueError(_)), "{refused}");
    let no_socket = std::fs::File::open("/dev/null").unwrap();
    let refused = running().create_connection_with_sock(self::script, no_socket).await.unwrap_err();
    assert!(matches!(refused, Error::ValueError(_)), "{refused}");
    assert!(refused.to_string().contains("create_connection_with_sock: a stream socket was expected"), "{refused}");
}

#[asyncio::test(timeout = "10s")]
async fn a_socket_that_was_accepted_elsewhere_can_be_taken_over() {
    // CPython: test_events.EventLoopTestsMixin.test_connect_accepted_socket
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (conn, from) = listener.accept().unwrap();
    let journal = Journal::default();
    let noted = journal.clone();
    let script = move || {
        Script::new(&noted).on_data(|transport, data| {
            transport.write(data);
            transport.close();
            Ok(())
        })
    };
    let (transport, protocol) = running().connect_accepted_socket(script, conn).await.unwrap();
    assert_eq!(journal.entries(), ["made"]);
    assert_eq!(transport.peername(), Some(from));
    assert_eq!(transport.get_protocol(), Some(protocol));
    assert_eq!(transport.socket().unwrap().getsockopt(libc::IPPROTO_TCP, libc::TCP_NODELAY).unwrap(), 1);
    send(&client, b"over to you");
    assert_eq!(read_all(client).await, b"over to you");
    journal.wait_for("lost").await;
    let datagram = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let refused = running().connect_accepted_socket(self::script, datagram).await.unwrap_err();
    assert!(matches!(refused, Error::ValueError(_)) && refused.to_string().contains("stream"), "{refused}");
}

#[asyncio::test(timeout = "10s")]
async fn cancelling_a_take_over_closes_the_socket() {
    let (near, far) = UnixStream::pair().unwrap();
    let event_loop = running();
    let taken = asyncio::create_task(async move { event_loop.connect_accepted_socket(script, near).await.map(drop) });
    asyncio::sleep(Duration::ZERO).await;
    assert!(taken.cancel());
    assert!(taken.await.unwrap_err().is_cancelled());
    settle().await;
    assert_eq!(std::io::Read::read(&mut &far, &mut [0]).unwrap(), 0);
}

#[asyncio::test(timeout = "10s")]
async fn a_loop_talks_to_itself() {
    let journal = Journal::default();
    let echo = || {
        Script::new(&Journal::default()).on_data(|transport, data| {
            transport.write(data);
            Ok(())
        })
    };
    let server = running().create_server(echo, "127.0.0.1", 0).await.unwrap();
    let noted = journal.clone();
    let client = move || {
        Script::new(&noted).on_made(|transport| {
            transport.write(b"ping");
            Ok(())
        })
    };
    let at = address(&server);
    let (transport, _) = running().create_connection(client, at.ip(), at.port()).await.unwrap();
    journal.wait_for("data ping").await;
    server.close();
    server.close_clients();
    server.wait_closed().await.unwrap();
    journal.wait_for("lost").await;
    assert!(transport.is_closing());
}

#[asyncio::test(timeout = "10s")]
async fn another_loop_than_the_running_one_is_refused() {
    let other = EventLoop::new().unwrap();
    let refused = other.create_connection(script, "127.0.0.1", 1).await.unwrap_err();
    assert!(matches!(refused, Error::RuntimeError(_)), "{refused}");
    let refused = other.create_server(script, "127.0.0.1", 0).await.unwrap_err();
    assert!(matches!(refused, Error::RuntimeError(_)), "{refused}");
    other.close().unwrap();
}

#[asyncio::test(timeout = "10s")]
async fn a_panicking_factory_panics_in_the_caller_and_closes_the_socket() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let event_loop = running();
    let task = asyncio::create_task(async move {
        let broken = || -> Script { panic!("no protocol today") };
        event_loop.create_connection(broken, "127.0.0.1", port).await.map(drop)
    });
    let Err(Error::Panic(panic)) = task.await else { panic!("it did not panic") };
    assert_eq!(panic.message(), "no protocol today");
    let (peer, _) = listener.accept().unwrap();
    assert_eq!(read_all(peer).await, b"");
}

#[asyncio::test(timeout = "10s")]
async fn many_connections_come_and_go() {
    for round in 0..200 {
        let journal = Journal::default();
        let (transport, _, peer) = connected(Script::new(&journal)).await;
        send(&peer, b"x");
        journal.wait_for("data").await;
        match round % 3 {
            0 => transport.close(),
            1 => transport.abort(),
            _ => drop(peer),
        }
        journal.wait_for("lost").await;
    }
}
