//! A datagram protocol that notes each callback in a journal, and plain sockets of std as its peers.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::os::unix::net::UnixDatagram;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use asyncio::{DatagramTransport, Error, ProtocolHandle, Result};

use super::journal::Journal;
use super::net::running;

type OnEvent = Box<dyn FnMut(&DatagramTransport) -> Result<()>>;
type OnDatagram = Box<dyn FnMut(&DatagramTransport, &[u8], SocketAddr) -> Result<()>>;

/// Notes `made`, `datagram TEXT` (`datagram N bytes` if it is long), `error ERROR`, `pause`, `resume`, `lost`.
pub(crate) struct Receiver {
    journal: Journal,
    made: OnEvent,
    datagram: OnDatagram,
    error: OnEvent,
    pause: OnEvent,
    resume: OnEvent,
}

impl Receiver {
    pub(crate) fn new(journal: &Journal) -> Self {
        Self {
            journal: journal.clone(),
            made: Box::new(|_| Ok(())),
            datagram: Box::new(|_, _, _| Ok(())),
            error: Box::new(|_| Ok(())),
            pause: Box::new(|_| Ok(())),
            resume: Box::new(|_| Ok(())),
        }
    }

    pub(crate) fn on_made(mut self, does: impl FnMut(&DatagramTransport) -> Result<()> + 'static) -> Self {
        self.made = Box::new(does);
        self
    }

    pub(crate) fn on_datagram(
        mut self,
        does: impl FnMut(&DatagramTransport, &[u8], SocketAddr) -> Result<()> + 'static,
    ) -> Self {
        self.datagram = Box::new(does);
        self
    }

    pub(crate) fn on_error(mut self, does: impl FnMut(&DatagramTransport) -> Result<()> + 'static) -> Self {
        self.error = Box::new(does);
        self
    }

    pub(crate) fn on_pause(mut self, does: impl FnMut(&DatagramTransport) -> Result<()> + 'static) -> Self {
        self.pause = Box::new(does);
        self
    }

    pub(crate) fn on_resume(mut self, does: impl FnMut(&DatagramTransport) -> Result<()> + 'static) -> Self {
        self.resume = Box::new(does);
        self
    }
}

#[asyncio::protocol]
impl Receiver {
    fn connection_made(&mut self, transport: &DatagramTransport) -> Result<()> {
        self.journal.note("made");
        (self.made)(transport)
    }

    fn datagram_received(&mut self, transport: &DatagramTransport, data: &[u8], addr: SocketAddr) -> Result<()> {
        self.journal.note(match std::str::from_utf8(data) {
            Ok(text) if text.len() < 100 => format!("datagram {text}"),
            _ => format!("datagram {} bytes", data.len()),
        });
        (self.datagram)(transport, data, addr)
    }

    fn error_received(&mut self, transport: &DatagramTransport, exc: &Error) -> Result<()> {
        self.journal.note(format!("error {exc}"));
        (self.error)(transport)
    }

    fn connection_lost(&mut self, exc: Option<&Error>) {
        self.journal.note(exc.map_or_else(|| "lost".to_owned(), |error| format!("lost {error}")));
    }

    fn pause_writing(&mut self, transport: &DatagramTransport) -> Result<()> {
        self.journal.note("pause");
        (self.pause)(transport)
    }

    fn resume_writing(&mut self, transport: &DatagramTransport) -> Result<()> {
        self.journal.note("resume");
        (self.resume)(transport)
    }
}

pub(crate) type Endpoint = (DatagramTransport, ProtocolHandle<Receiver>);

/// An endpoint that is bound to a port of loopback.
pub(crate) async fn bound_to(host: &str, protocol: Receiver) -> Endpoint {
    running().create_datagram_endpoint(move || protocol).local_addr(host, 0).await.unwrap()
}

/// An endpoint that sends to this address.
pub(crate) async fn connected_to(address: SocketAddr, protocol: Receiver) -> Endpoint {
    let endpoint = running().create_datagram_endpoint(move || protocol);
    endpoint.remote_addr(address.ip(), address.port()).await.unwrap()
}

/// A plain socket. What is sent to it over loopback is there at once.
pub(crate) fn plain(host: &str) -> UdpSocket {
    let socket = UdpSocket::bind((host, 0)).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    socket
}

/// The next datagram of a plain socket, once all has left that was sent by now.
pub(crate) async fn arrived(socket: &UdpSocket) -> (Vec<u8>, SocketAddr) {
    asyncio::sleep(Duration::ZERO).await;
    receive(socket)
}

/// The next datagram of a plain socket.
pub(crate) fn receive(socket: &UdpSocket) -> (Vec<u8>, SocketAddr) {
    let mut buffer = vec![0; 70_000];
    let (length, from) = socket.recv_from(&mut buffer).unwrap();
    buffer.truncate(length);
    (buffer, from)
}

/// An address at which nobody receives. Its port is none of those that the system hands out, so that no other test gets it.
pub(crate) fn nobody() -> SocketAddr {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = u16::try_from(std::process::id() % 10_000).unwrap();
    loop {
        let port = 20_000 + (first + NEXT.fetch_add(1, Ordering::Relaxed)) % 10_000;
        if let Ok(socket) = UdpSocket::bind((Ipv4Addr::LOCALHOST, port)) {
            return socket.local_addr().unwrap();
        }
    }
}

/// An endpoint whose peer takes a few datagrams only until it reads: on loopback UDP never comes to that.
pub(crate) async fn narrow(protocol: Receiver) -> (Endpoint, UnixDatagram) {
    let (ours, peer) = UnixDatagram::pair().unwrap();
    peer.set_nonblocking(true).unwrap();
    (running().create_datagram_endpoint(move || protocol).sock(ours).await.unwrap(), peer)
}

/// Sends numbers, each as one datagram, until one has to wait; how many there are.
pub(crate) fn fill(transport: &DatagramTransport) -> usize {
    let mut count = 0;
    while transport.get_write_buffer_size() == 0 {
        transport.sendto(count.to_string().as_bytes(), None).unwrap();
        count += 1;
    }
    count
}

/// Reads what is there: the texts of the datagrams.
pub(crate) fn drain(peer: &UnixDatagram) -> Vec<String> {
    let mut buffer = [0; 70_000];
    std::iter::from_fn(|| peer.recv(&mut buffer).ok().map(|length| String::from_utf8_lossy(&buffer[..length]).into()))
        .collect()
}
