//! Getting to an address: a non-blocking `connect`, and the wait for its outcome.

use std::cell::Cell;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use crate::event_loop::{EventLoop, Inner, Source, SourceKey};
use crate::exceptions::{Error, Result};
use crate::future::Future;
use crate::sys::{CLOSED, Interest, RawFd, Readiness, Socket};
use crate::wait::sleep;

/// A socket that is connected to `address`, from one of the addresses in `from` if there are any, where `rivals` may be
/// connecting at the same time.
///
/// Cancelling it closes the socket.
pub(crate) async fn connect(
    event_loop: &EventLoop,
    address: SocketAddr,
    from: &[SocketAddr],
    rivals: bool,
    protocol: Option<i32>,
) -> Result<Socket> {
    let at = |error| Error::os_error_at(error, address);
    let socket = open(&address, protocol)?;
    bind(&socket, &address, from, rivals)?;
    // Within one machine the answer is there already, so that asking once more is cheaper than to wait for a report.
    let outcome = socket
        .connect(&address)
        .and_then(|connected| Ok(connected || (address.ip().is_loopback() && socket.has_connected(&address)?)));
    match outcome {
        Ok(true) => return Ok(socket),
        Ok(false) => {}
        Err(error) => {
            drop(socket);
            // Whoever tries again until there is a server must let the others run, one of which may be to start it.
            sleep(Duration::ZERO).await;
            return Err(at(error));
        }
    }
    // Boxed: most attempts on this machine need no memory for it.
    Box::pin(connected(event_loop, socket, address)).await
}

/// Waits until the outcome is there.
async fn connected(event_loop: &EventLoop, socket: Socket, address: SocketAddr) -> Result<Socket> {
    let at = |error| Error::os_error_at(error, address);
    let fd = socket.fileno().unwrap_or(CLOSED);
    let outcome = event_loop.create_future();
    let waiting = Rc::new(Connecting { outcome: outcome.clone(), queued: Cell::new(false) });
    let inner = event_loop.inner().clone();
    let key = inner.add_source(fd, Interest::Write, waiting).map_err(at)?;
    // Dropped before the socket, whichever way this ends.
    let registered = Registered { inner, key, fd };
    outcome.await?;
    drop(registered);
    match socket.take_error().map_err(at)? {
        None => Ok(socket),
        Some(error) => Err(at(error)),
    }
}

fn open(address: &SocketAddr, protocol: Option<i32>) -> Result<Socket> {
    match protocol {
        None => Socket::tcp(address).map_err(|error| Error::os_error_at(error, address)),
        Some(number) => Socket::stream(address, number).map_err(|error| {
            Error::os_error_at(error, format_args!("a stream socket of protocol {number}, for {address}"))
        }),
    }
}

/// Binds to the first of these addresses that fits.
fn bind(socket: &Socket, address: &SocketAddr, from: &[SocketAddr], rivals: bool) -> Result<()> {
    if from.is_empty() {
        return Ok(());
    }
    if rivals && from.iter().any(|local| local.port() != 0) {
        // They go to different addresses, so one port may serve them all.
        socket.set_reuse_address(true).map_err(|error| Error::os_error_at(error, address))?;
    }
    let mut last = None;
    for local in from.iter().filter(|local| local.is_ipv4() == address.is_ipv4()) {
        match socket.bind(local) {
            Ok(()) => return Ok(()),
            Err(error) => last = Some((error, local)),
        }
    }
    Err(match last {
        Some((error, local)) => {
            Error::os_error_at(error, format_args!("error while attempting to bind on address {local}"))
        }
        None => {
            let error = io::Error::new(io::ErrorKind::AddrNotAvailable, "no matching local address was found");
            Error::os_error_at(error, address)
        }
    })
}

/// Waits until a socket is writable, which is when its `connect` has ended.
struct Connecting {
    outcome: Future<()>,
    queued: Cell<bool>,
}

impl Source for Connecting {
    fn on_event(&self, _readiness: Readiness) -> bool {
        !self.queued.replace(true)
    }

    fn run(self: Rc<Self>) {
        // It may have been cancelled meanwhile.
        let _ = self.outcome.set_result(());
    }
}

/// A registration, until this is dropped.
struct Registered {
    inner: Rc<Inner>,
    key: SourceKey,
    fd: RawFd,
}

impl Drop for Registered {
    fn drop(&mut self) {
        self.inner.remove_source(self.key, self.fd);
    }
}
