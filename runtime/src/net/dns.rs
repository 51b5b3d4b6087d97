//! `getaddrinfo` and `getnameinfo`, and what they have in common with the methods that take a host.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use super::AddressFamily;
use super::resolver::{AddrInfo, AddrInfoQuery, Names, Resolver, ResolverFuture};
use crate::event_loop::{EventLoop, get_running_loop};
use crate::exceptions::{Error, ResolveError, Result};
use crate::sys;
use crate::timeouts::timeout;

/// Addresses to be looked up: options, and then `.await`. See [`EventLoop::getaddrinfo`].
#[derive(Debug)]
#[must_use = "nothing is resolved until this is awaited: write `.await`"]
pub struct GetAddrInfo {
    event_loop: EventLoop,
    query: AddrInfoQuery,
    limit: Option<Duration>,
}

/// The names of an address to be looked up: options, and then `.await`. See [`EventLoop::getnameinfo`].
#[derive(Debug)]
#[must_use = "nothing is resolved until this is awaited: write `.await`"]
pub struct GetNameInfo {
    event_loop: EventLoop,
    address: SocketAddr,
    flags: i32,
    limit: Option<Duration>,
}

impl EventLoop {
    /// Looks up the addresses of a host, off the loop. Python: `loop.getaddrinfo()`.
    ///
    /// `port` is a number or the name of a service, such as `"http"`. An empty host means this machine, or all
    /// interfaces with the flag `AI_PASSIVE`. A host and port that are numbers are read at once, without a thread and
    /// without the [`Resolver`]. Without [`timeout`](GetAddrInfo::timeout) it takes as long as the resolver does,
    /// which may be half a minute where no name server answers. In debug mode the start and the duration are logged,
    /// at level info if it was slow. Awaiting gives
    ///
    /// - `ResolveError` with the host and the reason if it has no such address, or the time is over;
    /// - `RuntimeError` on another loop than this.
    ///
    /// # Examples
    ///
    /// ```
    /// use asyncio::AddressFamily;
    ///
    /// # fn main() -> asyncio::Result<()> {
    /// asyncio::run(async {
    ///     let event_loop = asyncio::get_running_loop()?;
    ///     let found = event_loop
    ///         .getaddrinfo("localhost", 80)
    ///         .family(AddressFamily::Ipv4)
    ///         .socket_type(libc::SOCK_STREAM)
    ///         .await?;
    ///     assert_eq!(found[0].address.to_string(), "127.0.0.1:80");
    ///     Ok::<_, asyncio::Error>(())
    /// })
    /// # }
    /// ```
    pub fn getaddrinfo(&self, host: impl ToString, port: impl ToString) -> GetAddrInfo {
        let (host, port) = (host.to_string(), port.to_string());
        let query = AddrInfoQuery { host, port, family: None, socket_type: 0, proto: 0, flags: 0 };
        GetAddrInfo { event_loop: self.clone(), query, limit: None }
    }

    /// Looks up the names of an address and of its port, off the loop. Python: `loop.getnameinfo()`.
    ///
    /// An address without a name gives its number, unless the flag `NI_NAMEREQD` asks for a name. With `NI_NUMERICHOST`
    /// and `NI_NUMERICSERV` the numbers are given at once, without a thread and without the [`Resolver`]. Awaiting gives
    ///
    /// - `ResolveError` with the address and the reason if it cannot be resolved, or the time is over;
    /// - `RuntimeError` on another loop than this.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> asyncio::Result<()> {
    /// asyncio::run(async {
    ///     let event_loop = asyncio::get_running_loop()?;
    ///     let flags = libc::NI_NUMERICHOST | libc::NI_NUMERICSERV;
    ///     let names = event_loop.getnameinfo(([127, 0, 0, 1], 80)).flags(flags).await?;
    ///     assert_eq!(names, ("127.0.0.1".to_owned(), "80".to_owned()));
    ///     Ok::<_, asyncio::Error>(())
    /// })
    /// # }
    /// ```
    pub fn getnameinfo(&self, sockaddr: impl Into<SocketAddr>) -> GetNameInfo {
        GetNameInfo { event_loop: self.clone(), address: sockaddr.into(), flags: 0, limit: None }
    }
}

impl GetAddrInfo {
    /// Only addresses of this family.
    pub fn family(mut self, family: AddressFamily) -> Self {
        self.query.family = Some(family);
        self
    }

    /// Only for sockets of this type, in the system's number, such as `SOCK_STREAM`; else each address comes once for
    /// each type. Python: `type`.
    #[doc(alias = "type")]
    pub fn socket_type(mut self, socket_type: i32) -> Self {
        self.query.socket_type = socket_type;
        self
    }

    /// Only for this protocol, in the system's number, such as `IPPROTO_TCP`.
    pub fn proto(mut self, proto: i32) -> Self {
        self.query.proto = proto;
        self
    }

    /// The system's flags, such as `AI_CANONNAME`.
    pub fn flags(mut self, flags: i32) -> Self {
        self.query.flags = flags;
        self
    }

    /// Gives up after so long, with a `ResolveError` whose reason has the kind `TimedOut`.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.limit = Some(limit);
        self
    }
}

impl GetNameInfo {
    /// The system's flags, such as `NI_NAMEREQD`.
    pub fn flags(mut self, flags: i32) -> Self {
        self.flags = flags;
        self
    }

    /// Gives up after so long, with a `ResolveError` whose reason has the kind `TimedOut`.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.limit = Some(limit);
        self
    }
}

