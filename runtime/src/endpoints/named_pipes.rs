//! `create_pipe_connection`, `start_serving_pipe`: named pipes between programs, on Windows.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::io;
use std::panic::Location;
use std::path::{Path, PathBuf};
use std::rc::{Rc, Weak};
use std::time::Duration;

use super::creating::{Creating, check_running};
use super::secure::Secure;
use super::server::Factory;
use super::set_up::set_up;
use crate::context::{self, Context, Entered};
use crate::event_loop::{EventLoop, ExceptionContext, Source, SourceKey};
use crate::exceptions::{Error, Result, catch};
use crate::protocols::{Binding, IntoEndpoint, ProtocolHandle};
use crate::sys::{Interest, Pipe, PipeInstance, Readiness, connect_named_pipe};
use crate::transports::{Live, LiveKey, Network, Stream, Transport};
use crate::wait::sleep;

/// How long to wait for a server all of whose instances are taken, at first and at most.
const RETRY: (Duration, Duration) = (Duration::from_millis(1), Duration::from_millis(100));

impl EventLoop {
    /// Connects to a named pipe such as `\\.\pipe\name`. Python: `ProactorEventLoop.create_pipe_connection()`.
    ///
    /// While all instances of its server are taken it tries again. On Windows only, where it was type-checked and never
    /// run so far; elsewhere awaiting it gives `NotImplementedError`, and
    /// [`create_unix_connection`](Self::create_unix_connection) does what is wanted.
    #[track_caller]
    pub fn create_pipe_connection<F, P, K>(
        &self,
        factory: F,
        address: impl AsRef<Path>,
    ) -> Creating<(Transport, ProtocolHandle<P>)>
    where
        F: FnOnce() -> P + 'static,
        P: IntoEndpoint<K>,
    {
        let (site, event_loop, address) = (Location::caller(), self.clone(), address.as_ref().to_owned());
        Creating::new(async move {
            check_running(&event_loop)?;
            let pipe = connect(&address).await?;
            set_up(&event_loop, pipe, None, Binding::of(factory()), &Secure::default(), site)?.await
        })
    }

    /// Makes a server on a named pipe; each connection gets a protocol from `factory`. Python:
    /// `ProactorEventLoop.start_serving_pipe()`, which gives a list of one server.
    ///
    /// On Windows only, as [`create_pipe_connection`](Self::create_pipe_connection).
    #[track_caller]
    pub fn start_serving_pipe<F, P, K>(&self, mut factory: F, address: impl AsRef<Path>) -> Creating<PipeServer>
    where
        F: FnMut() -> P + 'static,
        P: IntoEndpoint<K>,
    {
        let (site, event_loop, name) = (Location::caller(), self.clone(), address.as_ref().to_owned());
        let factory: Factory = Box::new(move || Ok(Binding::of(factory()).endpoint));
        Creating::new(async move {
            check_running(&event_loop)?;
            PipeServer::start(&event_loop, name, factory, site)
        })
    }
}

async fn connect(address: &Path) -> Result<Pipe> {
    let (mut delay, longest) = RETRY;
    loop {
        match connect_named_pipe(address.as_os_str()).map_err(|error| Error::os_error_at(error, address.display()))? {
            Some(pipe) => return Ok(pipe),
            // Nothing reports when one is free.
            None => sleep(delay).await,
        }
        delay = longest.min(delay * 2);
    }
}

/// A server on a named pipe. Python: `windows_events.PipeServer`.
///
/// Made by [`EventLoop::start_serving_pipe`]. A clonable handle; it serves until [`close`](Self::close).
#[derive(Clone)]
pub struct PipeServer(Rc<Serving>);

struct Serving {
    this: Weak<Self>,
    net: Rc<Network>,
    name: PathBuf,
    /// Out of here while it is called, and once the server is closed.
    factory: RefCell<Option<Factory>>,
    /// The one that waits for a client; `None` once the server is closed.
    instance: RefCell<Option<(PipeInstance, SourceKey)>>,
    live: Cell<Option<LiveKey>>,
    queued: Cell<bool>,
    closed: Cell<bool>,
    /// Of whoever began to serve; each connection gets a copy.
    context: Cell<Option<Context>>,
    site: &'static Location<'static>,
}

