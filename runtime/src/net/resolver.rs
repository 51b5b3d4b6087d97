//! `Resolver`: who knows the addresses of names. The system does, on a few threads of the loop's own, until somebody
//! else is put in its place.
//!
//! The system's resolver blocks, for many seconds where a name server does not answer. So these threads are not the
//! default executor's, which is waited for at the end: none of them can delay the end of the loop or the process.

use std::cell::RefCell;
use std::fmt;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;

use super::AddressFamily;
use crate::event_loop::{EventLoop, Inner, Slot, get_running_loop};
use crate::exceptions::{Error, Result};
use crate::executor::{ShutdownOptions, ThreadPoolExecutor};
use crate::sys;

/// More names than this at a time wait for their turn.
const THREADS: usize = 4;
/// A thread that has nothing to do for so long ends.
const IDLE: Duration = Duration::from_secs(5);

/// What is asked of a [`Resolver`]: the arguments of [`getaddrinfo`](EventLoop::getaddrinfo).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AddrInfoQuery {
    /// The name; empty for none.
    pub host: String,
    /// A port number or the name of a service.
    pub port: String,
    /// Only addresses of this family.
    pub family: Option<AddressFamily>,
    /// The system's number of a type of socket, such as `SOCK_STREAM`; zero is any.
    pub socket_type: i32,
    /// The system's number of a protocol, such as `IPPROTO_TCP`; zero is any.
    pub proto: i32,
    /// The system's flags, such as `AI_PASSIVE`.
    pub flags: i32,
}

/// One address of a host, and what socket leads there. Python: one of the tuples that `getaddrinfo()` returns.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AddrInfo {
    /// The system's number of the type of socket, such as `SOCK_STREAM`.
    pub socket_type: i32,
    /// The system's number of the protocol, such as `IPPROTO_TCP`.
    pub proto: i32,
    /// The host's main name, with the first address only and if `AI_CANONNAME` asked for it.
    pub canonname: Option<String>,
    /// Where it is.
    pub address: SocketAddr,
}

impl AddrInfo {
    /// An address for sockets of this type and protocol, without a main name.
    pub fn new(socket_type: i32, proto: i32, address: SocketAddr) -> Self {
        Self { socket_type, proto, canonname: None, address }
    }

    /// The family of the address.
    pub fn family(&self) -> AddressFamily {
        if self.address.is_ipv4() { AddressFamily::Ipv4 } else { AddressFamily::Ipv6 }
    }
}

/// What a [`Resolver`] answers with.
pub type ResolverFuture<T> = Pin<Box<dyn Future<Output = Result<T>>>>;

/// Knows the addresses of names, and the names of addresses.
///
/// One is given to a loop by [`set_resolver`](EventLoop::set_resolver), and from then on everything that the loop
/// resolves goes through it; a host that is an address already never does. The answers are futures on the loop, so a
/// resolver that speaks to name servers itself may use the loop's own sockets, and one that blocks uses
/// [`to_thread`](crate::to_thread()). What takes time shall begin when the method is called: several hosts are asked
/// for before the first answer is awaited. An `OsError` becomes a `ResolveError` that names the host.
///
/// [`StaticResolver`](crate::testing::StaticResolver) is one for tests. hickory-resolver cannot be run on a loop, for all its
/// sockets, timers and futures have to be `Send`, and those of a loop stay on its thread.
///
/// # Examples
///
/// Names under `.localhost` are this machine, as RFC 6761 wants it, and the system knows the others:
///
/// ```
/// use asyncio::{AddrInfo, AddrInfoQuery, Resolver, ResolverFuture, SystemResolver};
///
/// struct Localhost;
///
/// impl Resolver for Localhost {
///     fn getaddrinfo(&self, query: AddrInfoQuery) -> ResolverFuture<Vec<AddrInfo>> {
///         if !query.host.ends_with(".localhost") {
///             return SystemResolver.getaddrinfo(query);
///         }
///         Box::pin(async move {
///             let port = query.port.parse().map_err(asyncio::Error::other)?;
///             Ok(vec![AddrInfo::new(query.socket_type, query.proto, ([127, 0, 0, 1], port).into())])
///         })
///     }
/// }
///
/// # fn main() -> asyncio::Result<()> {
/// asyncio::run(async {
///     let event_loop = asyncio::get_running_loop()?;
///     event_loop.set_resolver(Localhost);
///     let found = event_loop.getaddrinfo("app.localhost", 80).await?;
///     assert_eq!(found[0].address.to_string(), "127.0.0.1:80");
///     Ok::<_, asyncio::Error>(())
/// })
/// # }
/// ```
pub trait Resolver {
    /// The addresses of a host, those to be tried first at the front.
    fn getaddrinfo(&self, query: AddrInfoQuery) -> ResolverFuture<Vec<AddrInfo>>;

