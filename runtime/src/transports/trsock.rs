//! `TransportSocket`: a look at the socket of a transport or server, which keeps owning it.

use std::fmt;
use std::io;
use std::net::{Shutdown, SocketAddr};
use std::rc::Rc;
use std::time::Duration;

use crate::exceptions::{Error, Result};
use crate::sys::{Address, OwnedFd, RawFd, Socket, UnixAddress};

/// Something with a socket.
pub(crate) trait HasSocket {
    fn socket(&self) -> &Socket;
}

/// A view of a socket that a transport or server owns. Python: `asyncio.trsock.TransportSocket`.
///
/// It can be asked and its options can be set, but it neither sends nor receives nor closes. Once the owner has closed
/// the socket, [`fileno`](Self::fileno) is `None` and everything else fails. Python's `getsockbyname`, a slip of the
/// pen, does not exist here.
///
/// # Examples
///
/// ```
/// # fn main() -> asyncio::Result<()> {
/// # struct Nothing;
/// # #[asyncio::protocol]
/// # impl Nothing {}
/// asyncio::run(async {
///     let event_loop = asyncio::get_running_loop()?;
///     let server = event_loop.create_server(|| Nothing, "127.0.0.1", 0).await?;
///     let address = server.sockets()[0].getsockname()?;
///     assert_ne!(address.port(), 0);
///     server.close();
///     Ok::<_, asyncio::Error>(())
/// })
/// # }
/// ```
#[derive(Clone)]
pub struct TransportSocket(Rc<dyn HasSocket>);

impl TransportSocket {
    pub(crate) fn new(owner: Rc<dyn HasSocket>) -> Self {
        owner.socket().set_shown();
        Self(owner)
    }

    /// The descriptor, `None` once it is closed. Python: `fileno()`, which is -1 then.
    pub fn fileno(&self) -> Option<RawFd> {
        self.socket().fileno()
    }

    /// The system's number for its address family, such as `AF_INET`. Python: `family`.
    ///
    /// # Errors
    ///
    /// `OsError` if it is closed.
    pub fn family(&self) -> Result<i32> {
        Ok(self.socket().kind()?.0)
    }

    /// The system's number for its type, such as `SOCK_STREAM`. Python: `type`.
    ///
    /// # Errors
    ///
    /// `OsError` if it is closed.
    #[doc(alias = "type")]
    pub fn socket_type(&self) -> Result<i32> {
        Ok(self.socket().kind()?.1)
    }

    /// The system's number for its protocol, such as `IPPROTO_TCP`. Python: `proto`.
    ///
    /// # Errors
    ///
    /// `OsError` if it is closed.
    pub fn proto(&self) -> Result<i32> {
        Ok(self.socket().kind()?.2)
    }

    /// Its own address, of the Internet's. Python: `getsockname()`.
    ///
    /// # Errors
    ///
    /// `OsError` if it is closed, or a unix socket: [`unix_sockname`](Self::unix_sockname) is for those.
    pub fn getsockname(&self) -> Result<SocketAddr> {
        internet(self.socket().local_address()?, "unix_sockname")
    }

