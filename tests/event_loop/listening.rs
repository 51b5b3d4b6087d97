//! Where a server listens: hosts, families, ports that are taken, sockets that are bound already.

use crate::support::journal::Journal;
use crate::support::net::{address, client_of, off_loop, running};
use crate::support::script::Script;
use asyncio::{AddressFamily, Error};
use std::io::ErrorKind;
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::{UnixListener, UnixStream};

#[asyncio::test(timeout = "10s")]
async fn several_hosts_are_several_sockets_and_each_address_is_bound_once() {
    // CPython: test_events.EventLoopTestsMixin.test_create_server_multiple_hosts_ipv4
    let hosts = ["127.0.0.1", "127.0.0.2", "127.0.0.1"];
    let server = running().create_server(|| Script::new(&Journal::default()), hosts, 0).await.unwrap();
    let addresses: Vec<String> =
        server.sockets().iter().map(|socket| socket.getsockname().unwrap().ip().to_string()).collect();
    assert_eq!(addresses, ["127.0.0.1", "127.0.0.2"]);
    server.close();
    // CPython: test_events.EventLoopTestsMixin.test_create_server_multiple_hosts_ipv6
    let hosts = vec!["::1".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()];
    let server = running().create_server(|| Script::new(&Journal::default()), hosts, 0).await.unwrap();
    let families: Vec<bool> = server.sockets().iter().map(|socket| socket.getsockname().unwrap().is_ipv6()).collect();
    assert_eq!(families, [true, false]);
    server.close();
}

#[asyncio::test(timeout = "10s")]
async fn no_host_means_all_interfaces() {
    // CPython: test_base_events.BaseEventLoopWithSelectorTests.test_create_server_empty_host
    for host in [None, Some("")] {
        let server = running().create_server(|| Script::new(&Journal::default()), host, 0).await.unwrap();
        let sockets = server.sockets();
        assert!(sockets.iter().all(|socket| socket.getsockname().unwrap().ip().is_unspecified()));
        assert!(sockets[0].getsockname().unwrap().is_ipv4());
        TcpStream::connect(("127.0.0.1", sockets[0].getsockname().unwrap().port())).unwrap();
        server.close();
    }
}

#[asyncio::test(timeout = "10s")]
async fn a_name_is_resolved_and_a_family_can_be_chosen() {
    let server = running()
        .create_server(|| Script::new(&Journal::default()), "localhost", 0)
        .family(AddressFamily::Ipv4)
        .await
        .unwrap();
    assert_eq!(address(&server).ip().to_string(), "127.0.0.1");
    server.close();
}

#[asyncio::test(timeout = "10s")]
async fn an_address_in_use_is_an_error_that_names_it() {
    // CPython: test_events.EventLoopTestsMixin.test_create_server_addr_in_use
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let refused = running().create_server(|| Script::new(&Journal::default()), "127.0.0.1", port).await.unwrap_err();
    assert_eq!(refused.io_kind(), Some(ErrorKind::AddrInUse));
    assert!(refused.to_string().contains(&format!("127.0.0.1:{port}")), "{refused}");
}

#[asyncio::test(timeout = "10s")]
async fn an_address_of_another_machine_is_left_out_unless_it_is_the_only_one() {
    // CPython: test_base_events.BaseEventLoopWithSelectorTests.test_create_server_ipv6 (EADDRNOTAVAIL, 3.13)
    let hosts = ["203.0.113.1", "127.0.0.1"];
    let server = running().create_server(|| Script::new(&Journal::default()), hosts, 0).await.unwrap();
    assert_eq!(server.sockets().len(), 1);
    server.close();
    let refused = running().create_server(|| Script::new(&Journal::default()), "203.0.113.1", 0).await.unwrap_err();
    assert_eq!(refused.io_kind(), Some(ErrorKind::AddrNotAvailable));
    assert!(refused.to_string().contains("203.0.113.1"), "{refused}");
}

#[asyncio::test(timeout = "10s")]
async fn a_host_without_an_address_of_the_family_is_an_error_that_names_it() {
    // Python has a gaierror for it, also if the other hosts have one.
    for hosts in [vec!["127.0.0.1"], vec!["::1", "127.0.0.1"]] {
        let server = running().create_server(|| Script::new(&Journal::default()), hosts, 0);
        let refused = server.family(AddressFamily::Ipv6).await.unwrap_err();
        assert_eq!(refused.io_kind(), Some(ErrorKind::AddrNotAvailable));
        assert!(refused.to_string().ends_with("no address of the family asked for: 127.0.0.1"), "{refused}");
    }
}

