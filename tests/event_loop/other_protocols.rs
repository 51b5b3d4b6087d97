//! `proto`: streams and datagrams that are not of TCP and UDP, where the system has them, and a clear error where not.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};

use asyncio::{Error, Transport};
use socket2::{Domain, Protocol, Socket, Type};

use crate::support::datagrams::Receiver;
use crate::support::journal::Journal;
use crate::support::net::{address, running};
use crate::support::script::Script;

/// Not given to any protocol, but for experiments.
const NOBODYS: i32 = 253;
/// Of `IPPROTO_MPTCP` and `IPPROTO_SCTP`, which not every system's headers have.
const STREAMS: [i32; 2] = [262, 132];
const UDPLITE: i32 = 136;

/// A socket that listens by this protocol, or what the system says against it.
fn listener(protocol: i32) -> std::io::Result<Socket> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::from(protocol)))?;
    socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into())?;
    socket.listen(1)?;
    Ok(socket)
}

fn echo() -> Script {
    Script::new(&Journal::default()).on_data(|transport, data| {
        transport.write(data);
        Ok(())
    })
}

fn proto(transport: &Transport) -> i32 {
    transport.socket().unwrap().proto().unwrap()
}

#[asyncio::test(timeout = "10s")]
async fn a_stream_is_of_the_protocol_that_was_asked_for_or_says_that_there_is_none() {
    for protocol in STREAMS {
        let journal = Journal::default();
        let script = Script::new(&journal);
        match listener(protocol) {
            Ok(listener) => {
                let server = running().create_server_with_sock(echo, listener).await.unwrap();
                let connection = running().create_connection(|| script, "localhost", address(&server).port());
                let (transport, _) = connection.proto(protocol).await.unwrap();
                assert_eq!(proto(&transport), protocol);
                transport.write(b"hello");
                journal.wait_for("data hello").await;
                transport.close();
                journal.wait_for("lost").await;
                server.close();
            }
            Err(error) => {
                let refused = running().create_connection(|| script, "127.0.0.1", 9).proto(protocol).await.unwrap_err();
                assert_eq!(refused.io_kind(), Some(error.kind()), "{refused}");
                assert!(refused.to_string().contains(&format!("protocol {protocol}")), "{refused}");
            }
        }
    }
}

#[asyncio::test(timeout = "10s")]
async fn a_protocol_that_nobody_speaks_is_an_error_that_names_it() {
    let script = || Script::new(&Journal::default());
    let refused = running().create_connection(script, "127.0.0.1", 9).proto(NOBODYS).await.unwrap_err();
    assert!(refused.to_string().contains("stream socket of protocol 253, for 127.0.0.1:9"), "{refused}");
    let receiver = || Receiver::new(&Journal::default());
    let endpoint = running().create_datagram_endpoint(receiver).local_addr("127.0.0.1", 0).proto(NOBODYS);
    let refused = endpoint.await.unwrap_err();
    assert!(refused.to_string().contains("datagram socket of protocol 253, for 127.0.0.1:0"), "{refused}");
    assert_ne!(refused.io_kind(), Some(ErrorKind::InvalidInput));
}

#[asyncio::test(timeout = "10s")]
async fn zero_is_no_protocol_in_particular() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let script = || Script::new(&Journal::default());
    let (transport, _) = running().create_connection(script, "127.0.0.1", port).proto(0).await.unwrap();
    assert_eq!(proto(&transport), libc::IPPROTO_TCP);
    transport.abort();
    let receiver = || Receiver::new(&Journal::default());
    let endpoint = running().create_datagram_endpoint(receiver).local_addr("localhost", 0).proto(0).flags(0);
    let (transport, _) = endpoint.await.unwrap();
    assert_eq!(transport.socket().proto().unwrap(), libc::IPPROTO_UDP);
    transport.close();
}

#[asyncio::test(timeout = "10s")]
async fn datagrams_are_of_the_protocol_that_was_asked_for_or_say_that_there_is_none() {
    let journal = Journal::default();
    let receiver = Receiver::new(&journal);
    let endpoint = running().create_datagram_endpoint(|| receiver).local_addr("127.0.0.1", 0).proto(UDPLITE).await;
    match Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::from(UDPLITE))) {
        Ok(_) => {
            let (transport, _) = endpoint.unwrap();
            assert_eq!(transport.socket().proto().unwrap(), UDPLITE);
            for text in ["one", "two"] {
                transport.sendto(text.as_bytes(), transport.sockname()).unwrap();
                journal.wait_for(&format!("datagram {text}")).await;
            }
            transport.close();
        }
        Err(error) => assert_eq!(endpoint.unwrap_err().io_kind(), Some(error.kind())),
    }
}

#[asyncio::test(timeout = "10s")]
async fn a_socket_that_exists_has_its_protocol_already() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let sock = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let script = || Script::new(&Journal::default());
    let refused = running().create_connection_with_sock(script, sock).proto(STREAMS[0]).await.unwrap_err();
    assert!(matches!(&refused, Error::ValueError(_)) && refused.to_string().contains("proto()"), "{refused}");
    let sock = UdpSocket::bind("127.0.0.1:0").unwrap();
    let receiver = || Receiver::new(&Journal::default());
    let refused = running().create_datagram_endpoint(receiver).sock(sock).proto(UDPLITE).flags(0).await.unwrap_err();
    assert!(matches!(&refused, Error::ValueError(_)) && refused.to_string().contains("proto, flags"), "{refused}");
}

#[asyncio::test(timeout = "10s")]
async fn the_number_of_no_protocol_means_the_usual_one() {
    let server = running().create_server(echo, "127.0.0.1", 0).await.unwrap();
    let connection = running().create_connection(echo, "127.0.0.1", address(&server).port());
    let (transport, _) = connection.proto(0).await.unwrap();
    assert_eq!(proto(&transport), libc::IPPROTO_TCP);
    assert_eq!(transport.socket().unwrap().getsockopt(libc::IPPROTO_TCP, libc::TCP_NODELAY).unwrap(), 1);
    transport.close();
    server.close();
}
