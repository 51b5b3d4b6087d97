//! `sock_connect`.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::os::unix::net::UnixListener;
use std::rc::Rc;

use asyncio::testing::StaticResolver;
use asyncio::{Error, SockAddr, Socket};
use socket2::{Domain, Type};

use super::{listener, tcp, until_it_waits};
use crate::support::net::running;
use crate::support::tasks::tick;

fn unix() -> Socket {
    let sock = Socket::new(Domain::UNIX, Type::STREAM, None).unwrap();
    sock.set_nonblocking(true).unwrap();
    sock
}

#[asyncio::test(timeout = "20s")]
async fn a_refused_connection_names_the_address() {
    // CPython: test_sock_lowlevel.BaseSockTestsMixin.test_sock_client_fail
    let (gone, address) = listener();
    drop(gone);
    let error = running().sock_connect(&tcp(), address).await.unwrap_err();
    assert_eq!(error.io_kind(), Some(ErrorKind::ConnectionRefused));
    assert!(error.to_string().contains(&address.to_string()), "{error}");
    let missing = SockAddr::unix("/no/such/socket").unwrap();
    let error = running().sock_connect(&unix(), missing).await.unwrap_err();
    assert_eq!(error.io_kind(), Some(ErrorKind::NotFound));
    assert!(error.to_string().contains("/no/such/socket"), "{error}");
}

#[cfg(target_os = "linux")]
#[asyncio::test(timeout = "20s")]
async fn an_unreachable_address_is_named() {
    let nowhere: SocketAddr = "255.255.255.255:9".parse().unwrap();
    let error = running().sock_connect(&tcp(), nowhere).await.unwrap_err();
    assert_eq!(error.io_kind(), Some(ErrorKind::NetworkUnreachable));
    assert!(error.to_string().contains("255.255.255.255:9"), "{error}");
}

#[asyncio::test(timeout = "20s")]
async fn a_path_is_connected_to() {
    // CPython: test_sock_lowlevel.BaseSockTestsMixin.test_unix_sock_client_ops
    let path = std::env::temp_dir().join(format!("asyncio-connect-{}", std::process::id()));
    let listener = UnixListener::bind(&path).unwrap();
    let sock = unix();
    running().sock_connect(&sock, SockAddr::unix(&path).unwrap()).await.unwrap();
    running().sock_sendall(&sock, b"x").await.unwrap();
    listener.accept().unwrap();
    std::fs::remove_file(path).unwrap();
}

#[asyncio::test(timeout = "20s")]
async fn a_name_is_resolved_for_the_family_of_the_socket() {
    // CPython: test_selector_events.BaseSelectorEventLoopTests.test_sock_connect_resolve_using_socket_params
    let (_listener, address) = listener();
    running().set_resolver(StaticResolver::new().host("both.test", ["::1", "127.0.0.1"]).host("six.test", ["::1"]));
    let sock = tcp();
    running().sock_connect(&sock, ("both.test", address.port())).await.unwrap();
    assert_eq!(sock.peer_addr().unwrap().as_socket(), Some(address));
    let error = running().sock_connect(&tcp(), ("six.test", 80)).await.unwrap_err();
    assert!(matches!(error, Error::OsError(_)) && error.to_string().contains("six.test"), "{error}");
    let error = running().sock_connect(&tcp(), ("none.test", 80)).await.unwrap_err();
    assert!(matches!(error, Error::ResolveError(_)), "{error}");
    let error = running().sock_connect(&unix(), ("both.test", 80)).await.unwrap_err();
    assert!(matches!(error, Error::ValueError(_)), "{error}");
}

#[asyncio::test(timeout = "20s")]
async fn a_cancelled_connect_does_not_break_a_second_one() {
    // CPython: test_sock_lowlevel.BaseSockTestsMixin.test_sock_client_connect_racing (B 50)
    let server = tcp();
    server.bind(&"127.0.0.1:0".parse::<SocketAddr>().unwrap().into()).unwrap();
    let address = server.local_addr().unwrap().as_socket().unwrap();
    let sock = Rc::new(tcp());
    let of_task = sock.clone();
    let first = asyncio::create_task(async move { running().sock_connect(&of_task, address).await });
    tick().await;
    first.cancel();
    server.listen(1).unwrap();
    let mut tries = 0;
    while let Err(error) = running().sock_connect(&sock, address).await {
        assert_eq!(error.io_kind(), Some(ErrorKind::ConnectionRefused), "{error}");
        tries += 1;
        assert!(tries < 128);
    }
    assert_eq!(sock.peer_addr().unwrap().as_socket(), Some(address));
}

