//! Connections for the programs: a protocol that notes its callbacks, and plain peers outside of the loop.
//!
//! The counterpart is `connections.py`.

use std::cell::Cell;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::rc::Rc;
use std::time::Duration;

use asyncio::{Error, Future, IntoEndpoint, Result, Server, Transport, get_running_loop};
use socket2::{Domain, SockRef, Socket, Type};

use super::program::ticks;
use super::trace::say;

type OnEvent = Box<dyn FnMut(&Transport) -> Result<()>>;
type OnData = Box<dyn FnMut(&Transport, &[u8]) -> Result<()>>;
type OnEof = Box<dyn FnMut(&Transport) -> Result<bool>>;

/// Notes each callback, and then does what the program wants.
pub(crate) struct Noting {
    name: &'static str,
    made: OnEvent,
    data: OnData,
    eof: OnEof,
    after: OnEvent,
    heard: Rc<Cell<usize>>,
    lost: Future<()>,
}

impl Noting {
    pub(crate) fn new(name: &'static str) -> Result<Self> {
        Ok(Self {
            name,
            made: Box::new(|_| Ok(())),
            data: Box::new(|_, _| Ok(())),
            eof: Box::new(|_| Ok(false)),
            after: Box::new(|_| Ok(())),
            heard: Rc::default(),
            lost: Future::new()?,
        })
    }

    pub(crate) fn on_made(mut self, does: impl FnMut(&Transport) -> Result<()> + 'static) -> Self {
        self.made = Box::new(does);
        self
    }

    pub(crate) fn on_data(mut self, does: impl FnMut(&Transport, &[u8]) -> Result<()> + 'static) -> Self {
        self.data = Box::new(does);
        self
    }

    pub(crate) fn on_eof(mut self, does: impl FnMut(&Transport) -> Result<bool> + 'static) -> Self {
        self.eof = Box::new(does);
        self
    }

    pub(crate) fn on_lost(mut self, does: impl FnMut(&Transport) -> Result<()> + 'static) -> Self {
        self.after = Box::new(does);
        self
    }

    /// How many bytes have come in.
    pub(crate) fn heard(&self) -> Rc<Cell<usize>> {
        self.heard.clone()
    }

    /// Done when the connection is lost.
    pub(crate) fn lost(&self) -> Future<()> {
        self.lost.clone()
    }
}

#[asyncio::protocol]
impl Noting {
    fn connection_made(&mut self, transport: &Transport) -> Result<()> {
        say!(self.name, "made");
        (self.made)(transport)
    }

    fn data_received(&mut self, transport: &Transport, data: &[u8]) -> Result<()> {
        say!(self.name, "data", if data.len() < 100 { data } else { b"of many bytes" });
        self.heard.set(self.heard.get() + data.len());
        (self.data)(transport, data)
    }

    fn eof_received(&mut self, transport: &Transport) -> Result<bool> {
        say!(self.name, "eof");
        (self.eof)(transport)
    }

    fn connection_lost(&mut self, transport: &Transport, exc: Option<&Error>) -> Result<()> {
        say!(self.name, "lost", exc);
        let _ = self.lost.set_result(());
        (self.after)(transport)
    }

    fn pause_writing(&mut self) {
        say!(self.name, "pause");
    }

    fn resume_writing(&mut self) {
        say!(self.name, "resume");
    }
}

/// A connection of the loop's to a plain socket.
pub(crate) async fn connected<P: IntoEndpoint<K>, K>(protocol: P) -> Result<(Transport, TcpStream)> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let port = listener.local_addr()?.port();
    let (transport, _) = get_running_loop()?.create_connection(move || protocol, "127.0.0.1", port).await?;
    Ok((transport, listener.accept()?.0))
}

/// Lets the loop run until something holds.
pub(crate) async fn until(mut condition: impl FnMut() -> bool) {
    while !condition() {
        ticks(1).await;
    }
}

pub(crate) fn address(server: &Server) -> Result<SocketAddr> {
    server.sockets()[0].getsockname()
}

/// A plain client. The system accepts it, so this does not wait for the loop.
pub(crate) fn client_of(server: &Server) -> Result<TcpStream> {
    Ok(TcpStream::connect(address(server)?)?)
}

/// A socket that has a port and does not listen, so that nobody else gets the port.
pub(crate) fn nobody() -> Result<(Socket, SocketAddr)> {
    let reserved = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    reserved.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into())?;
    let address = reserved.local_addr()?.as_socket().expect("it is one of the internet");
    Ok((reserved, address))
}

/// Ends a connection at once, so that the other side gets an error.
pub(crate) fn reset(peer: TcpStream) -> Result<()> {
    SockRef::from(&peer).set_linger(Some(Duration::ZERO))?;
    drop(peer);
    Ok(())
}
