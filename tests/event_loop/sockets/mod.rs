//! Working with socket objects directly: `sock_recv` and its kin.

mod accepting;
mod connecting;
mod datagrams;
mod misuse;
mod sending_files;
mod streams;
mod waiting;

use std::net::SocketAddr;
use std::os::unix::net::{UnixDatagram, UnixStream};

use asyncio::Socket;
use socket2::{Domain, Type};

use crate::support::net::settle;

/// A non-blocking TCP socket that is nowhere yet.
fn tcp() -> Socket {
    let sock = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    sock.set_nonblocking(true).unwrap();
    sock
}

/// A listening socket, and where.
fn listener() -> (Socket, SocketAddr) {
    let sock = tcp();
    sock.bind(&"127.0.0.1:0".parse::<SocketAddr>().unwrap().into()).unwrap();
    sock.listen(16).unwrap();
    let address = sock.local_addr().unwrap().as_socket().unwrap();
    (sock, address)
}

fn non_blocking(sock: impl Into<Socket>) -> Socket {
    let sock = sock.into();
    sock.set_nonblocking(true).unwrap();
    sock
}

/// Two ends of a stream.
fn pair() -> (Socket, Socket) {
    let (near, far) = UnixStream::pair().unwrap();
    (non_blocking(near), non_blocking(far))
}

/// Two ends that keep the boundaries of messages.
fn message_pair() -> (Socket, Socket) {
    let (near, far) = UnixDatagram::pair().unwrap();
    (non_blocking(near), non_blocking(far))
}

/// Fills a socket until not even `least` bytes go in.
fn fill(sock: &Socket, least: usize) -> usize {
    let (mut size, mut filled) = (8192, 0);
    while size >= least {
        match sock.send(&vec![b' '; size]) {
            Ok(sent) => filled += sent,
            Err(_) => size /= 2,
        }
    }
    filled
}

/// Lets a task that was just made wait for its socket.
async fn until_it_waits(task: &asyncio::Task<impl Sized>) {
    settle().await;
    assert!(!task.done(), "it waits");
}
