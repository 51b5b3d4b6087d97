//! The kinds of protocols that a stream connection can have, under one bound.
//!
//! A type has one kind, which follows from the trait that it implements. Two blanket implementations of one trait would
//! overlap; so each kind has a marker, and the marker is inferred where a protocol is handed over.

use std::fmt;
use std::rc::Rc;

use super::bound::Kind;
use super::buffered::Buffered;
use super::framed::Framed;
use super::streaming::Streaming;
use super::{Bound, BufferedProtocol, FramedProtocol, Protocol, ProtocolHandle};
use crate::transports::Endpoint;

/// A protocol of any kind, to be put on a stream connection.
///
/// What [`create_connection`](crate::EventLoop::create_connection), [`create_server`](crate::EventLoop::create_server)
/// and [`set_protocol`](crate::Transport::set_protocol) take. Every [`Protocol`],
/// [`BufferedProtocol`] and [`FramedProtocol`] is one; a type becomes one of them by
/// [`#[asyncio::protocol]`](macro@crate::protocol), and can be one of them only. `K` is the kind: it is always inferred.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a protocol",
    label = "put `#[asyncio::protocol]` on an `impl {Self}` block with its callbacks"
)]
pub trait IntoEndpoint<K>: Sized + 'static {
    /// The protocol as a transport wants it.
    #[doc(hidden)]
    fn bind(self) -> Binding<Self>;
}

/// A protocol behind its handle, and as an endpoint.
#[doc(hidden)]
#[expect(unnameable_types, reason = "only this crate makes use of it")]
pub struct Binding<P> {
    pub(crate) endpoint: Rc<dyn Endpoint>,
    pub(crate) handle: ProtocolHandle<P>,
}

impl<P> Binding<P> {
    /// Binds the protocol, whatever its kind is.
    pub(crate) fn of<K>(protocol: P) -> Self
    where
        P: IntoEndpoint<K>,
    {
        protocol.bind()
    }

    pub(crate) fn new<K: Kind>(bound: Rc<Bound<P, K>>) -> Self
    where
        Bound<P, K>: Endpoint,
        P: 'static,
    {
        Self { endpoint: bound.clone(), handle: ProtocolHandle::new(bound) }
    }
}

impl<P> fmt::Debug for Binding<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.handle.fmt(f)
    }
}

impl<P: Protocol> IntoEndpoint<Streaming> for P {
    fn bind(self) -> Binding<Self> {
        Binding::new(Bound::new(self, Streaming))
    }
}

impl<P: BufferedProtocol> IntoEndpoint<Buffered> for P {
    fn bind(self) -> Binding<Self> {
        Binding::new(Bound::new(self, Buffered))
    }
}

impl<P: FramedProtocol> IntoEndpoint<Framed> for P {
    fn bind(self) -> Binding<Self> {
        let framed = Framed::new(self.framing());
        Binding::new(Bound::new(self, framed))
    }
}
