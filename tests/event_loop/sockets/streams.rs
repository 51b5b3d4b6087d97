//! Streams: `sock_recv`, `sock_recv_into`, `sock_sendall`.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpListener;
use std::os::fd::AsRawFd;
use std::rc::Rc;

use asyncio::{Error, Socket};

use super::{fill, non_blocking, pair, tcp, until_it_waits};
use crate::support::net::{off_loop, reset, running};

const HUGE: usize = 1_000_000;

#[asyncio::test(timeout = "20s")]
async fn a_client_connects_sends_and_receives() {
    // CPython: test_sock_lowlevel.BaseSockTestsMixin.test_sock_client_ops
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = asyncio::create_task(off_loop(move || {
        let (mut peer, _) = listener.accept().unwrap();
        let mut request = [0; 4];
        peer.read_exact(&mut request).unwrap();
        peer.write_all(b"answer").unwrap();
    }));
    let sock = tcp();
    running().sock_connect(&sock, address).await.unwrap();
    running().sock_sendall(&sock, b"ask!").await.unwrap();
    let mut received = Vec::new();
    loop {
        let data = running().sock_recv(&sock, 4).await.unwrap();
        assert!(data.len() <= 4);
        if data.is_empty() {
            break;
        }
        received.extend(data);
    }
    assert_eq!(received, b"answer");
    server.await.unwrap();
}

#[asyncio::test(timeout = "20s")]
async fn bytes_land_in_the_callers_buffer() {
    // CPython: test_sock_lowlevel.BaseSockTestsMixin.test_sock_client_ops, test_unix_sock_client_ops (recv_into)
    let (near, far) = pair();
    running().sock_sendall(&near, b"0123456789").await.unwrap();
    let mut buf = [b'.'; 8];
    assert_eq!(running().sock_recv_into(&far, &mut buf[..4]).await.unwrap(), 4);
    assert_eq!(&buf, b"0123....");
    assert_eq!(running().sock_recv_into(&far, &mut buf).await.unwrap(), 6);
    assert_eq!(&buf, b"456789..");
    drop(near);
    assert_eq!(running().sock_recv_into(&far, &mut buf).await.unwrap(), 0);
}

#[asyncio::test(timeout = "20s")]
async fn a_short_message_does_not_keep_the_room_that_a_long_one_would_need() {
    let (near, far) = pair();
    running().sock_sendall(&near, b"0123456789").await.unwrap();
    let data = running().sock_recv(&far, HUGE).await.unwrap();
    assert_eq!(data, b"0123456789");
    assert!(data.capacity() <= 4096, "{}", data.capacity());
    // Little is not worth a copy.
    running().sock_sendall(&near, b"0123456789").await.unwrap();
    assert_eq!(running().sock_recv(&far, 4096).await.unwrap().capacity(), 4096);
    drop(near);
    assert!(running().sock_recv(&far, HUGE).await.unwrap().capacity() <= 4096);
}

#[asyncio::test(timeout = "20s")]
async fn much_goes_both_ways_at_a_time() {
    // CPython: test_sock_lowlevel.BaseSockTestsMixin.test_huge_content
    let (near, far) = pair();
    let near = Rc::new(near);
    let sent: Vec<u8> = b"0123456789".iter().copied().cycle().take(HUGE).collect();
    let (sender, chunk) = (near.clone(), sent.clone());
    let sending = asyncio::create_task(async move {
        running().sock_sendall(&sender, &chunk).await?;
        sender.shutdown(std::net::Shutdown::Write).map_err(Error::from)
    });
    let echo = asyncio::create_task(async move {
        loop {
            let data = running().sock_recv(&far, 65536).await?;
            if data.is_empty() {
                return Ok::<_, Error>(());
            }
            running().sock_sendall(&far, &data).await?;
        }
    });
    let mut received = Vec::new();
    while received.len() < HUGE {
        let data = running().sock_recv(&near, HUGE).await.unwrap();
        assert!(!data.is_empty());
        received.extend(data);
    }
    assert!(received == sent);
    sending.await.unwrap();
    echo.await.unwrap();
}

#[asyncio::test(timeout = "20s")]
async fn much_is_received_piece_by_piece_into_one_buffer() {
    // CPython: test_sock_lowlevel.BaseSockTestsMixin.test_huge_content_recvinto
    let (near, far) = pair();
    let sent: Vec<u8> = b"0123456789".iter().copied().cycle().take(HUGE).collect();
    let chunk = sent.clone();
    let sending = asyncio::create_task(async move { running().sock_sendall(&near, &chunk).await });
    let mut array = vec![0; HUGE];
    let mut length = 0;
    while length < HUGE {
        length += running().sock_recv_into(&far, &mut array[length..]).await.unwrap();
    }
    assert!(array == sent);
    sending.await.unwrap();
}

