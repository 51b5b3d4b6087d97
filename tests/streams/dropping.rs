//! What becomes of a connection when one side of its stream, or both, are dropped.

use std::rc::Rc;

use ::log::Level;

use crate::support::log;
use crate::support::net::{clog, read_all, read_exactly, send, settle};
use crate::support::streams::{opened, opened_narrowly};

#[asyncio::test(timeout = "10s", debug = true)]
async fn a_writer_that_is_dropped_open_closes_its_connection_and_is_reported() {
    // CPython: test_streams.StreamTests.test_unclosed_resource_warnings
    log::collect();
    let (mut reader, writer, peer) = opened_narrowly().await;
    let written = clog(writer.transport());
    let transport = writer.transport().clone();
    drop(writer);
    assert!(transport.is_closing());
    let warnings = log::collected(Level::Warn);
    assert!(warnings.len() == 1 && warnings[0].starts_with("ASY0012: unclosed <StreamWriter"), "{warnings:?}");
    assert_eq!(read_all(peer).await.len(), written, "what was written is still sent");
    assert_eq!(reader.read(1).await.unwrap(), b"", "and the reader comes to its end");
}

#[asyncio::test(timeout = "10s", debug = true)]
async fn a_writer_that_was_closed_or_has_ended_its_side_is_not_reported() {
    log::collect();
    let (_reader, writer, _peer) = opened().await;
    writer.close();
    drop(writer);
    let (_reader, writer, peer) = opened().await;
    writer.write_eof();
    let transport = writer.transport().clone();
    drop(writer);
    assert!(transport.is_closing());
    assert_eq!(read_all(peer).await, b"");
    assert_eq!(log::collected(Level::Warn), Vec::<String>::new());
}

#[asyncio::test(timeout = "10s")]
async fn without_debug_mode_nothing_is_said() {
    log::collect();
    asyncio::testing::assert_no_leaks(async {
        let (reader, writer, peer) = opened().await;
        drop((reader, writer));
        assert_eq!(read_all(peer).await, b"");
        settle().await;
    })
    .await;
    assert_eq!(log::collected(Level::Warn), Vec::<String>::new());
}

#[asyncio::test(timeout = "10s")]
async fn what_nobody_reads_is_received_and_forgotten() {
    let (reader, writer, peer) = opened().await;
    // More than twice the limit has come in, so that reading is paused.
    send(&peer, &vec![b'x'; 300 << 10]);
    while writer.transport().is_reading() {
        settle().await;
    }
    drop(reader);
    assert!(writer.transport().is_reading());
    let much = vec![b'x'; 4 << 20];
    let theirs = peer.try_clone().unwrap();
    crate::support::net::off_loop(move || send(&theirs, &much)).await;
    writer.write(b"still here");
    assert_eq!(read_exactly(&peer, 10).await, b"still here");
    peer.shutdown(std::net::Shutdown::Both).unwrap();
    settle().await;
    writer.close();
    writer.wait_closed().await.unwrap();
}

#[asyncio::test(timeout = "10s")]
async fn the_last_of_several_writers_closes_the_connection() {
    let (_reader, writer, _peer) = opened().await;
    let first = Rc::new(writer);
    let transport = first.transport().clone();
    let second = first.clone();
    drop(first);
    assert!(!transport.is_closing());
    drop(second);
    assert!(transport.is_closing());
}

#[test]
fn a_stream_that_outlives_its_loop_is_harmless() {
    // CPython: test_streams.StreamTests.test_loop_is_closed_resource_warnings
    let kept = asyncio::run(async { Ok::<_, asyncio::Error>(opened().await) }).unwrap();
    let (mut reader, writer, _peer) = kept;
    assert!(writer.is_closing());
    writer.write(b"nobody hears");
    let polled = futures_lite::future::block_on(futures_lite::future::poll_once(reader.read(0)));
    assert!(polled.unwrap().is_ok());
    drop((reader, writer));
}
