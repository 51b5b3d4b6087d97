//! Servers: when they serve, and whom they wait for.

use std::cell::RefCell;
use std::io::{Read, Write};
use std::net::{TcpStream, UdpSocket};
use std::rc::Rc;

use asyncio::{Future, Result, Server, Transport, create_task, get_running_loop};

use crate::harness::connections::{Noting, address, client_of, until};
use crate::harness::program::{Program, program, ticks};
use crate::harness::trace::say;

pub(crate) const PROGRAMS: &[Program] = &[
    program!(a_server_from_its_beginning_to_its_end),
    program!(a_server_that_does_not_serve_yet),
    program!(a_closed_server_leaves_its_clients_connected).since(12),
    program!(wait_closed_waits_until_the_server_is_closed).since(12),
    program!(clients_are_closed_with_what_was_written_or_at_once).since(13),
    program!(serve_forever_ends_by_a_cancel),
    program!(closing_a_server_ends_serve_forever),
    program!(clients_are_taken_in_the_order_in_which_they_came).since(12),
    program!(an_address_that_is_taken_is_an_error),
    program!(a_server_of_datagrams_is_an_error),
];

/// What is known of a connection.
#[derive(Clone)]
struct Connection {
    transport: Transport,
    heard: Rc<std::cell::Cell<usize>>,
    lost: Future<()>,
}

/// The connections of a server, in the order in which they were made.
#[derive(Clone, Default)]
struct Connections(Rc<RefCell<Vec<Connection>>>);

impl Connections {
    /// A protocol that notes its connection, and is listed here once that is made.
    fn protocol(&self) -> Noting {
        let list = self.0.clone();
        let noting = Noting::new("server").expect("the loop runs");
        let (heard, lost) = (noting.heard(), noting.lost());
        noting.on_made(move |transport| {
            let (transport, heard, lost) = (transport.clone(), heard.clone(), lost.clone());
            list.borrow_mut().push(Connection { transport, heard, lost });
            Ok(())
        })
    }

    async fn first(&self) -> Connection {
        until(|| !self.0.borrow().is_empty()).await;
        self.0.borrow()[0].clone()
    }
}

/// A server whose connections are all noted under one name, and the list of them.
async fn noting_server(start_serving: bool) -> Result<(Server, Connections)> {
    let connections = Connections::default();
    let list = connections.clone();
    let server =
        get_running_loop()?.create_server(move || list.protocol(), "127.0.0.1", 0).start_serving(start_serving);
    Ok((server.await?, connections))
}

async fn a_server_from_its_beginning_to_its_end() -> Result<()> {
    let (server, connections) = noting_server(true).await?;
    say!(server.is_serving(), server.sockets().len());
    let mut client = client_of(&server)?;
    client.write_all(b"hello")?;
    let first = connections.first().await;
    until(|| first.heard.get() > 0).await;
    drop(client);
    first.lost.await?;
    server.close();
    server.close();
    say!(server.is_serving(), server.sockets().len());
    server.wait_closed().await?;
    say!("closed");
    Ok(())
}

async fn a_server_that_does_not_serve_yet() -> Result<()> {
    let (server, connections) = noting_server(false).await?;
    say!(server.is_serving());
    server.start_serving().await?;
    server.start_serving().await?;
    say!(server.is_serving());
    let client = client_of(&server)?;
    let first = connections.first().await;
    drop(client);
    first.lost.await?;
    server.close();
    server.wait_closed().await
}

async fn a_closed_server_leaves_its_clients_connected() -> Result<()> {
    let (server, connections) = noting_server(true).await?;
    let mut client = client_of(&server)?;
    let first = connections.first().await;
    server.close();
    let waiting = create_task(async move { server.wait_closed().await });
    ticks(5).await;
    say!("waits", !waiting.done());
    client.write_all(b"still there")?;
    until(|| first.heard.get() > 0).await;
    drop(client);
    waiting.await?;
    say!("closed");
    Ok(())
}

async fn wait_closed_waits_until_the_server_is_closed() -> Result<()> {
    let (server, _) = noting_server(true).await?;
    let server = Rc::new(server);
    let waited = server.clone();
    let waiting = create_task(async move { waited.wait_closed().await });
    ticks(5).await;
    say!("waits", !waiting.done());
    server.close();
    waiting.await?;
    say!("closed");
    server.wait_closed().await
}

async fn clients_are_closed_with_what_was_written_or_at_once() -> Result<()> {
    for (how, end) in
        [("close_clients", Server::close_clients as fn(&Server)), ("abort_clients", Server::abort_clients)]
    {
        let (server, connections) = noting_server(true).await?;
        let mut client = client_of(&server)?;
        connections.first().await.transport.write(b"goodbye");
        server.close();
        end(&server);
        server.wait_closed().await?;
        let mut received = Vec::new();
        client.read_to_end(&mut received)?;
        say!(how, received, 0_usize);
    }
    Ok(())
}

async fn serve_forever_ends_by_a_cancel() -> Result<()> {
    let (server, _) = noting_server(false).await?;
    let server = Rc::new(server);
    let served = server.clone();
    let task = create_task(async move { served.serve_forever().await });
    ticks(3).await;
    say!(server.is_serving(), server.serve_forever().await);
    task.cancel_with("why");
    say!(task.await, server.is_serving());
    say!(server.serve_forever().await);
    Ok(())
}

async fn closing_a_server_ends_serve_forever() -> Result<()> {
    let (server, _) = noting_server(true).await?;
    let server = Rc::new(server);
    let served = server.clone();
    let task = create_task(async move { served.serve_forever().await });
    ticks(3).await;
    server.close();
    say!(task.await);
    Ok(())
}

async fn clients_are_taken_in_the_order_in_which_they_came() -> Result<()> {
    let (server, connections) = noting_server(true).await?;
    let clients: Vec<TcpStream> = (0..3).map(|_| client_of(&server)).collect::<Result<_>>()?;
    until(|| connections.0.borrow().len() == 3).await;
    let peers: Vec<_> = connections.0.borrow().iter().map(|connection| connection.transport.peername()).collect();
    say!(peers == clients.iter().map(|client| client.local_addr().ok()).collect::<Vec<_>>());
    drop(clients);
    server.close();
    server.wait_closed().await
}

async fn an_address_that_is_taken_is_an_error() -> Result<()> {
    let (server, connections) = noting_server(true).await?;
    let port = address(&server)?.port();
    let second = get_running_loop()?.create_server(move || connections.protocol(), "127.0.0.1", port);
    say!(second.await.map(drop));
    server.close();
    server.wait_closed().await
}

async fn a_server_of_datagrams_is_an_error() -> Result<()> {
    let datagrams = UdpSocket::bind("127.0.0.1:0")?;
    let connections = Connections::default();
    let server = get_running_loop()?.create_server_with_sock(move || connections.protocol(), datagrams);
    say!(server.await.map(drop));
    Ok(())
}