#[asyncio::test(timeout = "20s")]
async fn what_cannot_be_sent_waits_for_the_peer() {
    let (near, far) = pair();
    let filled = fill(&near, 1);
    let sending = asyncio::create_task(async move { running().sock_sendall(&near, b"the end").await });
    until_it_waits(&sending).await;
    let mut received = Vec::new();
    while received.len() < filled + 7 {
        received.extend(running().sock_recv(&far, 65536).await.unwrap());
    }
    assert!(received.ends_with(b" the end"));
    sending.await.unwrap();
}

#[asyncio::test(timeout = "60s")]
async fn a_peer_that_reads_as_fast_as_it_can_does_not_stop_the_loop() {
    const MUCH: usize = 256 << 20;
    let (near, mut far) = std::os::unix::net::UnixStream::pair().unwrap();
    let near = non_blocking(near);
    let reading = std::thread::spawn(move || {
        let (mut buffer, mut length) = (vec![0; 1 << 20], 0);
        while length < MUCH {
            length += far.read(&mut buffer).unwrap();
        }
    });
    let sending = asyncio::create_task(async move { running().sock_sendall(&near, &vec![0; MUCH]).await });
    let mut ticks = 0;
    while !sending.done() {
        asyncio::sleep(std::time::Duration::ZERO).await;
        ticks += 1;
    }
    sending.await.unwrap();
    off_loop(move || reading.join().unwrap()).await;
    assert!(ticks > 10, "{ticks} ticks");
}

#[asyncio::test(timeout = "20s")]
async fn nothing_to_send_is_sent_at_once() {
    let (near, _far) = pair();
    fill(&near, 1);
    running().sock_sendall(&near, b"").await.unwrap();
}

#[asyncio::test(timeout = "20s")]
async fn no_bytes_are_there_at_once_and_take_nothing() {
    let (near, far) = pair();
    assert!(running().sock_recv(&far, 0).await.unwrap().is_empty());
    assert_eq!(running().sock_recv_into(&far, &mut []).await.unwrap(), 0);
    running().sock_sendall(&near, b"x").await.unwrap();
    assert!(running().sock_recv(&far, 0).await.unwrap().is_empty());
    assert_eq!(running().sock_recv(&far, 8).await.unwrap(), b"x");
}

#[asyncio::test(timeout = "20s")]
async fn a_socket_without_a_peer_is_named_by_its_descriptor() {
    let sock = tcp();
    let descriptor = format!("descriptor {}", sock.as_raw_fd());
    for failed in [running().sock_recv(&sock, 8).await.map(drop), running().sock_sendall(&sock, b"").await] {
        let failed = failed.unwrap_err().to_string();
        assert!(failed.contains(&descriptor), "{failed}");
    }
}

#[asyncio::test(timeout = "20s")]
async fn a_peer_that_is_gone_is_an_error_and_no_signal() {
    let (near, far) = pair();
    drop(far);
    let error = running().sock_sendall(&near, b"x").await.unwrap_err();
    assert_eq!(error.io_kind(), Some(ErrorKind::BrokenPipe), "{error}");
}

#[asyncio::test(timeout = "20s")]
async fn a_reset_ends_the_wait_with_an_error() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let sock = tcp();
    running().sock_connect(&sock, listener.local_addr().unwrap()).await.unwrap();
    let (peer, _) = listener.accept().unwrap();
    let waiting = asyncio::create_task(async move { running().sock_recv(&sock, 10).await });
    until_it_waits(&waiting).await;
    reset(peer);
    assert_eq!(waiting.await.unwrap_err().io_kind(), Some(ErrorKind::ConnectionReset));
}

#[asyncio::test(timeout = "20s")]
async fn shutting_a_socket_down_ends_the_wait() {
    let (near, _far) = pair();
    let near = Rc::new(near);
    let sock = near.clone();
    let waiting = asyncio::create_task(async move { running().sock_recv(&sock, 10).await });
    until_it_waits(&waiting).await;
    near.shutdown(std::net::Shutdown::Both).unwrap();
    assert!(waiting.await.unwrap().is_empty());
}

#[asyncio::test(timeout = "20s")]
async fn one_reads_while_another_writes() {
    let (near, far) = pair();
    let near = Rc::new(near);
    let filled = fill(&near, 1);
    let (reader, writer) = (near.clone(), near.clone());
    let reading = asyncio::create_task(async move { running().sock_recv(&reader, 10).await });
    let writing = asyncio::create_task(async move { running().sock_sendall(&writer, b"x").await });
    until_it_waits(&reading).await;
    until_it_waits(&writing).await;
    running().sock_sendall(&far, b"for the reader").await.unwrap();
    assert_eq!(reading.await.unwrap(), b"for the re");
    let mut rest = filled + 1;
    while rest > 0 {
        rest -= running().sock_recv(&far, rest).await.unwrap().len();
    }
    writing.await.unwrap();
}

#[asyncio::test(timeout = "20s")]
async fn a_socket_of_std_is_a_socket() {
    let (near, far) = std::os::unix::net::UnixStream::pair().unwrap();
    let (near, far): (Socket, Socket) = (non_blocking(near), far.into());
    running().sock_sendall(&near, b"x").await.unwrap();
    assert_eq!(running().sock_recv(&far, 10).await.unwrap(), b"x");
}