#[asyncio::test(timeout = "10s")]
async fn if_no_address_can_be_bound_the_error_has_the_systems_reason() {
    let hosts = ["203.0.113.1", "203.0.113.2"];
    let refused = running().create_server(|| Script::new(&Journal::default()), hosts, 0).await.unwrap_err();
    let Error::OsError(error) = &refused else { panic!("{refused}") };
    assert_eq!(error.raw_os_error(), Some(libc::EADDRNOTAVAIL));
    assert!(refused.to_string().contains("203.0.113.1:0, 203.0.113.2:0"), "{refused}");
}

#[asyncio::test(timeout = "10s")]
async fn two_servers_share_a_port_if_both_say_so() {
    // CPython: test_events.EventLoopTestsMixin.test_create_server_reuse_port
    let make = |port| running().create_server(|| Script::new(&Journal::default()), "127.0.0.1", port);
    let first = make(0).reuse_port(true).backlog(5).keep_alive(true).await.unwrap();
    let port = address(&first).port();
    let second = make(port).reuse_port(true).await.unwrap();
    assert!(make(port).await.is_err());
    assert_eq!(address(&second).port(), port);
    assert_eq!(first.sockets()[0].getsockopt(libc::SOL_SOCKET, libc::SO_KEEPALIVE).unwrap(), 1);
    first.close();
    second.close();
}

#[asyncio::test(timeout = "10s")]
async fn an_address_can_be_bound_again_at_once() {
    let journal = Journal::default();
    let noted = journal.clone();
    let factory = move || Script::new(&noted);
    let server = running().create_server(factory, "127.0.0.1", 0).await.unwrap();
    let at = address(&server);
    let client = client_of(&server);
    journal.wait_for("made").await;
    server.close();
    // We close first, so the connection lingers in TIME_WAIT on our side.
    server.close_clients();
    server.wait_closed().await.unwrap();
    drop(client);
    let again = running().create_server(|| Script::new(&Journal::default()), at.ip(), at.port()).await.unwrap();
    again.close();
}

#[asyncio::test(timeout = "10s")]
async fn a_socket_that_is_bound_already_can_be_used() {
    // CPython: test_base_events / test_events create_server(sock=…)
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = listener.local_addr().unwrap();
    let journal = Journal::default();
    let noted = journal.clone();
    let server = running().create_server_with_sock(move || Script::new(&noted), listener).await.unwrap();
    assert_eq!(address(&server), at);
    let _client = client_of(&server);
    journal.wait_for("made").await;
    server.close();
    let datagram = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let refused = running().create_server_with_sock(|| Script::new(&Journal::default()), datagram).await.unwrap_err();
    assert!(matches!(refused, Error::ValueError(_)), "{refused}");
}

#[asyncio::test(timeout = "10s")]
async fn all_interfaces_are_a_socket_of_each_family_on_the_port_that_was_asked_for() {
    // CPython: test_events.EventLoopTestsMixin.test_create_server_dual_stack
    let free = TcpListener::bind("[::]:0").unwrap().local_addr().unwrap().port();
    let journal = Journal::default();
    let noted = journal.clone();
    let server = running().create_server(move || Script::new(&noted), None, free).await.unwrap();
    let addresses: Vec<_> = server.sockets().iter().map(|socket| socket.getsockname().unwrap()).collect();
    assert_eq!(addresses, [format!("0.0.0.0:{free}"), format!("[::]:{free}")].map(|at| at.parse().unwrap()));
    let only_v6 = server.sockets()[1].getsockopt(libc::IPPROTO_IPV6, libc::IPV6_V6ONLY).unwrap();
    assert_eq!(only_v6, 1, "each takes its own family only");
    let _clients = ["127.0.0.1", "::1"].map(|host| TcpStream::connect((host, free)).unwrap());
    journal.until(|entries| entries.len() == 2).await;
    let refused = running().create_server(|| Script::new(&Journal::default()), None, free).await.unwrap_err();
    assert_eq!(refused.io_kind(), Some(ErrorKind::AddrInUse));
    assert!(refused.to_string().contains("error while attempting to bind on address"), "{refused}");
    server.close();
}

