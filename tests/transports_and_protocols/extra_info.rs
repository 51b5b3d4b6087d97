//! What a transport knows of its socket.

use std::net::SocketAddr;
use std::time::Duration;

use asyncio::{Error, ExtraInfo, Transport};

use crate::support::journal::Journal;
use crate::support::net::{client_of, connected, running, settle};
use crate::support::script::Script;

fn address(info: Option<ExtraInfo>) -> Option<SocketAddr> {
    match info {
        Some(ExtraInfo::Address(address)) => Some(address),
        _ => None,
    }
}

#[asyncio::test(timeout = "10s")]
async fn both_ends_have_names_which_outlive_the_connection() {
    // CPython: test_events.EventLoopTestsMixin.test_create_server (extra_info)
    let journal = Journal::default();
    let (transport, _, peer) = connected(Script::new(&journal)).await;
    let names = (peer.local_addr().unwrap(), peer.peer_addr().unwrap());
    for after in [false, true] {
        assert_eq!((transport.peername(), transport.sockname()), (Some(names.0), Some(names.1)), "after: {after}");
        assert_eq!(address(transport.get_extra_info("peername")), Some(names.0));
        assert_eq!(address(transport.get_extra_info("sockname")), Some(names.1));
        assert!(transport.get_extra_info("cipher").is_none());
        transport.close();
        settle().await;
    }
    assert_eq!(journal.count("lost"), 1);
}

/// Has the only handle of its transport.
#[derive(Default)]
struct Keeper(Option<Transport>);

#[asyncio::protocol]
impl Keeper {
    fn connection_made(&mut self, transport: &Transport) {
        self.0 = Some(transport.clone());
    }
}

#[asyncio::test(timeout = "10s")]
async fn whoever_has_the_last_handle_knows_the_names_after_the_end() {
    let (_, protocol, peer) = connected(Keeper::default()).await;
    let name = peer.peer_addr().unwrap();
    drop(peer);
    while !protocol.with(|keeper| keeper.0.as_ref().unwrap().is_closing()) {
        settle().await;
    }
    settle().await;
    let transport = protocol.with(|keeper| keeper.0.take().unwrap());
    assert_eq!(transport.sockname(), Some(name));
    assert!(transport.socket().unwrap().fileno().is_none(), "it is over");
}

#[asyncio::test(timeout = "10s")]
async fn the_socket_can_be_looked_at_but_not_used() {
    // CPython: test_events.EventLoopTestsMixin.test_create_server_trsock, test_sslproto's TransportSocket rows
    let (transport, _, peer) = connected(Script::new(&Journal::default())).await;
    let Some(ExtraInfo::Socket(socket)) = transport.get_extra_info("socket") else { panic!("it has one") };
    assert_eq!(socket.family().unwrap(), libc::AF_INET);
    assert_eq!(socket.socket_type().unwrap(), libc::SOCK_STREAM);
    assert_eq!(socket.proto().unwrap(), libc::IPPROTO_TCP);
    assert_eq!(socket.getsockname().unwrap(), peer.peer_addr().unwrap());
    assert_eq!(socket.getpeername().unwrap(), peer.local_addr().unwrap());
    assert_eq!(socket.getsockopt(libc::IPPROTO_TCP, libc::TCP_NODELAY).unwrap(), 1, "TCP_NODELAY is set");
    socket.setsockopt(libc::SOL_SOCKET, libc::SO_KEEPALIVE, 1).unwrap();
    assert_eq!(socket.getsockopt(libc::SOL_SOCKET, libc::SO_KEEPALIVE).unwrap(), 1);
    assert!(socket.getsockopt(-1, -1).is_err());
    assert!(!socket.get_inheritable().unwrap(), "a child does not get it");
    assert_eq!(socket.gettimeout(), Duration::ZERO);
    socket.settimeout(Duration::ZERO).unwrap();
    socket.setblocking(false).unwrap();
    for refused in [socket.settimeout(None), socket.settimeout(Duration::from_secs(1)), socket.setblocking(true)] {
        assert!(matches!(refused, Err(Error::ValueError(_))), "{refused:?}");
    }
    let duplicate = socket.dup().unwrap();
    transport.close();
    settle().await;
    assert_eq!(socket.fileno(), None);
    assert!(socket.getsockname().is_err() && socket.family().is_err() && socket.dup().is_err());
    drop(duplicate);
}

#[asyncio::test(timeout = "10s")]
async fn an_accepted_connection_has_the_peers_address_and_no_delay() {
    let journal = Journal::default();
    let seen = journal.clone();
    let factory = move || {
        let seen = seen.clone();
        Script::new(&Journal::default()).on_made(move |transport| {
            let option = transport.socket().unwrap().getsockopt(libc::IPPROTO_TCP, libc::TCP_NODELAY)?;
            let inheritable = transport.socket().unwrap().get_inheritable()?;
            let peer = transport.peername().unwrap();
            seen.note(format!("from {peer}, TCP_NODELAY={option}, inheritable={inheritable}"));
            Ok(())
        })
    };
    let server = running().create_server(factory, "127.0.0.1", 0).await.unwrap();
    let client = client_of(&server);
    let noted = journal.wait_for("from").await;
    let expected = format!("from {}, TCP_NODELAY=1, inheritable=false", client.local_addr().unwrap());
    assert_eq!(noted, expected);
    server.close();
}

#[asyncio::test(timeout = "10s")]
async fn a_transport_prints_what_it_is_doing() {
    let journal = Journal::default();
    let (transport, _, peer) = connected(Script::new(&journal)).await;
    let name = peer.local_addr().unwrap();
    let fd = transport.socket().unwrap().fileno().unwrap();
    assert_eq!(format!("{transport:?}"), format!("<Transport fd={fd} peer={name} reading, 0 bytes to send>"));
    transport.pause_reading();
    assert!(format!("{transport:?}").contains("paused"));
    transport.close();
    assert!(format!("{transport:?}").contains("closing"));
    settle().await;
    assert_eq!(format!("{transport:?}"), format!("<Transport closed peer={name}>"));
    assert_eq!(transport, transport.clone());
}
