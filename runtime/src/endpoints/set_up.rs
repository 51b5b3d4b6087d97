//! From a connected socket to a transport whose protocol knows of it.

use std::io;
use std::os::fd::OwnedFd;
use std::panic::Location;

use super::unfinished::Unfinished;
use crate::event_loop::EventLoop;
use crate::exceptions::{Error, Result};
use crate::protocols::{Binding, ProtocolHandle};
use crate::sys::{Address, Socket};
use crate::transports::{Network, Stream, Transport};

/// Takes over a connected stream socket, for the method with this name.
pub(super) fn adopt(fd: OwnedFd, method: &str) -> Result<(Socket, Option<Address>)> {
    let socket = adopt_any(fd, method)?;
    let peer = socket.peer_address().ok().flatten();
    Ok((socket, peer))
}

/// Takes over a stream socket, connected or not.
pub(super) fn adopt_any(fd: OwnedFd, method: &str) -> Result<Socket> {
    Socket::adopt(fd).map_err(|error| match error.kind() {
        io::ErrorKind::InvalidInput => Error::value_error(format!("{method}: {error}")),
        _ => error.into(),
    })
}

/// Makes the transport that the program asked for at `site`, and returns when `connection_made` has. Cancelling it
/// closes the transport.
pub(super) async fn set_up<P>(
    event_loop: &EventLoop,
    socket: Socket,
    peer: Option<Address>,
    binding: Binding<P>,
    site: &'static Location<'static>,
) -> Result<(Transport, ProtocolHandle<P>)> {
    let Binding { endpoint, handle } = binding;
    let stream = Stream::new(&Network::of(event_loop.inner()), socket, peer, endpoint, None)?;
    stream.made_at(site);
    let unfinished = Unfinished::new(stream.transport(), Transport::close);
    let made = event_loop.create_future();
    stream.start(Some(made.clone()));
    made.await?;
    Ok((unfinished.finish(), handle))
}
