//! From something connected to a transport whose protocol knows of it.

use std::io;
use std::panic::Location;

use super::secure::Secure;
use super::unfinished::Unfinished;
use crate::event_loop::EventLoop;
use crate::exceptions::{Error, Result};
use crate::protocols::{Binding, ProtocolHandle};
use crate::sys::{Address, OwnedFd, Socket};
use crate::transports::{Medium, Network, Stream, Transport};

/// Takes over a connected stream socket, for the method with this name.
pub(super) fn adopt(fd: OwnedFd, method: &str) -> Result<(Socket, Option<Address>)> {
    adopt_any(fd, method).map(with_peer)
}

/// As [`adopt`], of a unix socket.
pub(super) fn adopt_unix(fd: OwnedFd, method: &str) -> Result<(Socket, Option<Address>)> {
    adopt_any_unix(fd, method).map(with_peer)
}

/// Takes over a stream socket, connected or not.
pub(super) fn adopt_any(fd: OwnedFd, method: &str) -> Result<Socket> {
    Socket::adopt(fd).map_err(|error| refused(error, method))
}

/// As [`adopt_any`], of a unix socket.
pub(super) fn adopt_any_unix(fd: OwnedFd, method: &str) -> Result<Socket> {
    Socket::adopt_unix(fd).map_err(|error| refused(error, method))
}

fn with_peer(socket: Socket) -> (Socket, Option<Address>) {
    let peer = socket.peer_address().ok().flatten();
    (socket, peer)
}

fn refused(error: io::Error, method: &str) -> Error {
    match error.kind() {
        io::ErrorKind::InvalidInput => Error::value_error(format!("{method}: {error}")),
        _ => error.into(),
    }
}

/// Makes the transport that the program asked for at `site`, in TLS if that is wanted. What it gives is ready when
/// `connection_made` has returned; dropping that before closes the transport.
pub(crate) fn set_up<M: Medium, P>(
    event_loop: &EventLoop,
    medium: M,
    peer: Option<Address>,
    binding: Binding<P>,
    secure: &Secure,
    site: &'static Location<'static>,
) -> Result<impl Future<Output = Result<(Transport, ProtocolHandle<P>)>> + use<M, P>> {
    let Binding { endpoint, handle } = binding;
    let dressed = secure.dress(event_loop.inner(), endpoint)?;
    let stream = Stream::new(&Network::of(event_loop.inner()), medium, peer, dressed.endpoint(), None)?;
    stream.made_at(site);
    let unfinished = Unfinished::new(stream.transport(), Transport::close);
    let made = event_loop.create_future();
    let transport = dressed.start(&stream, made.clone());
    Ok(async move {
        made.await?;
        unfinished.finish();
        Ok((transport, handle))
    })
}
