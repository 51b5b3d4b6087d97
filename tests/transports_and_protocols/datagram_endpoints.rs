//! `create_datagram_endpoint`: its options, and what it says about wrong ones.

use std::io::ErrorKind;
use std::net::{TcpListener, UdpSocket};
use std::os::fd::OwnedFd;

use asyncio::testing::StaticResolver;
use asyncio::{AddressFamily, Error, ExtraInfo};
use log::Level;

use crate::support::datagrams::{Receiver, arrived, narrow, plain};
use crate::support::journal::Journal;
use crate::support::log::{collect, collected};
use crate::support::net::{running, settle};

fn receiver() -> Receiver {
    Receiver::new(&Journal::default())
}

#[track_caller]
fn value_error<T: std::fmt::Debug>(outcome: asyncio::Result<T>, part: &str) {
    let Err(Error::ValueError(message)) = outcome else { panic!("{outcome:?}") };
    assert!(message.to_string().contains(part), "{message}");
}

#[asyncio::test(timeout = "10s")]
async fn addresses_that_cannot_be_are_value_errors() {
    // CPython: test_base_events.BaseEventLoopWithSelectorTests.test_create_datagram_endpoint_noaddr_nofamily,
    // test_create_datagram_endpoint_no_matching_family
    value_error(running().create_datagram_endpoint(receiver).await, "unexpected address family");
    let mixed = running().create_datagram_endpoint(receiver).local_addr("127.0.0.1", 0).remote_addr("::1", 9);
    value_error(mixed.await, "no address family in common");
}

#[asyncio::test(timeout = "10s")]
async fn a_host_without_an_address_of_the_family_names_it() {
    // CPython: test_base_events.BaseEventLoopWithSelectorTests.test_create_datagram_endpoint_no_addrinfo
    let endpoint = running().create_datagram_endpoint(receiver).local_addr("127.0.0.1", 0).family(AddressFamily::Ipv6);
    let error = endpoint.await.unwrap_err();
    assert!(error.to_string().contains("127.0.0.1"), "{error}");
}

#[asyncio::test(timeout = "10s")]
async fn a_family_alone_is_enough_to_send() {
    for (family, host) in [(AddressFamily::Ipv4, "127.0.0.1"), (AddressFamily::Ipv6, "::1")] {
        let (transport, _) = running().create_datagram_endpoint(receiver).family(family).await.unwrap();
        let peer = plain(host);
        transport.sendto(b"hello", peer.local_addr().unwrap()).unwrap();
        assert_eq!(arrived(&peer).await.0, b"hello");
        transport.close();
    }
}

#[asyncio::test(timeout = "10s")]
async fn a_name_is_resolved_and_both_addresses_are_used() {
    // CPython: test_base_events.BaseEventLoopWithSelectorTests.test_create_datagram_endpoint_ip_addr
    let peer = plain("127.0.0.1");
    let endpoint = running().create_datagram_endpoint(receiver).local_addr("127.0.0.1", 0);
    let (transport, _) = endpoint.remote_addr("localhost", peer.local_addr().unwrap().port()).await.unwrap();
    transport.sendto(b"hello", None).unwrap();
    assert_eq!(arrived(&peer).await, (b"hello".to_vec(), transport.sockname().unwrap()));
    transport.close();
}

#[asyncio::test(timeout = "10s")]
async fn a_taken_address_is_named_unless_both_share_it() {
    // CPython: test_base_events.BaseEventLoopWithSelectorTests.test_create_datagram_endpoint_cant_bind
    let first = running().create_datagram_endpoint(receiver).local_addr("127.0.0.1", 0).reuse_port(true);
    let (transport, _) = first.await.unwrap();
    let address = transport.sockname().unwrap();
    let error = running().create_datagram_endpoint(receiver).local_addr("127.0.0.1", address.port()).await.unwrap_err();
    assert_eq!(error.io_kind(), Some(ErrorKind::AddrInUse));
    assert!(error.to_string().contains(&address.to_string()), "{error}");
    let second = running().create_datagram_endpoint(receiver).local_addr("127.0.0.1", address.port()).reuse_port(true);
    let (shared, _) = second.await.unwrap();
    assert_eq!(shared.sockname(), Some(address));
    shared.close();
    transport.close();
}