#[cfg(target_os = "linux")]
#[asyncio::test(timeout = "20s")]
async fn a_busy_path_is_an_error_and_not_a_connection() {
    let path = std::env::temp_dir().join(format!("asyncio-busy-{}", std::process::id()));
    let (server, to) = (unix(), SockAddr::unix(&path).unwrap());
    server.bind(&to).unwrap();
    server.listen(0).unwrap();
    let first = unix();
    running().sock_connect(&first, to.clone()).await.unwrap();
    let error = running().sock_connect(&unix(), to).await.unwrap_err();
    assert_eq!(error.io_kind(), Some(ErrorKind::WouldBlock));
    assert!(error.to_string().contains("asyncio-busy"), "{error}");
    std::fs::remove_file(path).unwrap();
}

/// A listener whose queue is full, so that further attempts wait; with what fills it.
#[cfg(target_os = "linux")]
async fn full() -> (Socket, SocketAddr, Socket) {
    let server = tcp();
    server.bind(&"127.0.0.1:0".parse::<SocketAddr>().unwrap().into()).unwrap();
    server.listen(0).unwrap();
    let address = server.local_addr().unwrap().as_socket().unwrap();
    let filler = tcp();
    running().sock_connect(&filler, address).await.unwrap();
    (server, address, filler)
}

#[cfg(target_os = "linux")]
#[asyncio::test(timeout = "20s")]
async fn two_wait_for_one_connection_and_one_of_them_may_leave() {
    let (server, address, _filler) = full().await;
    let sock = Rc::new(tcp());
    let connect = || {
        let sock = sock.clone();
        asyncio::create_task(async move { running().sock_connect(&sock, address).await })
    };
    let (first, second, third) = (connect(), connect(), connect());
    until_it_waits(&third).await;
    first.cancel();
    assert!(first.await.unwrap_err().is_cancelled());
    // Room: the system repeats its attempt within a second or two.
    running().sock_accept(&server).await.unwrap();
    second.await.unwrap();
    third.await.unwrap();
    assert_eq!(sock.peer_addr().unwrap().as_socket(), Some(address));
}

#[cfg(target_os = "linux")]
#[asyncio::test(timeout = "20s")]
async fn two_who_wait_for_one_connection_both_hear_that_it_failed() {
    let (server, address, _filler) = full().await;
    let sock = Rc::new(tcp());
    let connect = || {
        let sock = sock.clone();
        asyncio::create_task(async move { running().sock_connect(&sock, address).await })
    };
    let (first, second) = (connect(), connect());
    until_it_waits(&second).await;
    // The system repeats its attempt within a second or two, and finds nobody.
    drop(server);
    assert_eq!(first.await.unwrap_err().io_kind(), Some(ErrorKind::ConnectionRefused));
    let error = second.await.unwrap_err();
    assert!(error.to_string().contains(&address.to_string()), "{error}");
}

#[asyncio::test(timeout = "20s")]
async fn a_connect_that_is_cancelled_before_it_begins_does_nothing() {
    let (_server, address) = listener();
    let sock = Rc::new(tcp());
    let of_task = sock.clone();
    let task = asyncio::create_task(async move { running().sock_connect(&of_task, address).await });
    task.cancel();
    assert!(task.await.unwrap_err().is_cancelled());
    assert!(sock.peer_addr().is_err());
    running().sock_connect(&sock, address).await.unwrap();
}

/// A socket that the system gives this port and no other one.
#[cfg(target_os = "linux")]
#[expect(unsafe_code, reason = "socket2 does not know this option")]
fn from_port(port: u16) -> Socket {
    /// `IP_LOCAL_PORT_RANGE`: the lowest port in the lower half, the highest in the upper one.
    const LOCAL_PORT_RANGE: libc::c_int = 51;
    use std::os::fd::AsRawFd;
    let sock = tcp();
    let range = u32::from(port) << 16 | u32::from(port);
    // SAFETY: `range` lives through the call, and its size is given.
    let set = unsafe {
        let length = size_of::<u32>() as libc::socklen_t;
        libc::setsockopt(sock.as_raw_fd(), libc::IPPROTO_IP, LOCAL_PORT_RANGE, (&raw const range).cast(), length)
    };
    assert_eq!(set, 0, "{}", std::io::Error::last_os_error());
    sock
}

#[cfg(target_os = "linux")]
#[asyncio::test(timeout = "10s")]
async fn without_a_free_port_a_connect_fails_and_a_later_one_does_not() {
    let (_server, address) = listener();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let first = from_port(port);
    running().sock_connect(&first, address).await.unwrap();
    let error = running().sock_connect(&from_port(port), address).await.unwrap_err();
    assert_eq!(error.io_kind(), Some(ErrorKind::AddrNotAvailable));
    assert!(error.to_string().contains(&address.to_string()), "{error}");
    // Ended by a reset, a connection gives its port back at once.
    first.set_linger(Some(std::time::Duration::ZERO)).unwrap();
    drop(first);
    let last = from_port(port);
    running().sock_connect(&last, address).await.unwrap();
    assert_eq!(last.local_addr().unwrap().as_socket().unwrap().port(), port);
}
