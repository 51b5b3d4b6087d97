//! `Server`: listening sockets, and the connections that came in through them.
//!
//! It closes in two steps, in either order: nobody listens any more, and the last connection is gone.
//! `wait_closed` waits for both.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::panic::Location;
use std::rc::Rc;

use super::acceptor::Acceptor;
use super::unfinished::Unfinished;
use crate::event_loop::{EventLoop, ExceptionContext};
use crate::exceptions::{Error, Result, catch};
use crate::future::Future;
use crate::sys::{Address, Socket, SocketFile};
use crate::transports::{Endpoint, Network, Owner, Stream, Transport, TransportSocket};
use crate::wait::sleep;

/// A listening server. Python: `asyncio.Server`.
///
/// Made by [`EventLoop::create_server`]. A clonable handle; the server listens until [`close`](Self::close), whether or
/// not anybody holds one. Python's `async with server` is `close()` and then `wait_closed().await`.
///
/// # Examples
///
/// ```
/// # fn main() -> asyncio::Result<()> {
/// # struct Nothing;
/// # #[asyncio::protocol]
/// # impl Nothing {}
/// asyncio::run(async {
///     let event_loop = asyncio::get_running_loop()?;
///     let server = event_loop.create_server(|| Nothing, "127.0.0.1", 0).await?;
///     assert!(server.is_serving());
///     server.close();
///     server.wait_closed().await
/// })
/// # }
/// ```
///
/// # Ending gracefully
///
/// [`close`](Self::close) ends nobody's connection, and [`wait_closed`](Self::wait_closed) waits for the last one as long as it
/// lasts. So a server ends in steps, each with its time: nobody new, then the end of what goes on by itself, then
/// [`close_clients`](Self::close_clients), by which what was written is still sent, then
/// [`abort_clients`](Self::abort_clients) for peers that do not read it.
///
/// ```
/// use std::time::Duration;
///
/// use asyncio::{Server, timeout};
///
/// async fn end(server: &Server, grace: Duration) -> asyncio::Result<()> {
///     server.close();
///     if timeout(grace, server.wait_closed()).await.is_err() {
///         server.close_clients();
///     }
///     if timeout(grace, server.wait_closed()).await.is_err() {
///         server.abort_clients();
///     }
///     server.wait_closed().await
/// }
///
/// # fn main() -> asyncio::Result<()> {
/// asyncio::run(async {
///     // Its clients wait for answers which do not come.
///     let serving = asyncio::start_server(async |_, _writer| std::future::pending::<()>().await, "127.0.0.1", 0);
///     let server = serving.await?;
///     let (host, port) = ("127.0.0.1", server.sockets()[0].getsockname()?.port());
///     let (mut reader, _writer) = asyncio::open_connection(host, port).await?;
///     asyncio::testing::until_idle().await;
///     end(&server, Duration::from_millis(20)).await?;
///     assert!(reader.read(1).await?.is_empty());
///     Ok::<_, asyncio::Error>(())
/// })
/// # }
/// ```
#[derive(Clone)]
#[doc(alias = "AbstractServer")]
pub struct Server {
    pub(super) core: Rc<Core>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Bound, but not listening yet.
    Idle,
    Serving,
    Closed,
}

/// Makes a protocol for a new connection.
pub(super) type Factory = Box<dyn FnMut() -> Result<Rc<dyn Endpoint>>>;

/// What the handles of a server, its sockets and its connections share.
pub(super) struct Core {
    net: Rc<Network>,
    backlog: u32,
    /// Where the program asked for it.
    site: &'static Location<'static>,
    phase: Cell<Phase>,
    /// Out of here while it is called, and once the server is closed.
    factory: RefCell<Option<Factory>>,
    acceptors: RefCell<Vec<Rc<Acceptor>>>,
    /// Of a unix socket.
    file: RefCell<Option<SocketFile>>,
    /// How many connections there are.
    clients: Cell<usize>,
    /// Of `wait_closed`.
    waiters: RefCell<Vec<Future<()>>>,
    /// Of `serve_forever`.
    pub(super) forever: RefCell<Option<Future<()>>>,
}

