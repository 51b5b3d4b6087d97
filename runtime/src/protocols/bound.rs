//! A protocol bound to its connection, and the handle by which others reach it.

use std::any::{Any, type_name};
use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;

use super::framing::Framing;
use super::kinds::{Binding, IntoEndpoint};
use crate::event_loop::ExceptionContext;
use crate::exceptions::{Error, Result, catch};
use crate::transports::{AnyProtocol, Transport};

/// A protocol of the kind `K` as the endpoint of a transport.
pub(crate) struct Bound<P, K: ?Sized> {
    protocol: RefCell<P>,
    /// What the kind itself has to keep.
    pub(crate) kind: K,
}

impl<P, K> Bound<P, K> {
    pub(crate) fn new(protocol: P, kind: K) -> Rc<Self> {
        Rc::new(Self { protocol: RefCell::new(protocol), kind })
    }

    /// Calls one callback. Its panic is the counterpart of an exception.
    #[inline]
    pub(crate) fn call<R>(&self, callback: impl FnOnce(&mut P) -> Result<R>) -> Result<R> {
        let Ok(mut protocol) = self.protocol.try_borrow_mut() else { return Err(in_use::<P>()) };
        match catch(|| callback(&mut protocol)) {
            Ok(result) => result,
            Err(panic) => Err(panic.into()),
        }
    }
}

#[cold]
pub(super) fn in_use<P>() -> Error {
    Error::runtime_error(format!(
        "the protocol {} is in use: the event loop must not run inside of ProtocolHandle::with()",
        type_name::<P>()
    ))
}

/// What a kind of protocols keeps for each connection.
pub(crate) trait Kind: 'static {
    /// How frames are told apart, if it has them.
    fn framing(&self) -> Option<Framing> {
        None
    }
}

impl<P: 'static, K: Kind> AnyProtocol for Bound<P, K> {
    fn is_busy(&self) -> bool {
        self.protocol.try_borrow_mut().is_err()
    }

    fn report(self: Rc<Self>, context: ExceptionContext) -> ExceptionContext {
        context.with("protocol", ProtocolHandle { bound: self })
    }

    fn hand_out(self: Rc<Self>, slot: &mut dyn Any) {
        if let Some(slot) = slot.downcast_mut::<Option<ProtocolHandle<P>>>() {
            *slot = Some(ProtocolHandle { bound: self });
        } else if let Some(slot) = slot.downcast_mut::<Option<Framing>>() {
            *slot = self.kind.framing();
        }
    }
}

/// Reaches the protocol of a connection from outside of its callbacks.
///
/// A clonable handle that stays on the loop's thread. It is what Python's programs hold after
/// `transport, protocol = await loop.create_connection(…)`.
///
/// # Examples
///
/// ```
/// # fn main() -> asyncio::Result<()> {
/// struct Counter(usize);
///
/// #[asyncio::protocol]
/// impl Counter {
///     fn data_received(&mut self, data: &[u8]) {
///         self.0 += data.len();
///     }
/// }
///
/// asyncio::run(async {
///     let event_loop = asyncio::get_running_loop()?;
///     let server = event_loop.create_server(|| Counter(0), "127.0.0.1", 0).await?;
///     let port = server.sockets()[0].getsockname()?.port();
///     let (transport, protocol) = event_loop.create_connection(|| Counter(0), "127.0.0.1", port).await?;
///     assert_eq!(protocol.with(|counter| counter.0), 0);
///     transport.close();
///     server.close();
///     Ok::<_, asyncio::Error>(())
/// })
/// # }
/// ```
pub struct ProtocolHandle<P> {
    bound: Rc<Bound<P, dyn Any>>,
}

impl<P> ProtocolHandle<P> {
    pub(crate) fn new<K: 'static>(bound: Rc<Bound<P, K>>) -> Self {
        Self { bound }
    }

    /// The handle of this protocol, if its type is `P`.
    pub(super) fn of(endpoint: Rc<impl AnyProtocol + ?Sized>) -> Option<Self>
    where
        P: 'static,
    {
        let mut handle: Option<Self> = None;
        endpoint.hand_out(&mut handle);
        handle
    }

    pub(super) fn cell(&self) -> &RefCell<P> {
        &self.bound.protocol
    }

    /// Calls `f` with the protocol.
    ///
    /// Callbacks that fall due meanwhile, which `pause_writing` can, are called in the next tick.
    ///
    /// # Panics
    ///
    /// If the protocol is running: inside of its own callbacks `self` is the way. An `async fn` handler is running from
    /// its first step to its end.
    pub fn with<R>(&self, f: impl FnOnce(&mut P) -> R) -> R {
        match self.try_with(f) {
            Some(result) => result,
            None => panic!("the protocol {} is running; inside of its own callbacks use self", type_name::<P>()),
        }
    }

    /// As [`with`](Self::with); `None` if the protocol is running.
    pub fn try_with<R>(&self, f: impl FnOnce(&mut P) -> R) -> Option<R> {
        let mut protocol = self.bound.protocol.try_borrow_mut().ok()?;
        Some(f(&mut protocol))
    }
}

impl<P> Clone for ProtocolHandle<P> {
    fn clone(&self) -> Self {
        Self { bound: self.bound.clone() }
    }
}

impl<P> PartialEq for ProtocolHandle<P> {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.bound, &other.bound)
    }
}

impl<P> Eq for ProtocolHandle<P> {}

impl<P> fmt::Debug for ProtocolHandle<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<Protocol {}>", type_name::<P>())
    }
}

impl Transport {
    /// Hands the connection to another protocol, whose callbacks are called from now on. Python:
    /// `BaseTransport.set_protocol()`.
    ///
    /// The new one may be of another kind. It may be called from inside a callback of the present protocol, which still
    /// runs to its end. `connection_made` is not called again.
    pub fn set_protocol<K>(&self, protocol: impl IntoEndpoint<K>) {
        self.set_endpoint(Binding::of(protocol).endpoint);
    }

    /// The protocol, if it is a `P`. `None` too once the connection is lost. Python: `BaseTransport.get_protocol()`.
    pub fn get_protocol<P: 'static>(&self) -> Option<ProtocolHandle<P>> {
        ProtocolHandle::of(self.endpoint()?)
    }
}
