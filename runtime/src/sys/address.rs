//! Where a socket is: an address of the Internet's, or a name on this machine.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use socket2::SockAddr;

use super::names;

/// The address of a unix socket. Python: what `getsockname()` gives for `AF_UNIX`, a `str` or `bytes`.
///
/// Made from whatever names a path; as in Python a leading NUL makes it abstract, and nothing at all is no name:
///
/// ```
/// use asyncio::UnixAddress;
///
/// let path: UnixAddress = "/run/app.sock".into();
/// let name: UnixAddress = "\0app".into();
/// assert_eq!(path, UnixAddress::Path("/run/app.sock".into()));
/// assert_eq!(name, UnixAddress::Abstract(b"app".to_vec()));
/// assert_eq!(UnixAddress::from(""), UnixAddress::Unnamed);
/// assert_eq!(format!("{path}, {name}"), "/run/app.sock, @app");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum UnixAddress {
    /// None: that of a socket which was never bound, as a client's usually is. Who binds to it gets a name from Linux.
    Unnamed,
    /// A file.
    Path(PathBuf),
    /// A name outside of the file system, without its leading NUL; on Linux only.
    Abstract(Vec<u8>),
}

impl UnixAddress {
    /// The path, if it is one.
    pub fn as_path(&self) -> Option<&Path> {
        match self {
            Self::Path(path) => Some(path),
            Self::Unnamed | Self::Abstract(_) => None,
        }
    }
}

/// For the calls on sockets of one's own, such as [`sock_connect`](crate::EventLoop::sock_connect).
impl TryFrom<&UnixAddress> for SockAddr {
    type Error = io::Error;

    fn try_from(address: &UnixAddress) -> io::Result<Self> {
        names::to_system(address)
    }
}

impl From<Vec<u8>> for UnixAddress {
    fn from(mut name: Vec<u8>) -> Self {
        match name.first() {
            None => Self::Unnamed,
            Some(0) => {
                name.remove(0);
                Self::Abstract(name)
            }
            Some(_) => Self::Path(names::os_string(name).into()),
        }
    }
}

impl From<&[u8]> for UnixAddress {
    fn from(name: &[u8]) -> Self {
        name.to_vec().into()
    }
}

impl From<OsString> for UnixAddress {
    fn from(name: OsString) -> Self {
        names::bytes(&name).into()
    }
}

impl From<PathBuf> for UnixAddress {
    fn from(path: PathBuf) -> Self {
        path.into_os_string().into()
    }
}

impl From<String> for UnixAddress {
    fn from(name: String) -> Self {
        name.into_bytes().into()
    }
}

/// The types whose bytes are the name.
macro_rules! from_reference {
    ($($reference:ty),*) => {
        $(impl From<&$reference> for UnixAddress {
            fn from(name: &$reference) -> Self {
                let name: &OsStr = name.as_ref();
                names::bytes(name).into()
            }
        })*
    };
}

from_reference!(str, String, OsStr, OsString, Path, PathBuf);

impl fmt::Display for UnixAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unnamed => f.write_str("a socket without a name"),
            Self::Path(path) => path.display().fmt(f),
            Self::Abstract(name) => write!(f, "@{}", name.escape_ascii()),
        }
    }
}

/// The address of a socket that transports know of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Address {
    Internet(SocketAddr),
    /// Boxed, so that a connection of the Internet's is no larger for it.
    Unix(Box<UnixAddress>),
}

impl Address {
    /// `None` if it is of a family that nobody here speaks.
    pub(crate) fn of(address: &SockAddr) -> Option<Self> {
        if let Some(address) = address.as_socket() {
            return Some(Self::Internet(address));
        }
        names::from_system(address).map(Self::from)
    }

    pub(crate) fn internet(&self) -> Option<SocketAddr> {
        match self {
            Self::Internet(address) => Some(*address),
            Self::Unix(_) => None,
        }
    }

    pub(crate) fn unix(self) -> Option<UnixAddress> {
        match self {
            Self::Unix(address) => Some(*address),
            Self::Internet(_) => None,
        }
    }
}

/// As the system wants it.
impl TryFrom<&Address> for SockAddr {
    type Error = io::Error;

    #[inline]
    fn try_from(address: &Address) -> io::Result<Self> {
        match address {
            Address::Internet(address) => Ok(Self::from(*address)),
            Address::Unix(address) => Self::try_from(&**address),
        }
    }
}

impl From<SocketAddr> for Address {
    fn from(address: SocketAddr) -> Self {
        Self::Internet(address)
    }
}

impl From<UnixAddress> for Address {
    fn from(address: UnixAddress) -> Self {
        Self::Unix(Box::new(address))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Internet(address) => address.fmt(f),
            Self::Unix(address) => address.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_comes_back_from_the_system_as_it_was() {
        let path = UnixAddress::from(Path::new("/tmp/a socket"));
        assert_eq!(Address::of(&SockAddr::try_from(&path).unwrap()), Some(path.into()));
        assert_eq!(Address::of(&SockAddr::try_from(&UnixAddress::Unnamed).unwrap()), Some(UnixAddress::Unnamed.into()));
        let internet: SocketAddr = "[::1]:80".parse().unwrap();
        assert_eq!(Address::of(&internet.into()), Some(internet.into()));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn an_abstract_name_may_have_any_bytes() {
        let name = UnixAddress::from(&b"\0a\0b\xff"[..]);
        assert_eq!(name, UnixAddress::Abstract(b"a\0b\xff".to_vec()));
        assert_eq!(Address::of(&SockAddr::try_from(&name).unwrap()), Some(name.clone().into()));
        assert_eq!(name.to_string(), "@a\\x00b\\xff");
    }

    #[test]
    fn a_name_that_no_socket_can_have_is_refused() {
        let kind = |name: &str| SockAddr::try_from(&UnixAddress::from(name)).map_err(|error| error.kind()).err();
        assert_eq!(kind(&"a".repeat(200)), Some(io::ErrorKind::InvalidInput));
        assert_eq!(kind("a\0b"), Some(io::ErrorKind::InvalidInput));
    }

    #[test]
    fn an_address_is_no_larger_than_that_of_the_internet() {
        assert_eq!(size_of::<Option<Address>>(), size_of::<SocketAddr>());
    }
}
