//! `Layer`: one TLS connection between its two neighbours. What they ask of it stands in the files beside.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::rc::{Rc, Weak};
use std::time::Duration;

use rustls::pki_types::ServerName;

use super::kept::Kept;
use super::memory::Memory;
use super::session::{Output, Session};
use super::spool::Spool;
use super::state::State;
use crate::constants::{SSL_HANDSHAKE_TIMEOUT, SSL_SHUTDOWN_TIMEOUT};
use crate::context::{self, Context};
use crate::event_loop::Inner;
use crate::exceptions::{Error, Result, SslError, SslReason};
use crate::future::Future;
use crate::handle::TimerHandle;
use crate::ssl::{Side, SslContext, explain};
use crate::sys::Address;
use crate::transports::{Endpoint, Entered, Transport, checked};

/// What can be asked of a TLS connection beside its context.
#[derive(Clone, Debug, Default)]
pub(crate) struct Options {
    pub(crate) server_hostname: Option<String>,
    pub(crate) handshake_timeout: Option<Duration>,
    pub(crate) shutdown_timeout: Option<Duration>,
}

impl Options {
    /// Refuses time limits that have passed before they begin.
    pub(crate) fn check(&self, caller: &str) -> Result<()> {
        let limits =
            [("ssl_handshake_timeout", self.handshake_timeout), ("ssl_shutdown_timeout", self.shutdown_timeout)];
        match limits.iter().find(|(_, limit)| *limit == Some(Duration::ZERO)) {
            Some((name, _)) => Err(Error::value_error(format!("{caller}: {name}() must be more than zero"))),
            None => Ok(()),
        }
    }
}

/// Refuses a context that is for the other side.
pub(crate) fn check_side(caller: &str, context: &SslContext, server: bool) -> Result<()> {
    match (server, context.is_server()) {
        (true, false) => Err(Error::value_error(format!(
            "{caller}: this context is for clients; make one for servers with purpose(Purpose::ClientAuth)"
        ))),
        (false, true) => Err(Error::value_error(format!(
            "{caller}: this context is for servers; make one for clients, without purpose(Purpose::ClientAuth)"
        ))),
        _ => Ok(()),
    }
}

/// One TLS connection.
pub(crate) struct Layer {
    pub(super) this: Weak<Self>,
    pub(super) inner: Rc<Inner>,
    pub(super) memory: Rc<Memory>,
    pub(super) context: SslContext,
    pub(super) hostname: Option<Box<str>>,
    pub(super) handshake_timeout: Duration,
    pub(super) shutdown_timeout: Duration,
    /// Set when it is connected, and never unset: addresses can be asked for to the last.
    pub(super) below: RefCell<Option<Transport>>,
    /// `None` once the connection is lost.
    pub(super) above: RefCell<Option<Rc<dyn Endpoint>>>,
    pub(super) session: RefCell<Session>,
    pub(super) state: Cell<State>,
    /// What the protocol has not got yet, because it paused or is held.
    pub(super) kept: RefCell<Option<Box<Kept>>>,
    /// Told when the handshake is done, or why it is not.
    pub(super) waiter: RefCell<Option<Future<()>>>,
    /// Of the handshake, later of the end.
    pub(super) timer: RefCell<Option<TimerHandle>>,
    /// Why it ends, if not by the transport below.
    pub(super) error: RefCell<Option<Error>>,
    /// In which the callbacks run that do not come from below; taken out while they do.
    callbacks: Cell<Option<Context>>,
}

impl Layer {
    /// A layer for the protocol `above`; it begins when it is connected. `made`: the protocol is connected already.
    pub(crate) fn new(
        inner: &Rc<Inner>,
        above: Rc<dyn Endpoint>,
        context: &SslContext,
        options: &Options,
        made: bool,
    ) -> Result<Rc<Self>> {
        let session = match context.side() {
            Side::Server(config) => Session::server(config),
            Side::Client(config) => Session::client(config, server_name(options.server_hostname.as_deref())?),
        };
        let session = session.map_err(|error| explain(&error))?;
        let above = if made { above } else { checked(inner, above) };
        Ok(Rc::new_cyclic(|this| Self {
            this: this.clone(),
            inner: inner.clone(),
            memory: Memory::of(inner),
            context: context.clone(),
            hostname: options.server_hostname.as_deref().filter(|_| !context.is_server()).map(Box::from),
            handshake_timeout: options.handshake_timeout.unwrap_or(SSL_HANDSHAKE_TIMEOUT),
            shutdown_timeout: options.shutdown_timeout.unwrap_or(SSL_SHUTDOWN_TIMEOUT),
            below: RefCell::new(None),
            above: RefCell::new(Some(above)),
            session: RefCell::new(session),
            state: Cell::new(State::new(made)),
            kept: RefCell::new(None),
            waiter: RefCell::new(None),
            timer: RefCell::new(None),
            error: RefCell::new(None),
            callbacks: Cell::new(context::snapshot()),
        }))
    }

