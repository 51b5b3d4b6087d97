//! What transports and servers write to the log.

use std::time::Duration;

use asyncio::testing::MemoryTransports;
use log::Level;

use crate::support::datagrams::Receiver;
use crate::support::journal::Journal;
use crate::support::log::{collect, collected};
use crate::support::net::{client_of, connected, reset, running, send};
use crate::support::script::Script;

#[asyncio::test(timeout = "10s")]
async fn from_the_fifth_write_after_the_end_on_each_is_a_warning() {
    // CPython: test_selector_events.SelectorSocketTransportTests.test_write_closing
    let journal = Journal::default();
    let (transport, _, _peer) = connected(Script::new(&journal)).await;
    transport.abort();
    collect();
    for written in 1..=7 {
        if written % 2 == 0 {
            transport.write(b"for nothing");
        } else {
            transport.writelines(["for nothing"]);
        }
        transport.write(b"");
        let warnings = collected(Level::Warn);
        assert_eq!(warnings.len(), (written as usize).saturating_sub(4), "after write {written}: {warnings:?}");
    }
    let warning = collected(Level::Warn).swap_remove(0);
    assert!(warning.starts_with("ASY0018: ") && warning.contains("closing or closed"), "{warning}");
    journal.wait_for("lost").await;
}

#[asyncio::test(timeout = "10s", debug)]
async fn debug_mode_tells_the_life_of_a_connection() {
    collect();
    let journal = Journal::default();
    let noted = journal.clone();
    let server = running().create_server(move || Script::new(&noted), "127.0.0.1", 0).await.unwrap();
    let client = client_of(&server);
    let name = client.local_addr().unwrap().to_string();
    send(&client, b"x");
    journal.wait_for("data").await;
    let records = collected(Level::Debug);
    assert!(records.iter().any(|text| text.contains("new connection") && text.contains(&name)), "{records:?}");
    drop(client);
    journal.wait_for("lost").await;
    server.close();
    assert!(collected(Level::Info).iter().any(|text| text.contains("is serving")), "{:?}", collected(Level::Info));
    assert!(collected(Level::Debug).iter().any(|text| text.contains("received EOF")), "{:?}", collected(Level::Debug));
}

#[asyncio::test(timeout = "10s", debug)]
async fn debug_mode_tells_of_connections_that_are_reset() {
    collect();
    let journal = Journal::default();
    let (transport, _, peer) = connected(Script::new(&journal)).await;
    transport.pause_reading();
    transport.resume_reading();
    let name = peer.local_addr().unwrap().to_string();
    reset(peer);
    journal.wait_for("lost OSError").await;
    let records = collected(Level::Debug);
    for text in ["is connected", "pauses reading", "resumes reading", "Fatal read error on socket transport"] {
        assert!(records.iter().any(|record| record.contains(text) && record.contains(&name)), "{text}: {records:?}");
    }
}

