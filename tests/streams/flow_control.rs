//! When a reader pauses its transport, and when it resumes it.

use asyncio::{StreamReader, StreamWriter, create_task};

use crate::support::net::{off_loop, send, settle};
use crate::support::streams::opened;

const LIMIT: usize = 64 * 1024;

/// Sends so much that reading is paused.
async fn paused(writer: &StreamWriter, peer: &std::net::TcpStream) {
    send(peer, &vec![b'x'; 2 * LIMIT + 1]);
    while writer.transport().is_reading() {
        settle().await;
    }
}

#[asyncio::test(timeout = "10s")]
async fn reading_is_paused_above_twice_the_limit_and_resumed_at_the_limit() {
    // CPython: StreamReader.feed_data and _maybe_resume_transport, by test_streams.StreamTests.test_read_all_from_pipe_reader
    let (mut reader, writer, peer) = opened().await;
    send(&peer, &vec![b'x'; 2 * LIMIT]);
    while reader.read(0).await.is_ok() && !format!("{reader:?}").contains(&format!("{} bytes", 2 * LIMIT)) {
        settle().await;
    }
    assert!(writer.transport().is_reading(), "exactly twice the limit is no reason");
    send(&peer, b"x");
    while writer.transport().is_reading() {
        settle().await;
    }
    reader.readexactly(LIMIT).await.unwrap();
    assert!(!writer.transport().is_reading(), "one byte more than the limit is left");
    reader.readexactly(1).await.unwrap();
    assert!(writer.transport().is_reading());
    writer.close();
}

#[asyncio::test(timeout = "10s")]
async fn an_exact_read_of_more_than_the_limit_does_not_hang() {
    let (mut reader, writer, peer) = opened().await;
    paused(&writer, &peer).await;
    let sending = create_task(off_loop_send(peer, 10 * LIMIT));
    let read = reader.readexactly(12 * LIMIT + 1).await.unwrap();
    assert_eq!(read.len(), 12 * LIMIT + 1);
    sending.await.unwrap();
    writer.close();
}

async fn off_loop_send(peer: std::net::TcpStream, length: usize) -> asyncio::Result<()> {
    off_loop(move || send(&peer, &vec![b'y'; length])).await;
    Ok(())
}

#[asyncio::test(timeout = "10s")]
async fn reading_to_the_end_of_more_than_the_limit_does_not_hang() {
    let (mut reader, writer, peer) = opened().await;
    paused(&writer, &peer).await;
    let sending = create_task(off_loop_send(peer, 10 * LIMIT));
    assert_eq!(reader.read_to_end().await.unwrap().len(), 12 * LIMIT + 1);
    sending.await.unwrap();
    writer.close();
}

#[asyncio::test(timeout = "10s")]
async fn a_large_read_that_is_given_up_pauses_what_it_let_in() {
    let (mut reader, writer, peer) = opened().await;
    send(&peer, &vec![b'x'; 4 * LIMIT]);
    let waiting = async { reader.readexactly(100 * LIMIT).await };
    assert!(asyncio::timeout(std::time::Duration::from_millis(50), waiting).await.is_err());
    assert!(!writer.transport().is_reading(), "nobody wants so much now");
    assert_eq!(reader.readexactly(4 * LIMIT).await.unwrap().len(), 4 * LIMIT, "and nothing is lost");
    assert!(writer.transport().is_reading());
    writer.close();
}

#[asyncio::test]
async fn a_reader_without_a_transport_keeps_all_it_is_fed() {
    // CPython: StreamReader.feed_data where the transport cannot be paused
    let mut reader = StreamReader::with_limit(1).unwrap();
    for _ in 0..100 {
        reader.feed_data(b"0123456789").unwrap();
    }
    assert_eq!(reader.readexactly(1000).await.unwrap().len(), 1000);
}