    /// As [`getsockname`](Self::getsockname), under the name that std has for it.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn local_addr(&self) -> Result<SocketAddr> {
        self.getsockname()
    }

    /// The peer's address, of the Internet's. Python: `getpeername()`.
    ///
    /// # Errors
    ///
    /// `OsError` if it is closed or not connected, or a unix socket: [`unix_peername`](Self::unix_peername) is for
    /// those.
    pub fn getpeername(&self) -> Result<SocketAddr> {
        internet(self.socket().peer_address()?, "unix_peername")
    }

    /// Its own address, of a unix socket. Python: `getsockname()`.
    ///
    /// # Errors
    ///
    /// `OsError` if it is closed, or of another family.
    pub fn unix_sockname(&self) -> Result<UnixAddress> {
        unix(self.socket().local_address()?, "getsockname")
    }

    /// The peer's address, of a unix socket; a client that has no name is `Unnamed`. Python: `getpeername()`.
    ///
    /// # Errors
    ///
    /// `OsError` if it is closed or not connected, or of another family.
    pub fn unix_peername(&self) -> Result<UnixAddress> {
        unix(self.socket().peer_address()?, "getpeername")
    }

    /// An option whose value is an integer. Python: `getsockopt()`.
    ///
    /// # Errors
    ///
    /// `OsError` if it is closed, or has no such option.
    pub fn getsockopt(&self, level: i32, name: i32) -> Result<i32> {
        Ok(self.socket().option(level, name)?)
    }

    /// Sets an option whose value is an integer. Python: `setsockopt()`.
    ///
    /// # Errors
    ///
    /// `OsError` if it is closed, or the system refuses.
    pub fn setsockopt(&self, level: i32, name: i32, value: i32) -> Result<()> {
        Ok(self.socket().set_option(level, name, value)?)
    }

    /// Shuts down one or both directions, without the transport knowing. Python: `shutdown()`.
    ///
    /// # Errors
    ///
    /// `OsError` if it is closed or not connected.
    pub fn shutdown(&self, how: Shutdown) -> Result<()> {
        Ok(self.socket().shutdown(how)?)
    }

    /// A second descriptor for the same socket, which the caller owns; it is non-blocking. Python: `dup()`.
    ///
    /// # Errors
    ///
    /// `OsError` if it is closed, or no descriptor is left.
    pub fn dup(&self) -> Result<OwnedFd> {
        Ok(self.socket().duplicate()?)
    }

    /// Whether a child process would keep it; it never would, unless somebody changed that. Python: `get_inheritable()`.
    ///
    /// # Errors
    ///
    /// `OsError` if it is closed.
    pub fn get_inheritable(&self) -> Result<bool> {
        Ok(self.socket().is_inheritable()?)
    }

    /// Always zero: the socket never blocks. Python: `gettimeout()`.
    pub fn gettimeout(&self) -> Duration {
        Duration::ZERO
    }

    /// Accepts zero only. Python: `settimeout()`.
    ///
    /// # Errors
    ///
    /// `ValueError` for anything else: a socket of the loop must not block.
    pub fn settimeout(&self, timeout: impl Into<Option<Duration>>) -> Result<()> {
        if timeout.into() == Some(Duration::ZERO) {
            return Ok(());
        }
        Err(Error::value_error("a transport's socket never blocks, so zero is its only timeout; use asyncio::timeout"))
    }

    /// Accepts false only. Python: `setblocking()`.
    ///
    /// # Errors
    ///
    /// `ValueError` for true: a socket of the loop must not block.
    pub fn setblocking(&self, blocking: bool) -> Result<()> {
        if blocking {
            Err(Error::value_error("a transport's socket cannot be made blocking; dup() it"))
        } else {
            Ok(())
        }
    }

    fn socket(&self) -> &Socket {
        self.0.socket()
    }
}

fn internet(address: Option<Address>, otherwise: &str) -> Result<SocketAddr> {
    match address {
        Some(Address::Internet(address)) => Ok(address),
        address => Err(other_family("the Internet", address, otherwise)),
    }
}

fn unix(address: Option<Address>, otherwise: &str) -> Result<UnixAddress> {
    match address {
        Some(Address::Unix(address)) => Ok(*address),
        address => Err(other_family("a unix socket", address, otherwise)),
    }
}

#[cold]
fn other_family(wanted: &str, address: Option<Address>, otherwise: &str) -> Error {
    let text = match address {
        Some(address) => format!("{address} is no address of {wanted}; {otherwise}() gives it"),
        None => {
            format!("the socket is neither one of the Internet nor a unix socket, so it has no address of {wanted}")
        }
    };
    io::Error::new(io::ErrorKind::Unsupported, text).into()
}

impl fmt::Debug for TransportSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("TransportSocket");
        debug.field("fd", &self.fileno());
        if let Ok(Some(address)) = self.socket().local_address() {
            debug.field("laddr", &format_args!("{address}"));
        }
        if let Ok(Some(address)) = self.socket().peer_address() {
            debug.field("raddr", &format_args!("{address}"));
        }
        debug.finish()
    }
}