#[asyncio::test(timeout = "10s")]
async fn a_family_or_flags_decide_what_no_host_means() {
    let make = || running().create_server(|| Script::new(&Journal::default()), None, 0);
    let server = make().family(AddressFamily::Ipv6).await.unwrap();
    assert_eq!(address(&server).ip().to_string(), "::");
    assert_eq!(server.sockets().len(), 1);
    server.close();
    let server = make().flags(0).await.unwrap();
    assert!(server.sockets().iter().all(|socket| socket.getsockname().unwrap().ip().is_loopback()));
    server.close();
}

#[asyncio::test(timeout = "10s")]
async fn connections_of_a_server_are_kept_alive_if_it_says_so() {
    let listener = || TcpListener::bind("127.0.0.1:0").unwrap();
    for enabled in [true, false] {
        let bound = running().create_server(keepalive_is, "127.0.0.1", 0).keep_alive(enabled);
        let given = running().create_server_with_sock(keepalive_is, listener()).keep_alive(enabled);
        for server in [bound.await.unwrap(), given.await.unwrap()] {
            let mut client = client_of(&server);
            let told = off_loop(move || {
                let mut told = String::new();
                std::io::Read::read_to_string(&mut client, &mut told).unwrap();
                told
            });
            assert_eq!(told.await, enabled.to_string());
            server.close();
        }
    }
}

/// Tells its peer whether the system keeps the connection alive.
fn keepalive_is() -> Script {
    Script::new(&Journal::default()).on_made(|transport| {
        let enabled = transport.socket().unwrap().getsockopt(libc::SOL_SOCKET, libc::SO_KEEPALIVE)? != 0;
        transport.write(enabled.to_string().as_bytes());
        transport.close();
        Ok(())
    })
}

#[asyncio::test(timeout = "10s")]
async fn no_host_at_all_is_an_error() {
    // CPython: test_base_events.BaseEventLoopWithSelectorTests.test_create_server_no_getaddrinfo
    let none: [&str; 0] = [];
    let refused = running().create_server(|| Script::new(&Journal::default()), none, 0).await.unwrap_err();
    assert_eq!(refused.io_kind(), Some(ErrorKind::AddrNotAvailable));
    let none: [TcpListener; 0] = [];
    let refused = running().create_server_with_socks(|| Script::new(&Journal::default()), none).await.unwrap_err();
    assert!(matches!(refused, Error::ValueError(_)), "{refused}");
}

#[asyncio::test(timeout = "10s")]
async fn one_server_takes_sockets_of_several_kinds() {
    let directory = std::env::temp_dir().join(format!("asyncio-listening-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let path = directory.join("socket");
    let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = tcp.local_addr().unwrap();
    let unix = UnixListener::bind(&path).unwrap();
    let journal = Journal::default();
    let noted = journal.clone();
    let sockets: [std::os::fd::OwnedFd; 2] = [tcp.into(), unix.into()];
    let server = running().create_server_with_socks(move || Script::new(&noted), sockets).await.unwrap();
    assert_eq!(server.sockets().len(), 2);
    let _clients = (TcpStream::connect(at).unwrap(), UnixStream::connect(&path).unwrap());
    journal.until(|entries| entries.len() == 2).await;
    server.close();
    assert!(TcpStream::connect(at).is_err() && UnixStream::connect(&path).is_err());
    std::fs::remove_dir_all(&directory).unwrap();
}

#[asyncio::test(timeout = "10s")]
async fn an_option_that_would_do_nothing_is_refused() {
    // CPython: test_base_events.BaseEventLoopWithSelectorTests.test_create_server_host_port_sock
    let make = || {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        running().create_server_with_sock(|| Script::new(&Journal::default()), listener)
    };
    let refused = make().reuse_port(true).await.unwrap_err();
    assert!(matches!(refused, Error::ValueError(_)) && refused.to_string().contains("reuse_port()"), "{refused}");
    let refused = make().family(AddressFamily::Ipv4).await.unwrap_err();
    assert!(matches!(refused, Error::ValueError(_)) && refused.to_string().contains("family()"), "{refused}");
}