#[asyncio::test(timeout = "10s")]
async fn options_reach_the_socket() {
    // CPython: test_base_events.BaseEventLoopWithSelectorTests.test_create_datagram_endpoint_sockopts
    for set in [false, true] {
        let endpoint = running().create_datagram_endpoint(receiver).local_addr("127.0.0.1", 0);
        let (transport, _) = endpoint.reuse_port(set).allow_broadcast(set).await.unwrap();
        let Some(ExtraInfo::Socket(socket)) = transport.get_extra_info("socket") else { panic!("it has one") };
        for option in [libc::SO_REUSEPORT, libc::SO_BROADCAST] {
            assert_eq!(socket.getsockopt(libc::SOL_SOCKET, option).unwrap() != 0, set);
        }
        assert_eq!(socket.getsockopt(libc::SOL_SOCKET, libc::SO_REUSEADDR).unwrap(), 0);
        assert_eq!(socket.socket_type().unwrap(), libc::SOCK_DGRAM);
        assert!(!socket.get_inheritable().unwrap());
        transport.close();
    }
}

#[asyncio::test(timeout = "10s")]
async fn a_broadcast_address_as_remote_is_not_connected_to() {
    // CPython: test_base_events.BaseEventLoopWithSelectorTests.test_create_datagram_endpoint_allow_broadcast
    let journal = Journal::default();
    let protocol = Receiver::new(&journal);
    let peer = plain("127.0.0.1");
    let address = peer.local_addr().unwrap();
    let endpoint = running().create_datagram_endpoint(|| protocol).local_addr("127.0.0.1", 0);
    let (transport, _) = endpoint.remote_addr("127.0.0.1", address.port()).allow_broadcast(true).await.unwrap();
    assert_eq!(transport.peername(), None);
    transport.sendto(b"by default", None).unwrap();
    transport.sendto(b"by name", address).unwrap();
    assert_eq!((arrived(&peer).await.0, arrived(&peer).await.0), (b"by default".to_vec(), b"by name".to_vec()));
    value_error(transport.sendto(b"x", transport.sockname()), "give sendto() no address");
    plain("127.0.0.1").send_to(b"from elsewhere", transport.sockname().unwrap()).unwrap();
    journal.wait_for("datagram from elsewhere").await;
    transport.close();
}

#[asyncio::test(timeout = "10s")]
async fn a_socket_is_taken_as_it_is() {
    // CPython: test_base_events.BaseEventLoopWithSelectorTests.test_create_datagram_endpoint_sock,
    // test_events.EventLoopTestsMixin.test_create_datagram_endpoint_sock
    let peer = plain("127.0.0.1");
    let (free, connected) = (plain("127.0.0.1"), plain("127.0.0.1"));
    let address = peer.local_addr().unwrap();
    connected.connect(address).unwrap();
    for (sock, peername) in [(free, None), (connected, Some(address))] {
        let sockname = sock.local_addr().unwrap();
        let (transport, _) = running().create_datagram_endpoint(receiver).sock(sock).await.unwrap();
        assert_eq!((transport.peername(), transport.sockname()), (peername, Some(sockname)));
        transport.sendto(b"hello", address).unwrap();
        assert_eq!(arrived(&peer).await.1, sockname);
        let elsewhere = transport.sendto(b"hello", sockname);
        assert_eq!(elsewhere.is_err(), peername.is_some());
        transport.close();
        settle().await;
    }
}

#[asyncio::test(timeout = "10s")]
async fn a_connected_unix_socket_is_taken_too() {
    // CPython: test_base_events.BaseEventLoopWithSelectorTests.test_create_datagram_endpoint_sock_unix
    let journal = Journal::default();
    let echo = Receiver::new(&journal).on_datagram(|transport, data, addr| {
        assert_eq!(addr.to_string(), "0.0.0.0:0");
        transport.sendto(data, None)
    });
    let ((transport, _), peer) = narrow(echo).await;
    assert_eq!((transport.peername(), transport.sockname()), (None, None));
    peer.send(b"hello").unwrap();
    journal.wait_for("datagram hello").await;
    assert_eq!(crate::support::datagrams::drain(&peer), ["hello"]);
    value_error(transport.sendto(b"x", "127.0.0.1:9".parse::<std::net::SocketAddr>().unwrap()), "to its peer");
    transport.close();
}