    /// The future is told when the handshake is done, or why it is not.
    pub(crate) fn set_waiter(&self, waiter: Future<()>) {
        *self.waiter.borrow_mut() = Some(waiter);
        self.change(|state| state.set_awaited());
    }

    /// What the protocol above writes to.
    pub(crate) fn transport(self: &Rc<Self>) -> Transport {
        Transport::new(self.clone())
    }

    pub(super) fn this_transport(&self) -> Option<Transport> {
        self.this.upgrade().map(|this| this.transport())
    }

    pub(super) fn below(&self) -> Option<Transport> {
        self.below.borrow().clone()
    }

    pub(super) fn peer(&self) -> Option<Address> {
        self.below.borrow().as_ref()?.io().peername()
    }

    pub(super) fn change<R>(&self, transition: impl FnOnce(&mut State) -> R) -> R {
        let mut state = self.state.get();
        let result = transition(&mut state);
        self.state.set(state);
        result
    }

    /// Calls the protocol above, if there is one still, and then tells it about flow control what came up while it ran.
    pub(super) fn call<R: Default>(&self, callback: impl FnOnce(&dyn Endpoint, &Transport) -> Result<R>) -> Result<R> {
        let result = self.call_only(callback);
        if self.state.get().has_signal() {
            self.settle();
        }
        result
    }

    pub(super) fn call_only<R: Default>(
        &self,
        callback: impl FnOnce(&dyn Endpoint, &Transport) -> Result<R>,
    ) -> Result<R> {
        // Cloned: the callback may replace its own protocol.
        let above = self.above.borrow().clone();
        let (Some(above), Some(transport)) = (above, self.this_transport()) else { return Ok(R::default()) };
        let outer = self.change(|state| state.set_running(true));
        let result = callback(&*above, &transport);
        self.change(|state| state.set_running(outer));
        result
    }

    /// Runs `f` in the next tick, in the context of the connection.
    pub(super) fn soon(&self, f: impl FnOnce(&Self) + 'static) {
        if let Some(this) = self.this.upgrade() {
            self.inner.call_soon_internal(move || {
                let _entered = Entered::new(&this.callbacks);
                f(&this);
            });
        }
    }

    /// Lets the session do something, and sends what it has for the peer.
    pub(super) fn with_session(
        &self,
        plain: &mut Spool,
        work: impl FnOnce(&mut Session, &mut Output<'_>) -> std::result::Result<(), rustls::Error>,
    ) -> std::result::Result<(), rustls::Error> {
        let mut wire = self.memory.lend();
        let result = work(&mut self.session.borrow_mut(), &mut Output { plain, wire: &mut wire });
        if !wire.is_empty() {
            if let Some(below) = self.below() {
                if self.state.get().is_sending_file() {
                    below.io().send_file_piece(wire.as_slice());
                } else {
                    below.write(wire.as_slice());
                }
            }
        }
        result
    }
}

/// The name that a server must prove. There is no connection without one: "" would check nothing.
fn server_name(hostname: Option<&str>) -> Result<ServerName<'static>> {
    let hostname = hostname.unwrap_or_default();
    if hostname.is_empty() {
        return Err(Error::value_error(
            "the server_hostname is missing: a client must say whose certificate it expects; to accept any name, make \
             the context with danger_accept_any_hostname()",
        ));
    }
    // A scope is of this machine's concern, not of the certificate's.
    let name = hostname.split('%').next().unwrap_or(hostname).trim_end_matches('.');
    ServerName::try_from(name.to_owned()).map_err(|_| {
        let text = format!("the server_hostname {hostname:?} is neither a host's name nor an address");
        SslError::new(SslReason::Configuration, text).into()
    })
}

impl fmt::Debug for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state.get();
        let phase = if state.is_closing() {
            "closing"
        } else if state.is_open() {
            "open"
        } else {
            "in its handshake"
        };
        match &*self.below.borrow() {
            Some(below) => write!(f, "<TLS {phase} over {below:?}>"),
            None => write!(f, "<TLS {phase}>"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event_loop::get_running_loop;
    use crate::protocols::Binding;

    struct Nothing;

    impl asyncio::Protocol for Nothing {}

    #[test]
    fn in_debug_mode_the_order_of_what_is_told_above_tls_is_watched_too() {
        asyncio::run(async {
            let event_loop = get_running_loop()?;
            let context = crate::ssl::create_default_context().danger_accept_any_certificate().build()?;
            let options = Options { server_hostname: Some("localhost".to_owned()), ..Options::default() };
            for debug in [false, true] {
                event_loop.set_debug(debug);
                let above = Binding::of(Nothing).endpoint;
                let layer = Layer::new(event_loop.inner(), above, &context, &options, false)?;
                let is_watched = || layer.above.borrow().as_ref().is_some_and(|above| above.order().is_some());
                assert_eq!(is_watched(), debug);
                layer.transport().set_protocol(Nothing);
                assert_eq!(is_watched(), debug, "across set_protocol too");
            }
            Ok::<_, Error>(())
        })
        .unwrap();
    }
}
