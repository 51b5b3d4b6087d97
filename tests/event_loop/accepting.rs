//! What a server accepts at a time, and what is left of its sockets and its factory when it is closed.

use std::cell::RefCell;
use std::io::ErrorKind;
use std::net::TcpStream;
use std::rc::Rc;

use asyncio::Server;
use socket2::{Domain, SockAddr, Socket, Type};

use crate::support::journal::Journal;
use crate::support::net::{address, client_of, running};
use crate::support::paths::Folder;
use crate::support::script::Script;

/// Notes how often the loop came round.
fn turns(journal: Journal) {
    journal.note("turn");
    running().call_soon(move || turns(journal)).unwrap();
}

#[asyncio::test(timeout = "10s")]
async fn one_more_than_the_backlog_is_accepted_at_a_time_and_nobody_is_forgotten() {
    let journal = Journal::default();
    let noted = journal.clone();
    let factory = move || {
        noted.note("accepted");
        Script::new(&Journal::default())
    };
    let server = running().create_server(factory, "127.0.0.1", 0).backlog(1).await.unwrap();
    // The system's own queue is longer than that from now on.
    Socket::from(server.sockets()[0].dup().unwrap()).listen(16).unwrap();
    let _clients: Vec<TcpStream> = (0..7).map(|_| client_of(&server)).collect();
    turns(journal.clone());
    journal.until(|entries| entries.iter().filter(|entry| *entry == "accepted").count() == 7).await;
    let entries = journal.entries();
    let at_a_time = entries.split(|entry| entry == "turn").map(<[String]>::len).filter(|count| *count > 0);
    assert_eq!(at_a_time.collect::<Vec<_>>(), [2, 2, 2, 1]);
    server.close();
}

#[asyncio::test(timeout = "10s")]
async fn a_server_that_cannot_listen_is_closed() {
    let quiet = || Script::new(&Journal::default());
    let server = running().create_server(quiet, "127.0.0.1", 0).start_serving(false).await.unwrap();
    let port = address(&server).port();
    // Both may be bound, but one of them only may listen.
    let late = running().create_server(quiet, "127.0.0.1", port).start_serving(false).await.unwrap();
    server.start_serving().await.unwrap();
    let refused = late.start_serving().await.unwrap_err();
    assert_eq!(refused.io_kind(), Some(ErrorKind::AddrInUse), "{refused}");
    assert!(refused.to_string().contains("listening on") && !late.is_serving() && late.sockets().is_empty());
    assert!(late.start_serving().await.unwrap_err().to_string().contains("the server is closed"));
    server.close();
}

#[asyncio::test(timeout = "10s")]
async fn a_closed_server_lets_go_of_its_factory_be_it_closed_by_that() {
    for by_itself in [false, true] {
        let (witness, journal) = (Rc::new(()), Journal::default());
        let (held, noted) = (witness.clone(), journal.clone());
        let server: Rc<RefCell<Option<Server>>> = Rc::default();
        let closes = server.clone();
        let factory = move || {
            let _ = &held;
            closes.borrow().iter().filter(|_| by_itself).for_each(Server::close);
            Script::new(&noted)
        };
        *server.borrow_mut() = Some(running().create_server(factory, "127.0.0.1", 0).await.unwrap());
        let _client = client_of(server.borrow().as_ref().unwrap());
        journal.wait_for("made").await;
        server.borrow().as_ref().unwrap().close();
        assert_eq!(Rc::strong_count(&witness), 1);
    }
}

#[asyncio::test(timeout = "10s")]
async fn the_backlog_of_a_unix_server_is_the_systems() {
    let folder = Folder::new();
    let path = folder.path("server");
    let server = running().create_unix_server(|| Script::new(&Journal::default()), &path).backlog(2).await.unwrap();
    let client = || {
        let client = Socket::new(Domain::UNIX, Type::STREAM, None).unwrap();
        client.set_nonblocking(true).unwrap();
        client.connect(&SockAddr::unix(&path).unwrap()).map(|()| client)
    };
    let clients: Vec<Socket> = std::iter::from_fn(|| client().ok()).take(100).collect();
    assert!((2..=4).contains(&clients.len()), "{}: systems count in their own ways", clients.len());
    server.close();
}

#[asyncio::test(timeout = "10s")]
async fn who_looks_at_the_socket_of_a_server_does_not_keep_it_open() {
    let server = running().create_server(|| Script::new(&Journal::default()), "127.0.0.1", 0).await.unwrap();
    let (socket, listening) = (server.sockets().remove(0), address(&server));
    server.close();
    assert_eq!(socket.fileno(), None);
    assert!(socket.getsockname().is_err());
    TcpStream::connect(listening).unwrap_err();
}
