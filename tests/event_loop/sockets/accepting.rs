//! `sock_accept`.

use std::io::ErrorKind;
use std::net::TcpStream;
use std::rc::Rc;

use asyncio::Error;

use super::{listener, tcp, until_it_waits};
use crate::support::net::running;
use crate::support::tasks::millis;

#[asyncio::test(timeout = "20s")]
async fn a_connection_is_accepted_with_its_address() {
    // CPython: test_sock_lowlevel.BaseSockTestsMixin.test_sock_accept
    let (sock, address) = listener();
    let client = TcpStream::connect(address).unwrap();
    let (conn, from) = running().sock_accept(&sock).await.unwrap();
    assert!(conn.nonblocking().unwrap());
    assert_eq!(from.as_socket(), Some(client.local_addr().unwrap()));
    assert_eq!(conn.local_addr().unwrap().as_socket(), Some(address));
}

#[asyncio::test(timeout = "20s")]
async fn one_that_waits_gets_the_next_connection() {
    let (sock, address) = listener();
    let accepting = asyncio::create_task(async move { running().sock_accept(&sock).await });
    until_it_waits(&accepting).await;
    let client = TcpStream::connect(address).unwrap();
    let (_conn, from) = accepting.await.unwrap();
    assert_eq!(from.as_socket(), Some(client.local_addr().unwrap()));
}

#[asyncio::test(timeout = "20s")]
async fn a_listener_is_free_after_a_timeout() {
    // CPython: test_sock_lowlevel.BaseSockTestsMixin.test_cancel_sock_accept
    let (sock, address) = listener();
    let outcome = asyncio::wait_for(async { running().sock_accept(&sock).await }, millis(20)).await;
    assert!(outcome.unwrap_err().is_timeout());
    drop(sock);
    let error = running().sock_connect(&tcp(), address).await.unwrap_err();
    assert_eq!(error.io_kind(), Some(ErrorKind::ConnectionRefused));
}

#[asyncio::test(timeout = "20s")]
async fn a_cancel_that_meets_a_connection_leaves_it_to_the_next() {
    // CPython: test_sock_lowlevel (3.15, gh-153761): a cancelled sock_accept drops no connection
    let (sock, address) = listener();
    let sock = Rc::new(sock);
    for ticks in 0..6 {
        let of_task = sock.clone();
        let accepting = asyncio::create_task(async move { running().sock_accept(&of_task).await });
        until_it_waits(&accepting).await;
        let client = TcpStream::connect(address).unwrap();
        // The report comes, wakes the task, and the task runs: each in a tick of its own.
        for _ in 0..ticks {
            asyncio::sleep(millis(0)).await;
        }
        let (_conn, from) = if accepting.cancel() {
            assert!(accepting.await.unwrap_err().is_cancelled(), "cancelled after {ticks} ticks");
            running().sock_accept(&sock).await.unwrap()
        } else {
            accepting.await.unwrap()
        };
        assert_eq!(from.as_socket(), Some(client.local_addr().unwrap()));
    }
}

#[asyncio::test(timeout = "20s")]
async fn several_accept_from_one_listener() {
    let (sock, address) = listener();
    let sock = Rc::new(sock);
    let accept = || {
        let sock = sock.clone();
        asyncio::create_task(async move { running().sock_accept(&sock).await })
    };
    let (first, second) = (accept(), accept());
    until_it_waits(&second).await;
    let clients = [TcpStream::connect(address).unwrap(), TcpStream::connect(address).unwrap()];
    for (task, client) in [first, second].into_iter().zip(&clients) {
        assert_eq!(task.await.unwrap().1.as_socket(), Some(client.local_addr().unwrap()));
    }
}

#[asyncio::test(timeout = "20s")]
async fn a_socket_that_does_not_listen_is_an_error() {
    let error = running().sock_accept(&tcp()).await.unwrap_err();
    assert!(matches!(error, Error::OsError(_)) && error.to_string().contains("0.0.0.0:0"), "{error}");
}
