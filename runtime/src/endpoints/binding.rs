//! The sockets of a server: bound here, or taken over.

use std::io;
use std::net::SocketAddr;

use super::listen::Options;
use super::set_up::adopt_any;
use crate::event_loop::EventLoop;
use crate::exceptions::{Error, Result};
use crate::sys::{self, OwnedFd, Socket};

/// Sockets that somebody else has bound.
pub(super) fn adopt_all(fds: Vec<OwnedFd>, options: Options) -> Result<Vec<Socket>> {
    if let Some(option) = options.binding {
        let text = "says how to bind, and the socket is bound already; leave it out";
        return Err(Error::value_error(format!("create_server_with_sock: {option}() {text}")));
    }
    if fds.is_empty() {
        return Err(Error::value_error("create_server_with_socks: no socket was given"));
    }
    let sockets: Vec<Socket> =
        fds.into_iter().map(|fd| adopt_any(fd, "create_server_with_sock")).collect::<Result<_>>()?;
    if options.keep_alive {
        sockets.iter().try_for_each(|socket| socket.set_keepalive(true))?;
    }
    Ok(sockets)
}

/// One socket an address.
pub(super) fn bind_all(event_loop: &EventLoop, addresses: &[SocketAddr], options: Options) -> Result<Vec<Socket>> {
    let (mut sockets, mut left_out) = (Vec::new(), None);
    for address in addresses {
        let error = match Socket::tcp(address) {
            Ok(socket) => match bind(&socket, address, options) {
                Ok(()) => {
                    sockets.push(socket);
                    continue;
                }
                Err(error) if error.kind() == io::ErrorKind::AddrNotAvailable => error,
                Err(error) => {
                    let subject = format!("error while attempting to bind on address {address}");
                    return Err(Error::os_error_at(error, subject));
                }
            },
            Err(error) if sys::is_out_of_resources(&error) => return Err(Error::os_error_at(error, address)),
            // A family that this machine does not speak, most likely.
            Err(error) => error,
        };
        skipped(event_loop, address, &error);
        left_out = Some(error);
    }
    match left_out {
        _ if !sockets.is_empty() => Ok(sockets),
        Some(error) => {
            let addresses: Vec<String> = addresses.iter().map(ToString::to_string).collect();
            Err(Error::os_error_at(error, format_args!("could not bind on any of {}", addresses.join(", "))))
        }
        None => {
            let error = io::Error::new(io::ErrorKind::AddrNotAvailable, "could not bind on any address");
            Err(Error::os_error_at(error, "create_server() was given no host"))
        }
    }
}

fn bind(socket: &Socket, address: &SocketAddr, options: Options) -> io::Result<()> {
    if options.reuse_address {
        socket.set_reuse_address(true)?;
    }
    if options.reuse_port {
        socket.set_reuse_port(true)?;
    }
    if options.keep_alive {
        socket.set_keepalive(true)?;
    }
    if address.is_ipv6() {
        // The other family has a socket of its own.
        socket.set_only_v6(true)?;
    }
    socket.bind(address)
}

fn skipped(event_loop: &EventLoop, address: &SocketAddr, error: &io::Error) {
    if event_loop.get_debug() {
        crate::log::warning(format_args!("ASY0026: create_server() leaves out {address}: {error}"));
    }
}