#[asyncio::test(timeout = "60s", debug)]
async fn debug_mode_tells_how_long_a_name_took_and_which_addresses_are_left_out() {
    // CPython: base_events.BaseEventLoop._getaddrinfo_debug
    collect();
    let make =
        |host: &'static str| running().create_server(|| Script::new(&Journal::default()), [host, "127.0.0.1"], 0);
    running().set_slow_callback_duration(std::time::Duration::from_secs(60));
    make("localhost").await.unwrap().close();
    running().set_slow_callback_duration(std::time::Duration::ZERO);
    make("localhost").await.unwrap().close();
    for level in [Level::Debug, Level::Info] {
        let records = collected(level);
        let resolved = records.iter().filter(|text| text.contains(r#"resolving the host "localhost" took"#)).count();
        assert_eq!(resolved, 1, "once below slow_callback_duration, once above: {records:?}");
    }
    running().set_slow_callback_duration(std::time::Duration::from_secs(60));
    make("203.0.113.1").await.unwrap().close();
    let warnings = collected(Level::Warn);
    assert!(warnings.iter().any(|text| text.contains("leaves out 203.0.113.1")), "{warnings:?}");
}

#[asyncio::test(timeout = "10s")]
async fn without_debug_mode_nothing_is_logged() {
    collect();
    let journal = Journal::default();
    let (_transport, _, peer) = connected(Script::new(&journal)).await;
    reset(peer);
    journal.wait_for("lost OSError").await;
    for level in [Level::Error, Level::Warn, Level::Info, Level::Debug] {
        assert_eq!(collected(level), Vec::<String>::new());
    }
}

#[test]
fn a_transport_that_outlives_its_loop_is_a_warning_in_debug_mode() {
    collect();
    let event_loop = asyncio::EventLoop::builder().debug(true).build().unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let running = event_loop.clone();
    let line = line!() + 2;
    let kept = event_loop.run_until_complete(async move {
        let (transport, _) = running.create_connection(quiet, "127.0.0.1", port).await?;
        let (_near, far) = std::os::unix::net::UnixStream::pair()?;
        // One that was closed is no matter.
        running.connect_accepted_socket(quiet, far).await?.0.close();
        asyncio::sleep(Duration::ZERO).await;
        Ok::<_, asyncio::Error>(transport)
    });
    event_loop.close().unwrap();
    let [warning] = &collected(Level::Warn)[..] else { panic!("{:?}", collected(Level::Warn)) };
    assert!(warning.starts_with("ASY0010: unclosed transport <Transport fd="), "{warning}");
    assert!(warning.contains(&format!("made at {}:{line}:", file!())), "{warning}");
    drop(kept);
}

#[test]
fn an_endpoint_that_outlives_its_loop_is_a_warning_in_debug_mode() {
    collect();
    let event_loop = asyncio::EventLoop::builder().debug(true).build().unwrap();
    let running = event_loop.clone();
    let line = line!() + 2;
    let kept = event_loop.run_until_complete(async move {
        let endpoint = running.create_datagram_endpoint(|| Receiver::new(&Journal::default()));
        endpoint.local_addr("127.0.0.1", 0).await
    });
    event_loop.close().unwrap();
    let [warning] = &collected(Level::Warn)[..] else { panic!("{:?}", collected(Level::Warn)) };
    assert!(warning.starts_with("ASY0010: unclosed transport <DatagramTransport fd="), "{warning}");
    assert!(warning.contains(&format!("made at {}:{line}:", file!())), "{warning}");
    drop(kept);
}

#[test]
fn a_connection_in_memory_that_outlives_its_loop_is_one_that_is_open() {
    collect();
    let event_loop = asyncio::EventLoop::builder().debug(true).build().unwrap();
    let kept = event_loop.run_until_complete(async { MemoryTransports::new().connect(quiet()).await });
    event_loop.close().unwrap();
    let [warning] = &collected(Level::Warn)[..] else { panic!("{:?}", collected(Level::Warn)) };
    assert!(warning.starts_with("ASY0010: unclosed transport <Transport reading"), "{warning}");
    drop(kept);
}

#[test]
fn a_server_that_outlives_its_loop_is_a_warning_in_debug_mode_with_all_its_connections() {
    for debug in [true, false] {
        collect();
        let event_loop = asyncio::EventLoop::builder().debug(debug).build().unwrap();
        let running = event_loop.clone();
        let line = line!() + 4;
        let clients = event_loop.run_until_complete(async move {
            let (journal, hosts) = (Journal::default(), ["127.0.0.1", "127.0.0.2"]);
            let noted = journal.clone();
            let server = running.create_server(move || Script::new(&noted), hosts, 0).await?;
            let clients = (client_of(&server), client_of(&server));
            journal.until(|entries| entries.len() == 2).await;
            Ok::<_, asyncio::Error>(std::rc::Rc::new(clients))
        });
        event_loop.close().unwrap();
        let warnings = collected(Level::Warn);
        let place = format!(", made at {}:{line}:", file!());
        let count = |what: &str| warnings.iter().filter(|text| text.starts_with(what) && text.contains(&place)).count();
        let found = (
            warnings.len(),
            count("ASY0010: unclosed server <Server Serving"),
            count("ASY0010: unclosed transport <Transport"),
        );
        assert_eq!(found, if debug { (3, 1, 2) } else { (0, 0, 0) }, "{warnings:#?}");
        drop(clients);
    }
}

#[test]
fn a_server_that_never_served_and_is_dropped_is_a_warning_in_debug_mode() {
    for (debug, closed) in [(true, false), (true, true), (false, false)] {
        collect();
        let event_loop = asyncio::EventLoop::builder().debug(debug).build().unwrap();
        let running = event_loop.clone();
        let line = line!() + 2;
        let made = event_loop.run_until_complete(async move {
            let server = running.create_server(quiet, "127.0.0.1", 0).start_serving(false).await?;
            if closed {
                server.close();
            }
            Ok::<_, asyncio::Error>(())
        });
        made.unwrap();
        event_loop.close().unwrap();
        let warnings = collected(Level::Warn);
        let place = format!(", made at {}:{line}:", file!());
        let is_it = |text: &String| text.starts_with("ASY0010: unclosed server <Server Idle") && text.contains(&place);
        assert_eq!(warnings.len(), usize::from(debug && !closed), "{warnings:?}");
        assert!(warnings.iter().all(is_it), "{warnings:?}");
    }
}

fn quiet() -> Script {
    Script::new(&Journal::default())
}
