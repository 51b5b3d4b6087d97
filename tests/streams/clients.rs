//! `open_connection`, and the protocol by hand.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};

use asyncio::testing::assert_no_leaks;
use asyncio::{AddressFamily, Error, StreamReader, StreamReaderProtocol, StreamWriter, create_task};

use crate::support::net::{Reports, off_loop, read_exactly, reset, running, send, settle};
use crate::support::streams::opened;
use crate::support::tasks::{tick, ticks};

#[asyncio::test(timeout = "10s")]
async fn a_connection_is_a_reader_and_a_writer() {
    // CPython: test_streams.StreamTests.test_open_connection, test_async_writer_api, test_wait_closed_on_close
    let reports = Reports::collect();
    let (mut reader, writer, peer) = opened().await;
    writer.write(b"GET / HTTP/1.0\r\n\r\n");
    writer.drain().await.unwrap();
    assert_eq!(read_exactly(&peer, 18).await, b"GET / HTTP/1.0\r\n\r\n");
    send(&peer, b"HTTP/1.0 200 OK\r\n\r\nTest message");
    drop(peer);
    assert_eq!(reader.readline().await.unwrap(), b"HTTP/1.0 200 OK\r\n");
    assert_eq!(reader.read_to_end().await.unwrap(), b"\r\nTest message");
    assert!(!writer.is_closing());
    writer.close();
    assert!(writer.is_closing());
    writer.wait_closed().await.unwrap();
    writer.wait_closed().await.unwrap();
    assert!(reports.all().is_empty(), "{:?}", reports.all());
}

#[asyncio::test(timeout = "10s")]
async fn a_connection_may_be_closed_with_data_unread() {
    // CPython: test_streams.StreamTests.test_wait_closed_on_close_with_unread_data
    let (mut reader, writer, peer) = opened().await;
    send(&peer, b"one\ntwo\n");
    assert_eq!(reader.readline().await.unwrap(), b"one\n");
    writer.close();
    writer.wait_closed().await.unwrap();
    assert_eq!(reader.read(10).await.unwrap(), b"two\n");
    assert_eq!(reader.read(10).await.unwrap(), b"");
}

#[asyncio::test(timeout = "10s")]
async fn closing_the_writer_ends_the_readers_stream() {
    // CPython: test_streams.StreamTests.test_eof_feed_when_closing_writer
    let reports = Reports::collect();
    let (mut reader, writer, _peer) = opened().await;
    writer.close();
    writer.wait_closed().await.unwrap();
    assert!(reader.at_eof());
    assert_eq!(reader.read_to_end().await.unwrap(), b"");
    assert!(reports.all().is_empty(), "{:?}", reports.all());
}

#[asyncio::test(timeout = "10s")]
async fn a_connection_that_cannot_be_made_is_an_error() {
    // CPython: test_streams.StreamTests.test_open_connection_error
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let error = asyncio::open_connection("127.0.0.1", port).await.unwrap_err();
    assert_eq!(error.io_kind(), Some(ErrorKind::ConnectionRefused));
    assert!(error.to_string().contains(&port.to_string()), "{error}");
}

#[asyncio::test(timeout = "10s")]
async fn who_tries_until_there_is_a_server_lets_the_task_run_that_starts_it() {
    let reserved = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = reserved.local_addr().unwrap().port();
    drop(reserved);
    let client = create_task(async move {
        let mut refused = 0;
        while let Err(error) = asyncio::open_connection("127.0.0.1", port).await {
            assert_eq!(error.io_kind(), Some(ErrorKind::ConnectionRefused));
            refused += 1;
            assert!(refused < 10_000, "no other task gets its turn");
        }
        Ok::<_, Error>(refused)
    });
    ticks(5).await;
    let _server = TcpListener::bind(("127.0.0.1", port)).unwrap();
    assert!(client.await.unwrap() > 0);
}

#[asyncio::test(timeout = "10s")]
async fn a_reset_reaches_every_read_and_the_writer() {
    let (mut reader, writer, peer) = opened().await;
    let waiter = create_task(async move {
        let first = reader.readline().await.unwrap_err();
        let second = reader.read(1).await.unwrap_err();
        assert_eq!(first.io_kind(), second.io_kind());
        Err::<(), _>(first)
    });
    tick().await;
    reset(peer);
    let error = waiter.await.unwrap_err();
    assert_eq!(error.io_kind(), Some(ErrorKind::ConnectionReset));
    assert_eq!(writer.wait_closed().await.unwrap_err().io_kind(), Some(ErrorKind::ConnectionReset));
    assert_eq!(writer.wait_closed().await.unwrap_err().io_kind(), Some(ErrorKind::ConnectionReset), "each time");
    assert_eq!(writer.drain().await.unwrap_err().io_kind(), Some(ErrorKind::ConnectionReset));
}

#[asyncio::test(timeout = "10s")]
async fn the_peer_may_stop_sending_and_go_on_reading() {
    let (mut reader, writer, peer) = opened().await;
    peer.shutdown(std::net::Shutdown::Write).unwrap();
    assert_eq!(reader.read(1).await.unwrap(), b"");
    writer.write(b"the answer");
    writer.drain().await.unwrap();
    assert_eq!(read_exactly(&peer, 10).await, b"the answer");
    writer.close();
    writer.wait_closed().await.unwrap();
}

#[asyncio::test(timeout = "10s")]
async fn write_eof_ends_one_direction() {
    let (mut reader, writer, peer) = opened().await;
    assert!(writer.can_write_eof());
    writer.writelines(["one ", "two"]);
    writer.write_eof();
    let mut theirs = peer.try_clone().unwrap();
    let received = off_loop(move || {
        let mut received = String::new();
        theirs.read_to_string(&mut received).unwrap();
        theirs.write_all(b"three").unwrap();
        received
    })
    .await;
    assert_eq!(received, "one two");
    drop(peer);
    assert_eq!(reader.read_to_end().await.unwrap(), b"three");
    writer.close();
}

