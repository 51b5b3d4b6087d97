//! Hosts, ports, families: what `create_server` and `create_connection` are given, as socket addresses.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::dns::{Question, look_up};
use super::resolver::AddrInfo;
use crate::event_loop::EventLoop;
use crate::exceptions::{Error, Result};
use crate::sys;

/// A family of addresses. Python: the `family` argument, `socket.AF_INET` and `socket.AF_INET6`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AddressFamily {
    /// `AF_INET`.
    Ipv4,
    /// `AF_INET6`.
    Ipv6,
}

impl AddressFamily {
    fn has(self, address: &SocketAddr) -> bool {
        match self {
            Self::Ipv4 => address.is_ipv4(),
            Self::Ipv6 => address.is_ipv6(),
        }
    }
}

/// Where a server listens: one host, several, or all interfaces. Python: the `host` argument of `create_server()`.
///
/// `None` and the empty string mean all interfaces, of both families. Made from whatever names hosts:
///
/// ```
/// use asyncio::Hosts;
///
/// let one: Hosts = "localhost".into();
/// let several: Hosts = ["127.0.0.1", "::1"].into();
/// let all: Hosts = None.into();
/// # let _ = (one, several, all);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hosts {
    names: Vec<String>,
}

impl Hosts {
    fn of(names: impl IntoIterator<Item: AsRef<str>>) -> Self {
        Self { names: names.into_iter().map(|name| name.as_ref().to_owned()).collect() }
    }
}

impl From<Option<&str>> for Hosts {
    fn from(name: Option<&str>) -> Self {
        Self::of([name.unwrap_or_default()])
    }
}

impl From<&str> for Hosts {
    fn from(name: &str) -> Self {
        Self::of([name])
    }
}

impl From<String> for Hosts {
    fn from(name: String) -> Self {
        Self { names: vec![name] }
    }
}

impl From<&String> for Hosts {
    fn from(name: &String) -> Self {
        Self::of([name])
    }
}

impl From<IpAddr> for Hosts {
    fn from(address: IpAddr) -> Self {
        address.to_string().into()
    }
}

impl From<Ipv4Addr> for Hosts {
    fn from(address: Ipv4Addr) -> Self {
        address.to_string().into()
    }
}

impl From<Ipv6Addr> for Hosts {
    fn from(address: Ipv6Addr) -> Self {
        address.to_string().into()
    }
}

impl<T: AsRef<str>, const N: usize> From<[T; N]> for Hosts {
    fn from(names: [T; N]) -> Self {
        Self::of(names)
    }
}

impl<T: AsRef<str>> From<&[T]> for Hosts {
    fn from(names: &[T]) -> Self {
        Self::of(names)
    }
}

impl<T: AsRef<str>> From<Vec<T>> for Hosts {
    fn from(names: Vec<T>) -> Self {
        Self::of(names)
    }
}

impl fmt::Display for Hosts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.names.join(", "))
    }
}

/// What the addresses are for: the system's flags for `getaddrinfo`, which decide what no name at all means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Target(i32);

impl Target {
    /// No name means all interfaces.
    pub(crate) const LISTEN: Self = Self(sys::PASSIVE);
    /// No name means this machine.
    pub(crate) const CONNECT: Self = Self(0);

    /// As a program chooses them.
    pub(crate) fn flags(flags: i32) -> Self {
        Self(flags)
    }

    /// The same, but no name means all interfaces.
    pub(crate) fn to_listen(self) -> Self {
        Self(self.0 | sys::PASSIVE)
    }

    fn without_name(self) -> [IpAddr; 2] {
        if self.0 & sys::PASSIVE != 0 {
            [Ipv4Addr::UNSPECIFIED.into(), Ipv6Addr::UNSPECIFIED.into()]
        } else {
            [Ipv6Addr::LOCALHOST.into(), Ipv4Addr::LOCALHOST.into()]
        }
    }
}

/// The address of a host that is a number, unless it is of another family than the one asked for.
pub(crate) fn number(name: &str, port: u16, family: Option<AddressFamily>) -> Option<SocketAddr> {
    let address = SocketAddr::new(name.parse().ok()?, port);
    family.is_none_or(|family| family.has(&address)).then_some(address)
}