impl Server {
    pub(super) fn new(
        net: Rc<Network>,
        sockets: Vec<Socket>,
        factory: Factory,
        backlog: u32,
        site: &'static Location<'static>,
    ) -> Self {
        let core = Core {
            net,
            backlog,
            site,
            phase: Cell::new(Phase::Idle),
            factory: RefCell::new(Some(factory)),
            acceptors: RefCell::new(sockets.into_iter().map(Acceptor::new).collect()),
            file: RefCell::new(None),
            clients: Cell::new(0),
            waiters: RefCell::default(),
            forever: RefCell::new(None),
        };
        Self { core: Rc::new(core) }
    }

    /// Stops listening; connections stay open. Python: `Server.close()`.
    ///
    /// The sockets are closed at once, and a pending [`serve_forever`](Self::serve_forever) ends. Calling it twice is
    /// harmless.
    pub fn close(&self) {
        self.core.close();
    }

    /// Waits until the server is closed and its last connection is gone. Python: `Server.wait_closed()`.
    ///
    /// It closes nothing itself: without [`close`](Self::close) it waits for somebody else to call that.
    ///
    /// # Errors
    ///
    /// None so far.
    pub async fn wait_closed(&self) -> Result<()> {
        if self.core.is_done() {
            return Ok(());
        }
        let waiter = self.core.future();
        self.core.waiters.borrow_mut().push(waiter.clone());
        waiter.await
    }

    /// Begins to listen, if it does not already. Python: `Server.start_serving()`.
    ///
    /// Only needed after `create_server(…).start_serving(false)`.
    ///
    /// # Errors
    ///
    /// `RuntimeError` if the server is closed; `OsError` if the system refuses.
    pub async fn start_serving(&self) -> Result<()> {
        self.core.start()?;
        sleep(std::time::Duration::ZERO).await;
        Ok(())
    }

    /// Whether it listens. Python: `Server.is_serving()`.
    pub fn is_serving(&self) -> bool {
        self.core.phase.get() == Phase::Serving
    }

    /// The listening sockets; none once it is closed. Python: `Server.sockets`.
    pub fn sockets(&self) -> Vec<TransportSocket> {
        self.core.sockets()
    }

    /// Calls [`Transport::close`] on every connection. Python: `Server.close_clients()`.
    pub fn close_clients(&self) {
        self.clients().iter().for_each(Transport::close);
    }

    /// Calls [`Transport::abort`] on every connection. Python: `Server.abort_clients()`.
    pub fn abort_clients(&self) {
        self.clients().iter().for_each(Transport::abort);
    }

    /// The loop that it belongs to. Python: `Server.get_loop()`.
    ///
    /// # Errors
    ///
    /// `RuntimeError` if the loop is gone.
    pub fn get_loop(&self) -> Result<EventLoop> {
        let event_loop = self.core.net.inner().event_loop();
        event_loop.ok_or_else(|| Error::runtime_error("the event loop of this server was dropped"))
    }

    /// Begins to listen, for `create_server` and its kin. Cancelling it closes the server, and so does an error.
    pub(super) async fn served(self, event_loop: &EventLoop) -> Result<Self> {
        let unfinished = Unfinished::new(self, Self::close);
        unfinished.start_serving().await?;
        let server = unfinished.finish();
        if event_loop.get_debug() {
            crate::log::record!(info, "{server:?} is serving");
        }
        Ok(server)
    }

    /// When the server is closed, this file goes too.
    pub(super) fn remove_at_close(&self, file: SocketFile) {
        *self.core.file.borrow_mut() = Some(file);
    }

    fn clients(&self) -> Vec<Transport> {
        self.core.net.clients_of(Rc::as_ptr(&self.core).cast())
    }
}

fn remove(file: &SocketFile) {
    if let Err(error) = file.remove() {
        crate::log::record!(error, "ASY0026: the socket {} could not be removed: {error}", file.path().display());
    }
}

impl Core {
    pub(super) fn net(&self) -> &Rc<Network> {
        &self.net
    }

