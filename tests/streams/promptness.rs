//! A task that waits for bytes runs right after they came in, before other connections get theirs.

use std::net::{TcpListener, TcpStream};

use asyncio::{EventLoop, Runner, StreamReader, StreamReaderProtocol, StreamWriter, create_task};

use crate::support::net::{running, send};
use crate::support::tasks::ticks;

/// A stream whose protocol tells how much waits to be read while a task reads.
async fn observed(listener: &TcpListener) -> (StreamReader, StreamWriter, StreamReaderProtocol, TcpStream) {
    let port = listener.local_addr().unwrap().port();
    let reader = StreamReader::new();
    let protocol = StreamReaderProtocol::new(&reader);
    let theirs = protocol.clone();
    let (transport, _) = running().create_connection(move || theirs, "127.0.0.1", port).await.unwrap();
    let (peer, _) = listener.accept().unwrap();
    (reader, StreamWriter::new(transport, &protocol), protocol, peer)
}

/// Two connections have data at the same time: has one of them received its own before the other's was read?
async fn both_held() -> asyncio::Result<bool> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let (mut one, first, one_holds, one_peer) = observed(&listener).await;
    let (mut other, second, other_holds, other_peer) = observed(&listener).await;
    let reads = [
        create_task(async move { one.read(100).await.map(|_| format!("{other_holds:?}")) }),
        create_task(async move { other.read(100).await.map(|_| format!("{one_holds:?}")) }),
    ];
    ticks(3).await;
    // The system hands both over before the loop asks again.
    send(&one_peer, b"hello");
    send(&other_peer, b"hello");
    let mut held = false;
    for read in reads {
        held |= read.await?.contains("5 bytes");
    }
    first.close();
    second.close();
    Ok(held)
}

#[test]
fn bytes_are_read_before_the_next_connection_gets_its_own() {
    assert!(!asyncio::run(both_held()).unwrap());
}

#[test]
fn in_strict_mode_they_are_read_in_the_next_tick_as_in_python() {
    let factory = || EventLoop::builder().strict(true).build();
    let mut runner = Runner::builder().loop_factory(factory).build();
    assert!(runner.run(both_held()).unwrap());
}