    /// The names of an address and its port; the system's, unless this is written.
    fn getnameinfo(&self, address: SocketAddr, flags: i32) -> ResolverFuture<(String, String)> {
        SystemResolver.getnameinfo(address, flags)
    }
}

/// The system's resolver, on threads of the running loop's own: what a loop has until it is given another.
///
/// At most four names are resolved at a time, the others wait. No thread keeps the loop or the process from ending.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemResolver;

impl Resolver for SystemResolver {
    fn getaddrinfo(&self, query: AddrInfoQuery) -> ResolverFuture<Vec<AddrInfo>> {
        on_thread(move || query.ask())
    }

    fn getnameinfo(&self, address: SocketAddr, flags: i32) -> ResolverFuture<(String, String)> {
        on_thread(move || sys::getnameinfo(&address, flags))
    }
}

impl AddrInfoQuery {
    fn hints(&self) -> sys::Hints {
        let family = match self.family {
            None => 0,
            Some(AddressFamily::Ipv4) => sys::INET,
            Some(AddressFamily::Ipv6) => sys::INET6,
        };
        sys::Hints { family, socket_type: self.socket_type, proto: self.proto, flags: self.flags }
    }

    /// Asks the system, which blocks.
    fn ask(&self) -> io::Result<Vec<AddrInfo>> {
        sys::getaddrinfo(&self.host, &self.port, self.hints()).map(answer)
    }

    /// Reads numbers, which does not block.
    pub(super) fn read_numbers(&self) -> io::Result<Vec<AddrInfo>> {
        sys::getaddrinfo_numeric(&self.host, &self.port, self.hints()).map(answer)
    }
}

fn answer(found: Vec<sys::Found>) -> Vec<AddrInfo> {
    let one =
        |sys::Found { socket_type, proto, canonname, address }| AddrInfo { socket_type, proto, canonname, address };
    found.into_iter().map(one).collect()
}

/// Begins at once; the failure is a value, so that nobody is told of one that is not wanted any more.
fn on_thread<T: Send + 'static>(ask: impl FnOnce() -> io::Result<T> + Send + 'static) -> ResolverFuture<T> {
    let job = get_running_loop().and_then(|event_loop| {
        let names = event_loop.inner().slot::<Names>();
        event_loop.run_in_executor(Some(&names.pool), move || Ok::<_, Error>(ask()))
    });
    Box::pin(async move { Ok(job?.await??) })
}

/// What one loop has for names.
pub(super) struct Names {
    pool: ThreadPoolExecutor,
    resolver: RefCell<Rc<dyn Resolver>>,
}

impl Slot for Names {
    fn create(_inner: &Rc<Inner>) -> Rc<Self> {
        let pool = ThreadPoolExecutor::builder().max_workers(THREADS).thread_name_prefix("asyncio resolver");
        let pool = pool.keep_alive(IDLE).build().expect("these options are valid");
        Rc::new(Self { pool, resolver: RefCell::new(Rc::new(SystemResolver)) })
    }

    /// What waits for its turn is given up, and nothing waits for the threads.
    fn close(&self) {
        let options = ShutdownOptions::new().wait(false).cancel_futures(true);
        self.pool.shutdown_with(options).expect("only waiting can fail");
        let resolver = self.resolver.replace(Rc::new(SystemResolver));
        drop(resolver);
    }
}

impl Names {
    pub(super) fn resolver(&self) -> Rc<dyn Resolver> {
        self.resolver.borrow().clone()
    }
}

impl EventLoop {
    /// Puts a resolver in the place of the system's, for all that this loop resolves from now on.
    ///
    /// [`SystemResolver`] is how to have the system's back. The resolver is dropped when the loop is closed. Python
    /// has no counterpart: there one overrides `loop.getaddrinfo()`.
    ///
    /// # Examples
    ///
    /// ```
    /// use asyncio::testing::StaticResolver;
    ///
    /// # fn main() -> asyncio::Result<()> {
    /// asyncio::run(async {
    ///     let event_loop = asyncio::get_running_loop()?;
    ///     event_loop.set_resolver(StaticResolver::new().host("db.test", ["127.0.0.1"]));
    ///     let found = event_loop.getaddrinfo("db.test", 5432).await?;
    ///     assert_eq!(found[0].address.to_string(), "127.0.0.1:5432");
    ///     Ok::<_, asyncio::Error>(())
    /// })
    /// # }
    /// ```
    pub fn set_resolver(&self, resolver: impl Resolver + 'static) {
        let former = self.inner().slot::<Names>().resolver.replace(Rc::new(resolver));
        drop(former);
    }
}

impl fmt::Debug for dyn Resolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<a resolver>")
    }
}
