//! Datagrams: `sock_sendto`, `sock_recvfrom`, `sock_recvfrom_into`.

use std::io::ErrorKind;
use std::net::{SocketAddr, UdpSocket};
use std::os::unix::net::UnixDatagram;
use std::time::{Duration, Instant};

use asyncio::{Error, SockAddr, Socket};

use super::{non_blocking, until_it_waits};
use crate::support::net::running;

fn udp() -> (Socket, SocketAddr) {
    let sock = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = sock.local_addr().unwrap();
    (non_blocking(sock), address)
}

#[asyncio::test(timeout = "20s")]
async fn a_datagram_comes_with_its_address() {
    // CPython: test_sock_lowlevel.BaseSockTestsMixin.test_recvfrom
    let ((near, from), (far, to)) = (udp(), udp());
    let data = [1; 4096];
    let echo = asyncio::create_task(async move {
        let (data, from) = running().sock_recvfrom(&far, 4096).await?;
        running().sock_sendto(&far, &data, from).await
    });
    assert_eq!(running().sock_sendto(&near, &data, to).await.unwrap(), 4096);
    let (received, address) = running().sock_recvfrom(&near, 4096).await.unwrap();
    assert_eq!((&*received, address.as_socket()), (&data[..], Some(to)));
    assert_eq!(echo.await.unwrap(), 4096);
    assert_ne!(from, to);
}

#[asyncio::test(timeout = "20s")]
async fn a_datagram_lands_in_the_callers_buffer() {
    // CPython: test_sock_lowlevel.BaseSockTestsMixin.test_recvfrom_into
    let ((near, from), (far, to)) = (udp(), udp());
    let mut buf = [0; 8192];
    running().sock_sendto(&near, &[1; 4096], to).await.unwrap();
    let (length, address) = running().sock_recvfrom_into(&far, &mut buf).await.unwrap();
    assert_eq!((length, address.as_socket()), (4096, Some(from)));
    assert_eq!((buf[4095], buf[4096]), (1, 0));
    running().sock_sendto(&near, &[2; 4096], to).await.unwrap();
    let (length, _) = running().sock_recvfrom_into(&far, &mut buf).nbytes(100).await.unwrap();
    assert_eq!((length, buf[99], buf[100]), (100, 2, 1));
    let error = running().sock_recvfrom_into(&far, &mut buf).nbytes(8193).await.unwrap_err();
    assert!(matches!(error, Error::ValueError(_)) && error.to_string().contains("8193"), "{error}");
}

#[asyncio::test(timeout = "20s")]
async fn what_does_not_fit_waits_until_the_receiver_reads() {
    // CPython: test_sock_lowlevel.BaseSockTestsMixin.test_sendto_blocking, with a receiver that is really full
    let path = std::env::temp_dir().join(format!("asyncio-sendto-{}", std::process::id()));
    let far = UnixDatagram::bind(&path).unwrap();
    let (near, to) = (non_blocking(UnixDatagram::unbound().unwrap()), SockAddr::unix(&path).unwrap());
    let mut queued = 0;
    while near.send_to(b"first", &to).is_ok() {
        queued += 1;
    }
    let sending = asyncio::create_task(async move { running().sock_sendto(&near, b"later", to).await });
    until_it_waits(&sending).await;
    let mut buf = [0; 16];
    for _ in 0..queued {
        assert_eq!(far.recv(&mut buf).unwrap(), 5);
    }
    assert_eq!(sending.await.unwrap(), 5);
    far.recv(&mut buf).unwrap();
    assert_eq!(&buf[..5], b"later");
    std::fs::remove_file(path).unwrap();
}

#[asyncio::test(timeout = "20s")]
async fn an_empty_datagram_is_a_datagram() {
    let ((near, from), (far, to)) = (udp(), udp());
    assert_eq!(running().sock_sendto(&near, b"", to).await.unwrap(), 0);
    running().sock_connect(&near, to).await.unwrap();
    running().sock_sendall(&near, b"").await.unwrap();
    for _ in 0..2 {
        let (received, address) = running().sock_recvfrom(&far, 8).await.unwrap();
        assert_eq!((&*received, address.as_socket()), (&b""[..], Some(from)));
    }
}

#[asyncio::test(timeout = "20s")]
async fn an_address_that_cannot_be_sent_to_is_named() {
    let (near, _) = udp();
    let nowhere: SocketAddr = "255.255.255.255:9".parse().unwrap();
    let error = running().sock_sendto(&near, b"x", nowhere).await.unwrap_err();
    assert_eq!(error.io_kind(), Some(ErrorKind::PermissionDenied), "broadcasting was not allowed: {error}");
    assert!(error.to_string().contains("255.255.255.255:9"), "{error}");
}

#[asyncio::test(timeout = "20s")]
async fn a_port_without_a_listener_is_an_error_of_a_connected_socket() {
    let ((near, _), (gone, to)) = (udp(), udp());
    drop(gone);
    running().sock_connect(&near, to).await.unwrap();
    running().sock_sendall(&near, b"x").await.unwrap();
    let error = running().sock_recv(&near, 10).await.unwrap_err();
    assert_eq!(error.io_kind(), Some(ErrorKind::ConnectionRefused));
    assert!(error.to_string().contains(&to.to_string()), "{error}");
}

#[asyncio::test(timeout = "20s")]
async fn a_blocking_socket_does_not_block_the_loop() {
    const AT_MOST: Duration = Duration::from_secs(5);
    let (full, far) = UnixDatagram::pair().unwrap();
    full.set_nonblocking(true).unwrap();
    while full.send(b"x").is_ok() {}
    full.set_nonblocking(false).unwrap();
    for socket in [&full, &far] {
        socket.set_read_timeout(Some(AT_MOST)).unwrap();
        socket.set_write_timeout(Some(AT_MOST)).unwrap();
    }
    let path = std::env::temp_dir().join(format!("asyncio-blocking-{}", std::process::id()));
    let named = UnixDatagram::bind(&path).unwrap();
    let (to, full, blocking) = (SockAddr::unix(&path).unwrap(), Socket::from(full), UnixDatagram::unbound().unwrap());
    blocking.set_nonblocking(true).unwrap();
    while blocking.send_to(b"x", &path).is_ok() {}
    blocking.set_nonblocking(false).unwrap();
    blocking.set_write_timeout(Some(AT_MOST)).unwrap();
    let (start, blocking) = (Instant::now(), Socket::from(blocking));
    let tick = Duration::from_millis(1);
    let sent = asyncio::timeout(tick, running().sock_sendto(&blocking, b"x", to)).await;
    assert!(sent.unwrap_err().is_timeout());
    let received = asyncio::timeout(tick, running().sock_recvfrom(&full, 10)).await;
    assert!(received.unwrap_err().is_timeout());
    assert!(start.elapsed() < AT_MOST, "the loop stood still");
    drop(named);
    std::fs::remove_file(path).unwrap();
}
