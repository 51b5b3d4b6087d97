//! `StaticResolver`: names without a name server.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use crate::exceptions::Error;
use crate::net::{AddrInfo, AddrInfoQuery, Resolver, ResolverFuture};
use crate::wait::sleep;

/// A [`Resolver`] that knows the hosts it was told, and no others: for tests, which so need neither a network nor a
/// thread, and can have slow and failing name servers on a [`VirtualClock`](super::VirtualClock).
///
/// # Examples
///
/// ```
/// use asyncio::testing::StaticResolver;
///
/// # fn main() -> asyncio::Result<()> {
/// asyncio::run(async {
///     let event_loop = asyncio::get_running_loop()?;
///     let resolver = StaticResolver::new().host("db.test", ["::1", "127.0.0.1"]).fails("gone.test", "it has moved");
///     event_loop.set_resolver(resolver);
///     assert_eq!(event_loop.getaddrinfo("db.test", 80).await?.len(), 2);
///     let error = event_loop.getaddrinfo("gone.test", 80).await.unwrap_err();
///     assert!(error.to_string().ends_with("it has moved"));
///     Ok::<_, asyncio::Error>(())
/// })
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct StaticResolver {
    hosts: HashMap<String, Result<Vec<IpAddr>, String>>,
    delay: Duration,
}

impl StaticResolver {
    /// One that knows no host.
    pub fn new() -> Self {
        Self::default()
    }

    /// A host with these addresses, in this order.
    ///
    /// # Panics
    ///
    /// If one of them is no address.
    pub fn host<A: AsRef<str>>(mut self, name: impl Into<String>, addresses: impl IntoIterator<Item = A>) -> Self {
        let parse = |text: A| {
            let text = text.as_ref();
            text.parse().unwrap_or_else(|_| panic!("a host's addresses are numbers, not {text:?}"))
        };
        self.hosts.insert(name.into(), Ok(addresses.into_iter().map(parse).collect()));
        self
    }

    /// A host that cannot be resolved, for this reason.
    pub fn fails(mut self, name: impl Into<String>, reason: impl Into<String>) -> Self {
        self.hosts.insert(name.into(), Err(reason.into()));
        self
    }

    /// How long each answer takes, in the loop's time.
    pub fn delay(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    fn addresses(&self, query: &AddrInfoQuery) -> io::Result<Vec<AddrInfo>> {
        let port = query.port.parse::<u16>();
        let port = port.map_err(|_| not_found(format!("this resolver knows no service {:?}", query.port)))?;
        let addresses = match self.hosts.get(&query.host) {
            None => return Err(not_found("this resolver was not told of it".to_owned())),
            Some(Err(reason)) => return Err(io::Error::other(reason.clone())),
            Some(Ok(addresses)) => addresses,
        };
        let info = |address: &IpAddr| AddrInfo::new(query.socket_type, query.proto, SocketAddr::new(*address, port));
        let wanted = |info: &AddrInfo| query.family.is_none_or(|family| family == info.family());
        Ok(addresses.iter().map(info).filter(wanted).collect())
    }

    fn name(&self, address: SocketAddr) -> String {
        let has = |addresses: &Result<Vec<IpAddr>, String>| {
            addresses.as_ref().is_ok_and(|addresses| addresses.contains(&address.ip()))
        };
        let names = self.hosts.iter().filter(|(_, addresses)| has(addresses)).map(|(name, _)| name);
        names.min().cloned().unwrap_or_else(|| address.ip().to_string())
    }

    fn answer<T: 'static>(&self, answer: io::Result<T>) -> ResolverFuture<T> {
        let delay = (self.delay > Duration::ZERO).then(|| sleep(self.delay));
        Box::pin(async move {
            if let Some(delay) = delay {
                delay.await;
            }
            answer.map_err(Error::from)
        })
    }
}

fn not_found(text: String) -> io::Error {
    io::Error::new(io::ErrorKind::NotFound, text)
}

impl Resolver for StaticResolver {
    fn getaddrinfo(&self, query: AddrInfoQuery) -> ResolverFuture<Vec<AddrInfo>> {
        self.answer(self.addresses(&query))
    }

    /// The first of its names in the alphabet, else the number; the port is a number.
    fn getnameinfo(&self, address: SocketAddr, _flags: i32) -> ResolverFuture<(String, String)> {
        self.answer(Ok((self.name(address), address.port().to_string())))
    }
}
