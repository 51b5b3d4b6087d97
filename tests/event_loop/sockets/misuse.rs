//! What must not be done with a socket, and what the error says.

use std::os::fd::BorrowedFd;
use std::rc::Rc;

use asyncio::{Error, EventLoop, Socket};
use socket2::SockRef;

use super::{listener, pair, until_it_waits};
use crate::support::journal::Journal;
use crate::support::net::{connected, off_loop, running, settle};
use crate::support::script::Script;
use crate::support::tasks::millis;

fn assert_value_error<T>(outcome: asyncio::Result<T>) {
    let error = outcome.err().expect("a blocking socket is refused");
    assert!(matches!(error, Error::ValueError(_)) && error.to_string().contains("set_nonblocking"), "{error}");
}

fn blocking() -> Socket {
    let (sock, _) = listener();
    sock.set_nonblocking(false).unwrap();
    sock
}

#[asyncio::test(debug, timeout = "20s")]
async fn debug_mode_refuses_blocking_sockets() {
    // CPython: test_sock_lowlevel.BaseSockTestsMixin.test_sock_client_ops
    let (sock, event_loop) = (blocking(), running());
    let to = sock.local_addr().unwrap();
    assert_value_error(event_loop.sock_connect(&sock, to.clone()).await);
    assert_value_error(event_loop.sock_sendall(&sock, b"x").await);
    assert_value_error(event_loop.sock_sendto(&sock, b"x", to).await);
    assert_value_error(event_loop.sock_recv(&sock, 1024).await);
    assert_value_error(event_loop.sock_recv_into(&sock, &mut []).await);
    assert_value_error(event_loop.sock_recvfrom(&sock, 1024).await);
    assert_value_error(event_loop.sock_recvfrom_into(&sock, &mut [0]).await);
    assert_value_error(event_loop.sock_accept(&sock).await);
}

#[asyncio::test(debug = false, timeout = "20s")]
async fn more_room_than_there_is_memory_is_an_error() {
    let (near, far) = pair();
    let event_loop = running();
    event_loop.sock_sendall(&far, b"x").await.unwrap();
    for error in [
        event_loop.sock_recv(&near, usize::MAX).await.unwrap_err(),
        event_loop.sock_recvfrom(&near, usize::MAX).await.unwrap_err(),
    ] {
        assert_eq!(error.io_kind(), Some(std::io::ErrorKind::OutOfMemory), "{error}");
    }
    assert_eq!(event_loop.sock_recv(&near, 10).await.unwrap(), b"x");
}

#[asyncio::test(timeout = "20s")]
async fn a_blocking_socket_never_stops_the_loop() {
    let sock = blocking();
    assert_value_error(running().sock_accept(&sock).await);
    assert_value_error(running().sock_connect(&sock, sock.local_addr().unwrap()).await);
    let (near, far) = pair();
    far.set_nonblocking(false).unwrap();
    let outcome = asyncio::timeout(millis(5), async { running().sock_recv(&far, 16).await }).await;
    assert!(outcome.unwrap_err().is_timeout());
    near.set_nonblocking(false).unwrap();
    let much = vec![0; 8 << 20];
    let outcome = asyncio::timeout(millis(50), async { running().sock_sendall(&near, &much).await }).await;
    assert!(outcome.unwrap_err().is_timeout());
}

#[asyncio::test(timeout = "20s")]
async fn a_watched_descriptor_cannot_be_waited_for() {
    let (near, far) = pair();
    running().add_reader(&far, || {}).unwrap();
    let error = running().sock_recv(&far, 16).await.unwrap_err();
    assert!(matches!(error, Error::RuntimeError(_)) && error.to_string().contains("add_reader"), "{error}");
    assert!(running().remove_reader(&far));
    near.send(b"x").unwrap();
    assert_eq!(running().sock_recv(&far, 16).await.unwrap(), b"x");
}

#[asyncio::test(timeout = "20s")]
async fn a_descriptor_that_is_waited_for_cannot_be_watched() {
    let (near, far) = pair();
    let far = Rc::new(far);
    let of_task = far.clone();
    let waiting = asyncio::create_task(async move { running().sock_recv(&of_task, 16).await });
    until_it_waits(&waiting).await;
    let error = running().add_reader(&*far, || {}).unwrap_err();
    assert!(matches!(error, Error::RuntimeError(_)) && error.to_string().contains("sock_recv"), "{error}");
    assert!(!running().remove_reader(&*far));
    near.send(b"x").unwrap();
    assert_eq!(waiting.await.unwrap(), b"x");
    running().add_reader(&*far, || {}).unwrap();
    assert!(running().remove_reader(&*far));
}

#[asyncio::test(timeout = "20s")]
async fn a_waiter_that_left_leaves_no_registration() {
    let (near, far) = pair();
    let far = Rc::new(far);
    asyncio::testing::assert_no_leaks(async {
        let of_task = far.clone();
        let waiting = asyncio::create_task(async move { running().sock_recv(&of_task, 16).await });
        until_it_waits(&waiting).await;
        waiting.cancel();
        assert!(waiting.await.unwrap_err().is_cancelled());
    })
    .await;
    let waiting = asyncio::create_task(async move { running().sock_recv(&far, 16).await });
    until_it_waits(&waiting).await;
    near.send(b"x").unwrap();
    assert_eq!(waiting.await.unwrap(), b"x");
}

#[asyncio::test(timeout = "20s")]
async fn what_was_forgotten_keeps_no_number_from_its_next_owner() {
    let (near, far) = pair();
    let far: &'static Socket = Box::leak(Box::new(far));
    let mut forgotten = Box::pin(running().sock_recv(far, 16));
    assert!(futures::poll!(&mut forgotten).is_pending());
    std::mem::forget(forgotten);
    drop(near);
    settle().await;
    let duplicate = far.try_clone().unwrap();
    assert!(running().sock_recv(&duplicate, 16).await.unwrap().is_empty());
    assert!(running().sock_recv(far, 16).await.unwrap().is_empty());
}

#[test]
fn an_operation_belongs_to_its_loop() {
    let other = EventLoop::new().unwrap();
    let of_main = other.clone();
    let error = asyncio::run(async move {
        let (_near, far) = pair();
        of_main.sock_recv(&far, 16).await.map(drop)
    });
    assert!(error.unwrap_err().to_string().contains("get_running_loop"));
    other.close().unwrap();
}

#[asyncio::test(timeout = "20s")]
async fn a_loop_that_ends_lets_go_of_those_who_wait() {
    let (_near, far) = pair();
    let event_loop = std::thread::spawn(|| {
        asyncio::run(async move {
            let left = asyncio::create_task(async move { running().sock_recv(&far, 16).await });
            until_it_waits(&left).await;
            Ok::<_, Error>(())
        })
    });
    off_loop(move || event_loop.join().unwrap().unwrap()).await;
}

#[asyncio::test(timeout = "20s")]
async fn the_descriptor_of_a_transport_is_its_own() {
    let (transport, _protocol, _peer) = connected(Script::new(&Journal::default())).await;
    // SAFETY: the transport keeps the descriptor open for longer than this is used.
    let fd = unsafe { BorrowedFd::borrow_raw(transport.socket().unwrap().fileno().unwrap()) };
    let error = running().sock_recv(&SockRef::from(&fd), 16).await.unwrap_err();
    assert!(matches!(error, Error::RuntimeError(_)) && error.to_string().contains("transport"), "{error}");
    transport.close();
}