impl PipeServer {
    fn start(
        event_loop: &EventLoop,
        name: PathBuf,
        factory: Factory,
        site: &'static Location<'static>,
    ) -> Result<Self> {
        let serving = Rc::new_cyclic(|this| Serving {
            this: this.clone(),
            net: Network::of(event_loop.inner()),
            name,
            factory: RefCell::new(Some(factory)),
            instance: RefCell::new(None),
            live: Cell::new(None),
            queued: Cell::new(false),
            closed: Cell::new(false),
            context: Cell::new(context::snapshot()),
            site,
        });
        serving.listen(true).map_err(|error| Error::os_error_at(error, serving.name.display()))?;
        serving.live.set(Some(serving.net.enter(serving.this.clone())));
        Ok(Self(serving))
    }

    /// Stops serving; connections stay open. Calling it twice is harmless. Python: `PipeServer.close()`.
    pub fn close(&self) {
        self.0.close();
    }

    /// Whether it was closed. Python: `PipeServer.closed()`.
    pub fn closed(&self) -> bool {
        self.0.closed.get()
    }
}

impl Serving {
    /// Has one more instance wait for a client.
    fn listen(self: &Rc<Self>, first: bool) -> io::Result<()> {
        let instance = PipeInstance::new(self.name.as_os_str(), first)?;
        let key = self.net.inner().add_source(instance.fd(), Interest::Both, self.clone())?;
        *self.instance.borrow_mut() = Some((instance, key));
        // A client may have come already.
        self.queue();
        Ok(())
    }

    fn queue(self: &Rc<Self>) {
        if !self.queued.replace(true) {
            self.net.inner().queue_source(self.clone());
        }
    }

    /// Sets up the connection to a client that has come, if one has, and waits for the next.
    fn look(self: &Rc<Self>) {
        let Some((instance, key)) = self.instance.take() else { return };
        let came = match instance.accept() {
            Ok(false) => {
                *self.instance.borrow_mut() = Some((instance, key));
                return;
            }
            Ok(true) => true,
            Err(error) => {
                self.report("ASY0017", "accepting on a named pipe failed", error.into());
                false
            }
        };
        self.net.inner().remove_source(key, instance.fd());
        if came {
            self.serve(instance.into_pipe());
        }
        if !self.closed.get() {
            if let Err(error) = self.listen(false) {
                self.report("ASY0017", "a named pipe is not served any more", error.into());
                self.close();
            }
        }
    }

    fn serve(&self, pipe: Pipe) {
        let Some(mut factory) = self.factory.take() else { return };
        let endpoint = catch(&mut factory);
        if !self.closed.get() {
            *self.factory.borrow_mut() = Some(factory);
        }
        let stream = endpoint.unwrap_or_else(|panic| Err(panic.into()));
        match stream.and_then(|endpoint| Ok(Stream::new(&self.net, pipe, None, endpoint, None)?)) {
            Ok(stream) => {
                stream.made_at(self.site);
                stream.start(None);
            }
            Err(error) => self.report("ASY0013", "Error on transport creation for incoming connection", error),
        }
    }

    fn report(&self, code: &'static str, message: &'static str, error: Error) {
        self.net.inner().call_exception_handler(ExceptionContext::new(message).exception(error).code(code));
    }

    fn close(&self) {
        if self.closed.replace(true) {
            return;
        }
        if let Some((instance, key)) = self.instance.take() {
            self.net.inner().remove_source(key, instance.fd());
        }
        if let Some(key) = self.live.take() {
            self.net.leave(key);
        }
        let factory = self.factory.take();
        drop(factory);
    }
}

impl Source for Serving {
    fn on_event(&self, _readiness: Readiness) -> bool {
        !self.queued.replace(true)
    }

    fn run(self: Rc<Self>) {
        self.queued.set(false);
        let context = self.context.take();
        self.context.set(context.clone());
        let _entered = Entered::new(context);
        self.look();
    }
}

impl Live for Serving {
    fn loop_closed(self: Rc<Self>) {
        if !self.closed.get() {
            self.net.unclosed("server", &*self, Some(self.site));
        }
        self.close();
    }
}

impl fmt::Debug for Serving {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = if self.closed.get() { "closed" } else { "serving" };
        write!(f, "<PipeServer {} {state}>", self.name.display())
    }
}

impl fmt::Debug for PipeServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