#[asyncio::test(timeout = "10s")]
async fn the_options_of_create_connection_are_there() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let opening = asyncio::open_connection("localhost", port)
        .family(AddressFamily::Ipv4)
        .local_addr("127.0.0.1", 0)
        .all_errors(true)
        .limit(10);
    let (mut reader, writer) = opening.await.unwrap();
    let (peer, from) = listener.accept().unwrap();
    assert_eq!(writer.transport().sockname(), Some(from));
    assert_eq!(reader.limit(), 10);
    assert!(writer.get_extra_info("peername").is_some());
    assert!(writer.get_extra_info("nonsense").is_none());
    send(&peer, b"a line of more than ten bytes\n");
    assert!(matches!(reader.readline().await, Err(Error::ValueError(_))));
    writer.close();
    let refused = asyncio::open_connection("127.0.0.1", port).limit(0).await;
    assert!(matches!(refused, Err(Error::ValueError(_))), "{refused:?}");
}

#[asyncio::test(timeout = "10s")]
async fn a_stream_may_stand_on_a_socket_that_is_connected() {
    // CPython: test_sock_lowlevel.BaseSockTestsMixin.test_create_connection_sock, for streams
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (peer, _) = listener.accept().unwrap();
    let (mut reader, writer) = asyncio::open_connection_with_sock(client).await.unwrap();
    send(&peer, b"hello\n");
    assert_eq!(reader.readline().await.unwrap(), b"hello\n");
    writer.close();
    let error = asyncio::open_connection_with_sock(std::net::UdpSocket::bind("127.0.0.1:0").unwrap()).await;
    assert!(matches!(error, Err(Error::ValueError(_))), "{error:?}");
}

#[test]
fn without_a_loop_opening_is_an_error_and_no_panic() {
    let opening = asyncio::open_connection("127.0.0.1", 1);
    let error = futures_lite::future::block_on(async { opening.await.map(drop) }).unwrap_err();
    assert!(matches!(error, Error::RuntimeError(_)), "{error}");
}

#[asyncio::test(timeout = "10s")]
async fn a_protocol_makes_a_stream_of_any_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut reader = StreamReader::with_limit(1024).unwrap();
    let protocol = StreamReaderProtocol::new(&reader);
    let theirs = protocol.clone();
    let (transport, _) = running().create_connection(move || theirs, "127.0.0.1", port).await.unwrap();
    let writer = StreamWriter::new(transport.clone(), &protocol);
    assert_eq!(writer.transport(), &transport);
    assert!(reader.set_transport(&transport).is_err(), "it has one");
    let (peer, _) = listener.accept().unwrap();
    send(&peer, b"hello\n");
    assert_eq!(reader.readline().await.unwrap(), b"hello\n");
    writer.close();
    writer.wait_closed().await.unwrap();
}

#[asyncio::test(timeout = "10s")]
async fn a_connection_whose_reader_is_gone_before_it_is_made_is_aborted() {
    // CPython: the reject in StreamReaderProtocol.connection_made
    let reports = Reports::collect();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let protocol = StreamReaderProtocol::new(&StreamReader::new());
    let (transport, _) = running().create_connection(move || protocol, "127.0.0.1", port).await.unwrap();
    assert!(transport.is_closing());
    let all = reports.all();
    assert!(all.len() == 1 && all[0].contains("StreamReader was dropped"), "{all:?}");
}

#[asyncio::test(timeout = "10s")]
async fn a_protocol_serves_one_connection() {
    let reports = Reports::collect();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let reader = StreamReader::new();
    let protocol = StreamReaderProtocol::new(&reader);
    let mut transports = Vec::new();
    for _ in 0..2 {
        let protocol = protocol.clone();
        transports.push(running().create_connection(move || protocol, "127.0.0.1", port).await.unwrap().0);
    }
    assert!(!transports[0].is_closing() && transports[1].is_closing());
    assert!(reports.all()[0].contains("serves one connection"), "{:?}", reports.all());
    transports[0].close();
    settle().await;
}

#[asyncio::test(timeout = "10s")]
async fn cancelling_an_open_leaves_nothing_behind() {
    let reports = Reports::collect();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    assert_no_leaks(async {
        for moment in 0..20 {
            let task = create_task(async move { asyncio::open_connection("127.0.0.1", port).await.map(drop) });
            ticks(moment).await;
            task.cancel();
            let _ = task.await;
        }
        settle().await;
    })
    .await;
    assert!(reports.all().is_empty(), "{:?}", reports.all());
}

#[asyncio::test(timeout = "10s")]
async fn a_connection_that_was_accepted_elsewhere_is_a_stream() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let (mut theirs, writer_there) =
        asyncio::open_connection("127.0.0.1", listener.local_addr().unwrap().port()).await.unwrap();
    let (accepted, _) = listener.accept().unwrap();
    let mut reader = StreamReader::new();
    let protocol = StreamReaderProtocol::new(&reader);
    let for_connection = protocol.clone();
    let event_loop = asyncio::get_running_loop().unwrap();
    let (transport, _) = event_loop.connect_accepted_socket(move || for_connection, accepted).await.unwrap();
    let writer = StreamWriter::new(transport, &protocol);
    writer_there.write(b"question\n");
    assert_eq!(reader.readline().await.unwrap(), b"question\n");
    writer.write(b"answer\n");
    assert_eq!(theirs.readline().await.unwrap(), b"answer\n");
    writer.close();
    writer.wait_closed().await.unwrap();
    assert_eq!(theirs.read(1).await.unwrap(), b"");
    writer_there.close();
}