/// The addresses of one host, in the order of the system's preference.
///
/// Numeric ones are taken as they are; an IPv6 address with a scope is the system's to understand.
fn begin(event_loop: &EventLoop, name: &str, port: u16, family: Option<AddressFamily>, target: Target) -> Lookup {
    if name.is_empty() {
        return Lookup::Known(target.without_name().map(|address| SocketAddr::new(address, port)).into());
    }
    match name.parse::<IpAddr>() {
        Ok(address) => Lookup::Known(vec![SocketAddr::new(address, port)]),
        Err(_) => Lookup::Asked(look_up(event_loop, name, port, family, target.0)),
    }
}

/// Addresses that are known, or will be.
enum Lookup {
    Known(Vec<SocketAddr>),
    Asked(Question<Vec<AddrInfo>>),
}

impl Lookup {
    async fn finish(self) -> Result<Vec<SocketAddr>> {
        match self {
            Self::Known(addresses) => Ok(addresses),
            // Boxed, because most hosts are known and need no memory for it.
            Self::Asked(question) => {
                let found = Box::pin(question.finish()).await?;
                Ok(found.into_iter().map(|info| info.address).collect())
            }
        }
    }
}

/// The addresses of one host, never none.
pub(crate) async fn resolve_one(
    event_loop: &EventLoop,
    name: &str,
    port: u16,
    family: Option<AddressFamily>,
    target: Target,
) -> Result<Vec<SocketAddr>> {
    of_family(begin(event_loop, name, port, family, target).finish().await?, family, name)
}

/// Those addresses of a host that are of the family asked for; none is an error.
fn of_family(mut addresses: Vec<SocketAddr>, family: Option<AddressFamily>, name: &str) -> Result<Vec<SocketAddr>> {
    addresses.retain(|address| family.is_none_or(|family| family.has(address)));
    if addresses.is_empty() {
        let text = if family.is_some() {
            "the host has no address of the family asked for"
        } else {
            "the host has no address"
        };
        return Err(Error::os_error_at(io::Error::new(io::ErrorKind::AddrNotAvailable, text), name));
    }
    Ok(addresses)
}

/// The addresses of several hosts, looked up at the same time, each address once. No host may be without one.
pub(crate) async fn resolve_all(
    event_loop: &EventLoop,
    hosts: &Hosts,
    port: u16,
    family: Option<AddressFamily>,
    target: Target,
) -> Result<Vec<SocketAddr>> {
    let lookups: Vec<Lookup> = hosts.names.iter().map(|name| begin(event_loop, name, port, family, target)).collect();
    let mut addresses: Vec<SocketAddr> = Vec::new();
    for (name, lookup) in hosts.names.iter().zip(lookups) {
        for address in of_family(lookup.finish().await?, family, name)? {
            if !addresses.contains(&address) {
                addresses.push(address);
            }
        }
    }
    Ok(addresses)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(hosts: impl Into<Hosts>, family: Option<AddressFamily>, target: Target) -> Vec<String> {
        let event_loop = EventLoop::new().unwrap();
        let hosts = hosts.into();
        let running = event_loop.clone();
        let found = event_loop
            .run_until_complete(async move { resolve_all(&running, &hosts, 80, family, target).await })
            .unwrap();
        event_loop.close().unwrap();
        found.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn no_name_means_all_interfaces_to_a_server_and_this_machine_to_a_client() {
        assert_eq!(addresses(None, None, Target::LISTEN), ["0.0.0.0:80", "[::]:80"]);
        assert_eq!(addresses("", None, Target::LISTEN), ["0.0.0.0:80", "[::]:80"]);
        assert_eq!(addresses("", None, Target::CONNECT), ["[::1]:80", "127.0.0.1:80"]);
    }

    #[test]
    fn several_hosts_give_each_address_once() {
        let hosts = ["127.0.0.1", "::1", "127.0.0.1"];
        assert_eq!(addresses(hosts, None, Target::LISTEN), ["127.0.0.1:80", "[::1]:80"]);
        assert_eq!(addresses("", Some(AddressFamily::Ipv6), Target::LISTEN), ["[::]:80"]);
        assert_eq!(addresses(Vec::<String>::new(), None, Target::LISTEN), Vec::<String>::new());
    }

    #[test]
    fn hosts_are_made_from_whatever_names_them() {
        assert_eq!(Hosts::from(Ipv4Addr::LOCALHOST), Hosts::from("127.0.0.1"));
        assert_eq!(Hosts::from(IpAddr::from(Ipv6Addr::LOCALHOST)), Hosts::from(String::from("::1")));
        assert_eq!(Hosts::from(&["a", "b"][..]), Hosts::from(vec!["a".to_owned(), "b".to_owned()]));
        assert_eq!(Hosts::from(["a", "b"]).to_string(), "a, b");
    }
}