/// What awaiting [`GetAddrInfo`] or [`GetNameInfo`] awaits.
///
/// # Cancellation
///
/// A question that waits for a thread is never asked. One that the system's resolver is at goes on there, and nobody
/// hears of its answer.
#[must_use = "nothing is resolved until this is awaited: write `.await`"]
pub struct Resolving<T> {
    work: ResolverFuture<T>,
}

impl<T> Future for Resolving<T> {
    type Output = Result<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<T>> {
        self.work.as_mut().poll(cx)
    }
}

impl<T> fmt::Debug for Resolving<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resolving").finish_non_exhaustive()
    }
}

impl IntoFuture for GetAddrInfo {
    type Output = Result<Vec<AddrInfo>>;
    type IntoFuture = Resolving<Vec<AddrInfo>>;

    fn into_future(self) -> Self::IntoFuture {
        let Self { event_loop, query, limit } = self;
        let work = Box::pin(async move {
            check_running(&event_loop)?;
            if is_number(&query) {
                return query.read_numbers().map_err(|error| not_resolved(query.host, error));
            }
            ask(&event_loop, query).limited(limit).await
        });
        Resolving { work }
    }
}

impl IntoFuture for GetNameInfo {
    type Output = Result<(String, String)>;
    type IntoFuture = Resolving<(String, String)>;

    fn into_future(self) -> Self::IntoFuture {
        let Self { event_loop, address, flags, limit } = self;
        let work = Box::pin(async move {
            check_running(&event_loop)?;
            if sys::wants_numbers(flags) {
                return sys::getnameinfo(&address, flags).map_err(|error| not_resolved(address.to_string(), error));
            }
            let answer = resolver(&event_loop).getnameinfo(address, flags);
            Question::new(&event_loop, address.to_string(), answer).limited(limit).await
        });
        Resolving { work }
    }
}

/// Whether nobody has to be asked. An IPv6 address with a scope is the system's to understand.
fn is_number(query: &AddrInfoQuery) -> bool {
    (query.host.is_empty() || query.host.parse::<IpAddr>().is_ok()) && query.port.parse::<u16>().is_ok()
}

fn resolver(event_loop: &EventLoop) -> Rc<dyn Resolver> {
    event_loop.inner().slot::<Names>().resolver()
}

fn ask(event_loop: &EventLoop, query: AddrInfoQuery) -> Question<Vec<AddrInfo>> {
    let host = query.host.clone();
    Question::new(event_loop, host, resolver(event_loop).getaddrinfo(query))
}

/// Asks for the addresses to which a stream socket can go.
pub(super) fn look_up(
    event_loop: &EventLoop,
    host: &str,
    port: u16,
    family: Option<AddressFamily>,
    flags: i32,
) -> Question<Vec<AddrInfo>> {
    let (host, port) = (host.to_owned(), port.to_string());
    ask(event_loop, AddrInfoQuery { host, port, family, socket_type: sys::STREAM, proto: 0, flags })
}

/// Something that a resolver was asked.
pub(super) struct Question<T> {
    event_loop: EventLoop,
    subject: String,
    at: Duration,
    answer: ResolverFuture<T>,
}

impl<T: 'static> Question<T> {
    fn new(event_loop: &EventLoop, subject: String, answer: ResolverFuture<T>) -> Self {
        if event_loop.get_debug() {
            crate::log::record!(debug, "resolving the host {subject:?}");
        }
        Self { event_loop: event_loop.clone(), subject, at: event_loop.time(), answer }
    }

    /// The answer, or an error that names the subject.
    pub(super) async fn finish(self) -> Result<T> {
        self.limited(None).await
    }

    async fn limited(mut self, limit: Option<Duration>) -> Result<T> {
        let outcome = match limit {
            None => self.answer.as_mut().await,
            Some(limit) => match timeout(limit, async { Ok::<_, Error>(self.answer.as_mut().await) }).await {
                Ok(outcome) => outcome,
                Err(error) if error.is_timeout() => Err(out_of_time(limit)),
                Err(error) => Err(error),
            },
        };
        self.log();
        outcome.map_err(|error| match error {
            Error::OsError(_) => not_resolved(self.subject, error.into()),
            error => error,
        })
    }

    /// In debug mode, how long the answer took. A slow one is worth more attention.
    fn log(&self) {
        let Self { event_loop, subject, at, .. } = self;
        if !event_loop.get_debug() {
            return;
        }
        let took = event_loop.time().saturating_sub(*at);
        let (text, milliseconds) = ("resolving the host", took.as_secs_f64() * 1e3);
        if took >= event_loop.slow_callback_duration() {
            crate::log::record!(info, "{text} {subject:?} took {milliseconds:.3} ms");
        } else {
            crate::log::record!(debug, "{text} {subject:?} took {milliseconds:.3} ms");
        }
    }
}

fn out_of_time(limit: Duration) -> Error {
    io::Error::new(io::ErrorKind::TimedOut, format!("there was no answer within {limit:?}")).into()
}

fn not_resolved(host: String, reason: io::Error) -> Error {
    Error::ResolveError(Arc::new(ResolveError { host, reason: Arc::new(reason) }))
}

/// An error unless this very loop runs the caller.
pub(crate) fn check_running(event_loop: &EventLoop) -> Result<()> {
    if &get_running_loop()? == event_loop {
        return Ok(());
    }
    Err(Error::runtime_error("this is awaited on another event loop than it was made for; use get_running_loop()"))
}