#[asyncio::test(timeout = "10s")]
async fn a_stream_socket_or_options_beside_a_socket_are_refused() {
    // CPython: test_base_events.BaseEventLoopWithSelectorTests.test_create_datagram_endpoint_wrong_sock,
    // test_create_datagram_endpoint_sock_sockopts
    let stream: OwnedFd = TcpListener::bind("127.0.0.1:0").unwrap().into();
    value_error(running().create_datagram_endpoint(receiver).sock(stream).await, "a datagram socket was expected");
    let endpoint = || running().create_datagram_endpoint(receiver).sock(UdpSocket::bind("127.0.0.1:0").unwrap());
    value_error(endpoint().local_addr("127.0.0.1", 0).await, "remove local_addr");
    value_error(endpoint().remote_addr("127.0.0.1", 9).await, "remove remote_addr");
    value_error(endpoint().family(AddressFamily::Ipv4).await, "remove family");
    value_error(endpoint().reuse_port(false).allow_broadcast(true).await, "remove reuse_port, allow_broadcast");
}

#[asyncio::test(timeout = "10s")]
async fn a_cancelled_making_closes_the_socket() {
    let journal = Journal::default();
    let protocol = Receiver::new(&journal);
    let making = asyncio::create_task(async move {
        let endpoint = running().create_datagram_endpoint(|| protocol).local_addr("127.0.0.1", 0);
        endpoint.await.map(drop)
    });
    asyncio::sleep(std::time::Duration::ZERO).await;
    making.cancel();
    assert!(making.await.is_err());
    journal.wait_for("lost").await;
    assert_eq!(journal.entries(), ["made", "lost"]);
}

#[asyncio::test(timeout = "10s", debug)]
async fn debug_mode_tells_of_endpoints_and_of_those_that_were_not_closed() {
    collect();
    let (transport, _) = running().create_datagram_endpoint(receiver).local_addr("127.0.0.1", 0).await.unwrap();
    assert!(collected(Level::Info).iter().any(|text| text.contains("datagram endpoint created")));
    let fd = transport.socket().fileno().unwrap();
    assert_eq!(format!("{transport:?}"), format!("<DatagramTransport fd={fd} reading, 0 bytes to send>"));
    transport.pause_reading();
    transport.resume_reading();
    let records = collected(Level::Debug);
    assert!(records.iter().any(|text| text.contains("paused, 0 bytes to send> pauses reading")), "{records:?}");
    assert!(records.iter().any(|text| text.contains("resumes reading")), "{records:?}");
    transport.close();
    settle().await;
    assert_eq!(format!("{transport:?}"), "<DatagramTransport closed>");
}

#[test]
fn an_endpoint_that_the_loop_outlived_is_warned_of() {
    collect();
    let event_loop = asyncio::EventLoop::builder().debug(true).build().unwrap();
    let running = event_loop.clone();
    let work = async move { running.create_datagram_endpoint(receiver).local_addr("127.0.0.1", 0).await };
    let (transport, _) = event_loop.run_until_complete(work).unwrap();
    event_loop.close().unwrap();
    assert!(collected(Level::Warn).iter().any(|text| text.contains("unclosed transport <DatagramTransport")));
    assert_eq!(transport.socket().fileno(), None);
}

#[asyncio::test(timeout = "10s")]
async fn flags_say_how_names_are_looked_up_and_bound_addresses_are_for_everybody() {
    let (transport, _) = running().create_datagram_endpoint(receiver).local_addr("", 0).flags(0).await.unwrap();
    assert!(transport.sockname().unwrap().ip().is_unspecified());
    transport.close();
}

#[asyncio::test(timeout = "10s")]
async fn of_several_addresses_that_cannot_be_bound_the_first_is_told() {
    // CPython: test_base_events.BaseEventLoopWithSelectorTests.test_create_datagram_endpoint_cant_bind
    let first = plain("127.0.0.1");
    let port = first.local_addr().unwrap().port();
    let _second = UdpSocket::bind(("127.0.0.2", port)).unwrap();
    running().set_resolver(StaticResolver::new().host("both.test", ["127.0.0.1", "127.0.0.2"]));
    let error = running().create_datagram_endpoint(receiver).local_addr("both.test", port).await.unwrap_err();
    assert!(error.to_string().contains("127.0.0.1"), "{error}");
}