    pub(super) fn backlog(&self) -> u32 {
        self.backlog
    }

    #[track_caller]
    pub(super) fn future(&self) -> Future<()> {
        Future::on(self.net.inner().clone(), Location::caller())
    }

    fn sockets(&self) -> Vec<TransportSocket> {
        self.acceptors.borrow().iter().map(Acceptor::socket_view).collect()
    }

    pub(super) fn start(self: &Rc<Self>) -> Result<()> {
        match self.phase.get() {
            Phase::Serving => return Ok(()),
            Phase::Closed => {
                return Err(Error::runtime_error("the server is closed; make a new one with create_server()"));
            }
            Phase::Idle => {}
        }
        let acceptors = self.acceptors.borrow().clone();
        for acceptor in acceptors {
            if let Err(error) = acceptor.start(self, self.backlog) {
                let address = acceptor.socket_view();
                let error = Error::os_error_at(error, format_args!("listening on {address:?}"));
                self.close();
                return Err(error);
            }
        }
        self.phase.set(Phase::Serving);
        Ok(())
    }

    /// Sets up a connection that was accepted. Its failure is its own, not the server's.
    pub(super) fn serve(self: &Rc<Self>, socket: Socket, peer: Option<Address>) {
        let Some(mut factory) = self.factory.take() else { return };
        let endpoint = catch(&mut factory);
        if self.phase.get() != Phase::Closed {
            *self.factory.borrow_mut() = Some(factory);
        }
        let stream = endpoint.unwrap_or_else(|panic| Err(panic.into())).and_then(|endpoint| {
            let owner: Rc<dyn Owner> = self.clone();
            Ok(Stream::new(&self.net, socket, peer, endpoint, Some(owner))?)
        });
        match stream {
            Ok(stream) => {
                if self.net.inner().get_debug() {
                    crate::log::record!(debug, "the server got a new connection: {stream:?}");
                }
                stream.made_at(self.site);
                stream.start(None);
            }
            Err(error) if self.net.inner().get_debug() => {
                let report = ExceptionContext::new("Error on transport creation for incoming connection");
                self.net.inner().call_exception_handler(report.exception(error).code("ASY0013"));
            }
            Err(_) => {}
        }
    }

    fn close(&self) {
        if self.shut() {
            let forever = self.forever.borrow().clone();
            if let Some(forever) = forever {
                forever.cancel();
            }
            self.wake_if_done();
        }
    }

    pub(super) fn loop_closed(&self) {
        if self.phase.get() != Phase::Closed {
            self.net.unclosed("server", self, Some(self.site));
        }
        self.shut();
        let waiters = self.waiters.take();
        drop(waiters);
    }

    /// True if it was not shut before.
    fn shut(&self) -> bool {
        if self.phase.replace(Phase::Closed) == Phase::Closed {
            return false;
        }
        let acceptors = self.acceptors.take();
        acceptors.iter().for_each(|acceptor| acceptor.close());
        if let Some(file) = self.file.take() {
            remove(&file);
        }
        let factory = self.factory.take();
        drop(factory);
        true
    }

    fn is_done(&self) -> bool {
        self.phase.get() == Phase::Closed && self.clients.get() == 0
    }

    fn wake_if_done(&self) {
        if self.is_done() {
            for waiter in self.waiters.take() {
                // Who waited may have been cancelled.
                let _ = waiter.set_result(());
            }
        }
    }
}

impl Owner for Core {
    fn attached(&self) {
        self.clients.set(self.clients.get() + 1);
    }

    fn detached(&self) {
        self.clients.set(self.clients.get() - 1);
        self.wake_if_done();
    }
}

/// Only one that never served gets here without having been closed: the others live until they are.
impl Drop for Core {
    fn drop(&mut self) {
        if self.phase.get() != Phase::Closed {
            self.net.unclosed("server", self, Some(self.site));
            self.shut();
        }
    }
}

impl fmt::Debug for Core {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<Server {:?} sockets={:?} clients={}>", self.phase.get(), self.sockets(), self.clients.get())
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.core.fmt(f)
    }
}
