//! What debug mode writes to the log beyond what stands with sockets and servers: pipes, flow control, processes, TLS.

use std::io::Read;

use log::Level;

use crate::support::journal::Journal;
use crate::support::log::{collect, collected};
use crate::support::net::{clog, connected, running};
use crate::support::script::Script;

/// Begins to collect, in this mode.
fn watch(debug: bool) {
    running().set_debug(debug);
    collect();
}

/// Whether a record of that level has all these words; without debug mode there must be none at all.
fn assert_told(debug: bool, level: Level, words: &[&str]) {
    let records = collected(level);
    let told = records.iter().any(|text| words.iter().all(|word| text.contains(word)));
    assert_eq!(told, debug, "{words:?}: {records:#?}");
    assert!(debug || records.is_empty(), "{records:#?}");
}

#[asyncio::test(timeout = "10s")]
async fn pipes_that_are_connected() {
    // CPython: unix_events.BaseSelectorEventLoop.connect_read_pipe, connect_write_pipe
    for debug in [true, false] {
        watch(debug);
        let (reading, _, _writer) = crate::support::pipes::reading(Script::new(&Journal::default())).await;
        assert_told(debug, Level::Debug, &[&format!("{reading:?}"), "is connected"]);
        watch(debug);
        let (writing, _, _reader) = crate::support::pipes::writing(Script::new(&Journal::default())).await;
        assert_told(debug, Level::Debug, &[&format!("{writing:?}"), "is connected"]);
        reading.close();
        writing.close();
    }
}

#[asyncio::test(timeout = "30s")]
async fn a_writer_that_is_paused_and_resumed() {
    for debug in [true, false] {
        let journal = Journal::default();
        let (transport, _, peer) = connected(Script::new(&journal)).await;
        watch(debug);
        let written = clog(&transport);
        journal.wait_for("pause").await;
        assert_told(debug, Level::Debug, &["<Transport", "PauseWriting"]);
        let reads = asyncio::to_thread(move || {
            let mut all = vec![0; written];
            (&peer).read_exact(&mut all)
        });
        reads.await.unwrap();
        journal.wait_for("resume").await;
        assert_told(debug, Level::Debug, &["<Transport", "ResumeWriting"]);
        transport.abort();
    }
}

#[asyncio::test(timeout = "10s")]
async fn processes_that_start_and_end() {
    // CPython: base_events.BaseEventLoop.subprocess_exec, base_subprocess.BaseSubprocessTransport._process_exited
    for debug in [true, false] {
        watch(debug);
        let child = asyncio::create_subprocess_exec("true").await.unwrap();
        let pid = child.pid().to_string();
        child.wait().await.unwrap();
        assert_told(debug, Level::Info, &["process true was started", &pid]);
        assert_told(debug, Level::Info, &["has ended", &pid]);
    }
}

#[asyncio::test(timeout = "10s")]
async fn a_process_that_is_closed_while_it_runs() {
    // CPython: base_subprocess.BaseSubprocessTransport.close
    for debug in [true, false] {
        watch(debug);
        let child = asyncio::create_subprocess_exec("cat").stdin(asyncio::subprocess::PIPE).await.unwrap();
        child.transport().close();
        assert_told(debug, Level::Warn, &["a process that runs is closed, and killed", &child.pid().to_string()]);
        child.wait().await.unwrap();
    }
}

#[asyncio::test(timeout = "20s")]
async fn tls_handshakes_with_how_long_they_took() {
    // CPython: sslproto.SSLProtocol._start_handshake, _on_handshake_complete
    let (client, server) = crate::tls::certificates::pair();
    for debug in [true, false] {
        watch(debug);
        let serve = async |_reader, _writer| {};
        let server = asyncio::start_server(serve, "127.0.0.1", 0).ssl(&server).await.unwrap();
        let port = server.sockets()[0].getsockname().unwrap().port();
        let (_reader, writer) = asyncio::open_connection("127.0.0.1", port).ssl(&client).await.unwrap();
        assert_told(debug, Level::Debug, &["starts the TLS handshake"]);
        assert_told(debug, Level::Debug, &["the TLS handshake took ", " ms"]);
        writer.close();
        server.close();
        // The server closes its side without having written.
        drop(writer.wait_closed().await);
    }
}
