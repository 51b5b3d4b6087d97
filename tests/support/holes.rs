//! Addresses that do not answer, without a packet that leaves the machine: a listener whose queue is full.

use std::collections::HashSet;
use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};

use socket2::{Domain, Socket, Type};

/// Who connects to it waits.
pub(crate) struct Hole {
    listener: Socket,
    address: SocketAddr,
    queued: TcpStream,
}

impl Hole {
    /// On a port that the system chooses, or on that of another listener; the port of address is 0, or is that.
    pub(crate) fn at(ip: &str, port: u16) -> Self {
        let address = SocketAddr::new(ip.parse().unwrap(), port);
        let listener = Socket::new(Domain::for_address(address), Type::STREAM, None).unwrap();
        listener.bind(&address.into()).unwrap();
        listener.listen(0).unwrap();
        let address = listener.local_addr().unwrap().as_socket().unwrap();
        // The queue has room for one.
        let queued = TcpStream::connect(address).unwrap();
        let hole = Self { listener, address, queued };
        assert_eq!(hole.try_connect(), ErrorKind::WouldBlock, "this system answers all the same");
        hole
    }

    fn try_connect(&self) -> ErrorKind {
        let socket = Socket::new(Domain::for_address(self.address), Type::STREAM, None).unwrap();
        socket.set_nonblocking(true).unwrap();
        let error = socket.connect(&self.address.into()).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::EINPROGRESS));
        let waits = socket.connect(&self.address.into()).unwrap_err();
        if waits.raw_os_error() == Some(libc::EALREADY) { ErrorKind::WouldBlock } else { waits.kind() }
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// Makes room: who waits is let in as soon as the system asks again, which takes a second.
    pub(crate) fn open(self) -> Socket {
        drop(self.listener.accept().unwrap());
        drop(self.queued);
        self.listener
    }

    /// How many sockets of this machine wait for an answer from it.
    pub(crate) fn waiting(&self) -> usize {
        const SYN_SENT: u8 = 2;
        sockets_to(self.address).filter(|(_, state)| *state == SYN_SENT).count()
    }
}

/// How many open sockets of this machine are connected to that address, or about to be.
pub(crate) fn open_sockets_to(address: SocketAddr) -> usize {
    const ESTABLISHED_AND_SYN_SENT: [u8; 2] = [1, 2];
    sockets_to(address).filter(|(_, state)| ESTABLISHED_AND_SYN_SENT.contains(state)).count()
}

/// The sockets of this machine whose peer has that address, with their states.
fn sockets_to(address: SocketAddr) -> impl Iterator<Item = (String, u8)> {
    let (path, ip) = match address.ip() {
        IpAddr::V4(ip) => ("/proc/net/tcp", words(&ip.octets())),
        IpAddr::V6(ip) => ("/proc/net/tcp6", words(&ip.octets())),
    };
    let remote = format!("{ip}:{:04X}", address.port());
    let table = std::fs::read_to_string(path).unwrap();
    let rows = table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let rows = rows.filter(|row| row.get(2) == Some(&remote.as_str()));
    // A table that changes while it is read shows a socket several times.
    let found: HashSet<_> = rows.map(|row| (row[1].to_owned(), u8::from_str_radix(row[3], 16).unwrap())).collect();
    found.into_iter()
}

/// As the system writes addresses: words of four bytes in the machine's own order.
fn words(octets: &[u8]) -> String {
    let word = |bytes: &[u8]| format!("{:08X}", u32::from_ne_bytes(bytes.try_into().unwrap()));
    octets.chunks(4).map(word).collect()
}

/// A listener at this address, on the port of another one.
pub(crate) fn listener_at(ip: &str, port: u16) -> TcpListener {
    TcpListener::bind((ip.parse::<IpAddr>().unwrap(), port)).unwrap()
}
