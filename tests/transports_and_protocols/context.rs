//! The context in which callbacks run.

use std::cell::RefCell;
use std::rc::Rc;

use asyncio::{ContextVar, Transport};

use crate::support::journal::Journal;
use crate::support::net::{client_of, connected, running, send};
use crate::support::script::Script;

static NAME: ContextVar<&str> = ContextVar::new("name");

#[asyncio::test(timeout = "10s")]
async fn the_callbacks_of_a_client_run_in_a_copy_of_its_makers_context() {
    let journal = Journal::default();
    NAME.set("maker");
    let noted = journal.clone();
    let script = Script::new(&Journal::default()).on_data(move |_, _| {
        noted.note(format!("{:?}", NAME.get()));
        NAME.set("connection");
        Ok(())
    });
    let (_transport, _, peer) = connected(script).await;
    NAME.set("changed later");
    for expected in [1, 2] {
        send(&peer, b"x");
        journal.until(|entries| entries.len() == expected).await;
    }
    assert_eq!(journal.entries(), [r#"Some("maker")"#, r#"Some("connection")"#], "what a callback sets stays");
    assert_eq!(NAME.get(), Some("changed later"), "and stays there");
}

#[asyncio::test(timeout = "10s")]
async fn connection_lost_runs_in_it_as_well() {
    for ends in [Transport::close as fn(&Transport), Transport::abort] {
        let journal = Journal::default();
        let noted = journal.clone();
        NAME.set("maker");
        let script = Script::new(&Journal::default()).on_lost(move |_| {
            noted.note(format!("{:?}", NAME.get()));
            Ok(())
        });
        let (transport, _, _peer) = connected(script).await;
        NAME.set("changed later");
        ends(&transport);
        assert_eq!(journal.wait_for("").await, r#"Some("maker")"#);
    }
}

#[asyncio::test(timeout = "10s")]
async fn each_connection_of_a_server_has_a_copy_of_the_servers_context() {
    // CPython: the accept loop is an add_reader() callback, and each connection is set up in a task of its own.
    let journal = Journal::default();
    let seen = Rc::new(RefCell::new(Vec::new()));
    NAME.set("server");
    let (noted, collected) = (journal.clone(), seen.clone());
    let factory = move || {
        let (in_factory, collected) = (NAME.get(), collected.clone());
        Script::new(&noted).on_made(move |_: &Transport| {
            collected.borrow_mut().push((in_factory, NAME.get()));
            NAME.set("one connection");
            Ok(())
        })
    };
    let server = running().create_server(factory, "127.0.0.1", 0).await.unwrap();
    NAME.set("changed later");
    let _clients = (client_of(&server), client_of(&server));
    journal.until(|entries| entries.len() == 2).await;
    let _late = client_of(&server);
    journal.until(|entries| entries.len() == 3).await;
    assert_eq!(*seen.borrow(), [(Some("server"), Some("server")); 3]);
    assert_eq!(NAME.get(), Some("changed later"));
    server.close();
}
