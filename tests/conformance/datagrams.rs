//! Datagram endpoints: what arrives, and what goes wrong.

use std::cell::Cell;
use std::net::{SocketAddr, UdpSocket};
use std::rc::Rc;

use asyncio::{DatagramTransport, Error, Result, get_running_loop};

use crate::harness::connections::until;
use crate::harness::program::{Difference, Program, program, ticks};
use crate::harness::trace::{Boom, report, say};

pub(crate) const PROGRAMS: &[Program] = &[
    program!(a_question_and_its_answer),
    program!(datagrams_stay_apart_and_in_their_order),
    program!(an_empty_datagram_arrives).since(13),
    program!(a_refused_datagram_is_told_and_the_endpoint_stays),
    program!(a_connected_endpoint_sends_to_nobody_else),
    program!(close_and_abort_end_an_endpoint_once),
    program!(a_callback_that_fails_leaves_the_endpoint_open).differs(&[Difference {
        row: "is reported as that of any callback",
        python: &["reported: Exception in callback Boom(in a callback) [handle]"],
        here: &["reported: protocol.datagram_received() call failed Boom(in a callback) [protocol, transport]"],
    }]),
    program!(an_endpoint_without_addresses_is_an_error),
];

/// What an endpoint has seen so far.
#[derive(Default)]
struct Seen {
    count: Cell<usize>,
    errors: Cell<usize>,
    addr: Cell<Option<SocketAddr>>,
}

struct Noting {
    name: &'static str,
    fails: bool,
    seen: Rc<Seen>,
}

#[asyncio::protocol]
impl Noting {
    fn connection_made(&mut self, _transport: &DatagramTransport) {
        say!(self.name, "made");
    }

    fn datagram_received(&mut self, data: &[u8], addr: SocketAddr) -> Result<()> {
        say!(self.name, "datagram", data);
        self.seen.count.set(self.seen.count.get() + 1);
        self.seen.addr.set(Some(addr));
        if self.fails { Err(Boom("in a callback").into()) } else { Ok(()) }
    }

    fn error_received(&mut self, exc: &Error) {
        say!(self.name, "error", exc);
        self.seen.errors.set(self.seen.errors.get() + 1);
    }

    fn connection_lost(&mut self, exc: Option<&Error>) {
        say!(self.name, "lost", exc);
    }
}

async fn bound_with(name: &'static str, fails: bool) -> Result<(DatagramTransport, Rc<Seen>)> {
    let seen = Rc::<Seen>::default();
    let protocol = Noting { name, fails, seen: seen.clone() };
    let endpoint = get_running_loop()?.create_datagram_endpoint(move || protocol).local_addr("127.0.0.1", 0);
    Ok((endpoint.await?.0, seen))
}

async fn bound(name: &'static str) -> Result<(DatagramTransport, Rc<Seen>)> {
    bound_with(name, false).await
}

async fn connected(name: &'static str, address: SocketAddr) -> Result<(DatagramTransport, Rc<Seen>)> {
    let seen = Rc::<Seen>::default();
    let protocol = Noting { name, fails: false, seen: seen.clone() };
    let endpoint = get_running_loop()?.create_datagram_endpoint(move || protocol);
    Ok((endpoint.remote_addr(address.ip(), address.port()).await?.0, seen))
}

fn sockname(transport: &DatagramTransport) -> SocketAddr {
    transport.sockname().expect("it has one")
}

async fn end(transports: &[&DatagramTransport]) {
    for transport in transports {
        transport.close();
    }
    ticks(2).await;
}

async fn a_question_and_its_answer() -> Result<()> {
    let (server, server_seen) = bound("server").await?;
    let (client, client_seen) = connected("client", sockname(&server)).await?;
    client.sendto(b"question", None)?;
    until(|| server_seen.count.get() > 0).await;
    say!(server_seen.addr.get() == client.sockname());
    server.sendto(b"answer", server_seen.addr.get())?;
    until(|| client_seen.count.get() > 0).await;
    say!(client.peername() == server.sockname(), server.peername().map(drop));
    end(&[&client]).await;
    end(&[&server]).await;
    Ok(())
}

async fn datagrams_stay_apart_and_in_their_order() -> Result<()> {
    let (server, seen) = bound("server").await?;
    let (client, _) = connected("client", sockname(&server)).await?;
    for data in ["one", "two", "three"] {
        client.sendto(data.as_bytes(), None)?;
    }
    until(|| seen.count.get() == 3).await;
    end(&[&client]).await;
    end(&[&server]).await;
    Ok(())
}

async fn an_empty_datagram_arrives() -> Result<()> {
    let (server, seen) = bound("server").await?;
    let (client, _) = connected("client", sockname(&server)).await?;
    client.sendto(b"", None)?;
    until(|| seen.count.get() > 0).await;
    say!("arrived");
    end(&[&client]).await;
    end(&[&server]).await;
    Ok(())
}

async fn a_refused_datagram_is_told_and_the_endpoint_stays() -> Result<()> {
    // Who is connected to itself gets nothing of others, and keeps the port.
    let nobody = UdpSocket::bind("127.0.0.1:0")?;
    nobody.connect(nobody.local_addr()?)?;
    let (client, seen) = connected("client", nobody.local_addr()?).await?;
    client.sendto(b"to nobody", None)?;
    until(|| seen.errors.get() > 0).await;
    say!(client.is_closing());
    end(&[&client]).await;
    say!(client.is_closing());
    Ok(())
}

async fn a_connected_endpoint_sends_to_nobody_else() -> Result<()> {
    let (server, seen) = bound("server").await?;
    let (client, _) = connected("client", sockname(&server)).await?;
    say!(client.sendto(b"data", sockname(&client)));
    say!(client.sendto(b"data", sockname(&server)));
    until(|| seen.count.get() > 0).await;
    end(&[&client]).await;
    end(&[&server]).await;
    Ok(())
}

async fn close_and_abort_end_an_endpoint_once() -> Result<()> {
    let (first, _) = bound("first").await?;
    first.close();
    first.close();
    say!(first.is_closing());
    ticks(2).await;
    let (second, _) = bound("second").await?;
    second.abort();
    second.abort();
    say!(second.is_closing());
    ticks(2).await;
    Ok(())
}

async fn a_callback_that_fails_leaves_the_endpoint_open() -> Result<()> {
    get_running_loop()?.set_exception_handler(report);
    let (server, seen) = bound_with("server", true).await?;
    let (client, _) = connected("client", sockname(&server)).await?;
    client.sendto(b"data", None)?;
    until(|| seen.count.get() > 0).await;
    ticks(3).await;
    say!(server.is_closing());
    end(&[&client, &server]).await;
    Ok(())
}

async fn an_endpoint_without_addresses_is_an_error() -> Result<()> {
    let protocol = Noting { name: "never", fails: false, seen: Rc::default() };
    say!(get_running_loop()?.create_datagram_endpoint(move || protocol).await.map(drop));
    Ok(())
}
