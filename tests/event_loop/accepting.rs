//! What a server accepts at a time, and what is left of its sockets when it is closed.

use std::net::TcpStream;

use socket2::Socket;

use crate::support::journal::Journal;
use crate::support::net::{address, client_of, running};
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
async fn who_looks_at_the_socket_of_a_server_does_not_keep_it_open() {
    let server = running().create_server(|| Script::new(&Journal::default()), "127.0.0.1", 0).await.unwrap();
    let (socket, listening) = (server.sockets().remove(0), address(&server));
    server.close();
    assert_eq!(socket.fileno(), None);
    assert!(socket.getsockname().is_err());
    TcpStream::connect(listening).unwrap_err();
}
