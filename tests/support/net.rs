//! Peers that are no part of the loop: plain sockets of std, which do just what a test says.

use std::cell::RefCell;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::rc::Rc;
use std::time::Duration;

use asyncio::{ConcurrentFuture, EventLoop, IntoEndpoint, ProtocolHandle, Server, Transport};
use socket2::SockRef;

pub(crate) fn running() -> EventLoop {
    asyncio::get_running_loop().unwrap()
}

/// A connection of the loop's to a plain socket.
pub(crate) async fn connected<P: IntoEndpoint<K>, K>(protocol: P) -> (Transport, ProtocolHandle<P>, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (transport, protocol) = running().create_connection(move || protocol, "127.0.0.1", port).await.unwrap();
    let (peer, _) = listener.accept().unwrap();
    (transport, protocol, peer)
}

/// As [`connected`], with system buffers so small that little data fills them.
pub(crate) async fn connected_narrowly<P: IntoEndpoint<K>, K>(
    protocol: P,
) -> (Transport, ProtocolHandle<P>, TcpStream) {
    let (transport, protocol, peer) = connected(protocol).await;
    SockRef::from(&transport.socket().unwrap().dup().unwrap()).set_send_buffer_size(16 << 10).unwrap();
    SockRef::from(&peer).set_recv_buffer_size(128 << 10).unwrap();
    (transport, protocol, peer)
}

/// The address of a server with one socket.
pub(crate) fn address(server: &Server) -> SocketAddr {
    server.sockets()[0].getsockname().unwrap()
}

/// A plain client of a server. The system accepts it, so this does not wait for the loop.
pub(crate) fn client_of(server: &Server) -> TcpStream {
    TcpStream::connect(address(server)).unwrap()
}

/// Runs something that blocks on another thread.
pub(crate) async fn off_loop<T: Clone + Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let outcome = ConcurrentFuture::new();
    let setter = outcome.clone();
    let thread = std::thread::spawn(move || setter.set_result(work()));
    let value = asyncio::wrap_future(outcome).unwrap().await.unwrap();
    thread.join().unwrap().unwrap();
    value
}

/// All that a peer receives until the end of the stream.
pub(crate) async fn read_all(mut peer: TcpStream) -> Vec<u8> {
    off_loop(move || {
        let mut received = Vec::new();
        peer.read_to_end(&mut received).unwrap();
        received
    })
    .await
}

/// The next `length` bytes that a peer receives.
pub(crate) async fn read_exactly(peer: &TcpStream, length: usize) -> Vec<u8> {
    let mut peer = peer.try_clone().unwrap();
    off_loop(move || {
        let mut received = vec![0; length];
        peer.read_exact(&mut received).unwrap();
        received
    })
    .await
}

pub(crate) fn send(mut peer: &TcpStream, data: &[u8]) {
    peer.write_all(data).unwrap();
}

/// Ends a connection by a reset instead of an end of stream.
pub(crate) fn reset(peer: TcpStream) {
    SockRef::from(&peer).set_linger(Some(Duration::ZERO)).unwrap();
    drop(peer);
}

/// Fills the system's buffers of a connection, until something waits in the transport's own.
pub(crate) fn fill(transport: &Transport) -> usize {
    let mut written = 0;
    while transport.get_write_buffer_size() == 0 {
        transport.write(&[b'x'; 1024]);
        written += 1024;
    }
    written
}

/// As [`fill`], with so much more that something is left to send until the peer reads.
pub(crate) fn clog(transport: &Transport) -> usize {
    const MORE: usize = 4 << 20;
    let filled = fill(transport);
    transport.write(&vec![b'x'; MORE]);
    filled + MORE
}

/// Lets the loop come to rest: what is due has run, and the system was asked for news.
pub(crate) async fn settle() {
    for _ in 0..3 {
        asyncio::sleep(Duration::ZERO).await;
    }
    asyncio::sleep(Duration::from_millis(2)).await;
}

/// What reached the exception handler: `MESSAGE: ERROR [KEYS]`.
#[derive(Clone, Default)]
pub(crate) struct Reports(Rc<RefCell<Vec<String>>>);

impl Reports {
    /// Collects them from now on, so that they do not fail the test.
    pub(crate) fn collect() -> Self {
        Self::of(&running())
    }

    /// As [`collect`](Self::collect), of a loop that does not run yet.
    pub(crate) fn of(event_loop: &EventLoop) -> Self {
        let reports = Self::default();
        let collected = reports.clone();
        event_loop.set_exception_handler(move |_, context| {
            let error = context.get_exception().map(ToString::to_string).unwrap_or_default();
            let report = format!("{}: {error} {:?}", context.message(), context.keys());
            collected.0.borrow_mut().push(report);
        });
        reports
    }

    pub(crate) fn all(&self) -> Vec<String> {
        self.0.borrow().clone()
    }
}
