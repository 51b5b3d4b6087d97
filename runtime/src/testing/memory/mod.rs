//! Connections without sockets: a protocol, or two, on memory that behaves as a socket does.
//!
//! The transport is the one that sockets have, on another channel, so that what a protocol is told, and in which
//! order, is the same. What differs is under the test's control: in which pieces bytes come, and how many may be on
//! their way.

mod channel;
mod chunks;
mod peer;
mod wire;

pub use chunks::Chunks;
pub use peer::MemoryPeer;

use std::net::SocketAddr;
use std::panic::Location;

use crate::endpoints::{Secure, set_up};
use crate::event_loop::{EventLoop, get_running_loop};
use crate::exceptions::Result;
use crate::protocols::{Binding, IntoEndpoint, ProtocolHandle};
use crate::transports::Transport;
use channel::MemoryEnd;
use wire::Wire;

/// How many bytes are on their way at most, as between sockets.
const CAPACITY: usize = 64 << 10;

/// Connections in memory, for tests of protocols: no descriptor, no peer of the system's, no chance.
///
/// Callbacks come as they do from sockets. A peer that is closed refuses what is written to it, as that of a Unix
/// socket does; there is no reset, and no socket behind [`Transport::socket`].
///
/// # Examples
///
/// ```
/// use asyncio::Transport;
/// use asyncio::testing::{Chunks, MemoryTransports, until_idle};
///
/// /// Answers each line with its length.
/// #[derive(Default)]
/// struct Lengths {
///     line: usize,
/// }
///
/// #[asyncio::protocol]
/// impl Lengths {
///     fn data_received(&mut self, transport: &Transport, data: &[u8]) {
///         for byte in data {
///             self.line += 1;
///             if *byte == b'\n' {
///                 transport.write(format!("{}\n", self.line - 1).as_bytes());
///                 self.line = 0;
///             }
///         }
///     }
/// }
///
/// # fn main() -> asyncio::Result<()> {
/// asyncio::run(async {
///     for chunks in [Chunks::Whole, Chunks::Bytes, Chunks::Random(7)] {
///         let memory = MemoryTransports::new().chunks(chunks);
///         let (_transport, _protocol, peer) = memory.connect(Lengths::default()).await?;
///         peer.write(b"one\nthree\n");
///         until_idle().await;
///         assert_eq!(peer.take_received(), b"3\n5\n");
///     }
///     Ok::<_, asyncio::Error>(())
/// })
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "this only says how; connect() or pair() makes transports"]
pub struct MemoryTransports {
    chunks: Chunks,
    capacity: usize,
    peername: Option<SocketAddr>,
    site: &'static Location<'static>,
}

impl MemoryTransports {
    /// All that was written arrives at once, 64 KiB are on their way at most, and nobody has an address.
    #[track_caller]
    pub fn new() -> Self {
        Self { chunks: Chunks::Whole, capacity: CAPACITY, peername: None, site: Location::caller() }
    }

    /// In which pieces the bytes come, in both directions.
    pub fn chunks(mut self, chunks: Chunks) -> Self {
        self.chunks = chunks;
        self
    }

    /// How many bytes are on their way at most, in each direction; more wait in the transport, which pauses its
    /// protocol as usual. Zero counts as one.
    pub fn capacity(mut self, bytes: usize) -> Self {
        self.capacity = bytes.max(1);
        self
    }

    /// What protocols find as [`Transport::peername`]; nothing.
    pub fn peername(mut self, address: SocketAddr) -> Self {
        self.peername = Some(address);
        self
    }

    /// Connects a protocol to a peer that the test plays itself. When it returns, `connection_made` was called.
    ///
    /// # Errors
    ///
    /// `RuntimeError` if no loop runs.
    ///
    /// # Cancellation
    ///
    /// Closes the transport.
    pub async fn connect<P, K>(self, protocol: P) -> Result<(Transport, ProtocolHandle<P>, MemoryPeer)>
    where
        P: IntoEndpoint<K>,
    {
        let event_loop = get_running_loop()?;
        let (near, far) = Wire::pair(self.capacity, &self.chunks);
        let peer = MemoryPeer::new(far);
        let (transport, protocol) = self.transport(&event_loop, near, protocol).await?;
        Ok((transport, protocol, peer))
    }

    /// Connects two protocols to each other. When it returns, `connection_made` was called on both, the first one first.
    ///
    /// # Errors
    ///
    /// `RuntimeError` if no loop runs.
    ///
    /// # Cancellation
    ///
    /// Closes what was made.
    ///
    /// # Examples
    ///
    /// ```
    /// use asyncio::Transport;
    /// use asyncio::testing::{MemoryTransports, until_idle};
    ///
    /// struct Echo;
    ///
    /// #[asyncio::protocol]
    /// impl Echo {
    ///     fn data_received(&mut self, transport: &Transport, data: &[u8]) {
    ///         transport.write(data);
    ///     }
    /// }
    ///
    /// struct Client(Vec<u8>);
    ///
    /// #[asyncio::protocol]
    /// impl Client {
    ///     fn data_received(&mut self, data: &[u8]) {
    ///         self.0.extend_from_slice(data);
    ///     }
    /// }
    ///
    /// # fn main() -> asyncio::Result<()> {
    /// asyncio::run(async {
    ///     let (_server, client) = MemoryTransports::new().pair(Echo, Client(Vec::new())).await?;
    ///     let (transport, protocol) = client;
    ///     transport.write(b"hello");
    ///     until_idle().await;
    ///     assert_eq!(protocol.with(|client| client.0.clone()), b"hello");
    ///     Ok::<_, asyncio::Error>(())
    /// })
    /// # }
    /// ```
    pub async fn pair<P, K, Q, L>(
        self,
        first: P,
        second: Q,
    ) -> Result<((Transport, ProtocolHandle<P>), (Transport, ProtocolHandle<Q>))>
    where
        P: IntoEndpoint<K>,
        Q: IntoEndpoint<L>,
    {
        let event_loop = get_running_loop()?;
        let (near, far) = Wire::pair(self.capacity, &self.chunks);
        let first = self.transport(&event_loop, near, first).await?;
        let guard = Guard(Some(first.0.clone()));
        let second = self.transport(&event_loop, far, second).await?;
        guard.keep();
        Ok((first, second))
    }

    async fn transport<P, K>(
        &self,
        event_loop: &EventLoop,
        end: MemoryEnd,
        protocol: P,
    ) -> Result<(Transport, ProtocolHandle<P>)>
    where
        P: IntoEndpoint<K>,
    {
        let peer = self.peername.map(Into::into);
        set_up(event_loop, end, peer, Binding::of(protocol), &Secure::default(), self.site)?.await
    }
}

impl Default for MemoryTransports {
    #[track_caller]
    fn default() -> Self {
        Self::new()
    }
}

/// Closes the first of a pair if there will be no second.
struct Guard(Option<Transport>);

impl Guard {
    fn keep(mut self) {
        self.0 = None;
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(transport) = &self.0 {
            transport.close();
        }
    }
}
