//! Bytes that come while a task waits are read where the system has put them, and outlast what comes after them.

use std::io::Write;

use asyncio::{Error, EventLoop, Runner, create_task};

use crate::support::net::send;
use crate::support::streams::{ended, fed, opened, rest};
use crate::support::tasks::ticks;

#[asyncio::test]
async fn read_with_lends_all_that_there_is_and_takes_it() {
    let mut reader = fed(b"all of it");
    assert_eq!(reader.read_with(<[u8]>::to_vec).await.unwrap(), b"all of it");
    reader.feed_data(b"more").unwrap();
    reader.feed_eof();
    assert_eq!(reader.read_with(<[u8]>::len).await.unwrap(), 4);
    assert_eq!(reader.read_with(<[u8]>::len).await.unwrap(), 0, "the end");
    assert!(reader.at_eof());
    reader.set_exception(Error::value_error("broken"));
    let error = reader.read_with(|_| panic!("it is not called")).await.unwrap_err();
    assert_eq!(error.to_string(), "ValueError: broken");
}

#[asyncio::test]
async fn the_function_may_use_the_stream_it_reads_from() {
    let mut reader = fed(b"ping");
    let feeder = reader.feeder();
    reader.read_with(|data| feeder.feed_data(&[data, b" pong"].concat())).await.unwrap().unwrap();
    assert_eq!(rest(reader).await, b"ping pong");
}

#[asyncio::test(timeout = "10s")]
async fn what_was_lent_comes_from_the_connection() {
    let (mut reader, writer, peer) = opened().await;
    for text in [b"hello", b"again"] {
        let task = create_task(async move { reader.read_with(<[u8]>::to_vec).await.map(|data| (data, reader)) });
        ticks(2).await;
        send(&peer, text);
        let data;
        (data, reader) = task.await.unwrap();
        assert_eq!(data, text);
    }
    writer.close();
}

/// A task reads a line of several that came at once; then another connection receives; then it reads the others.
async fn lines_of_two() -> asyncio::Result<()> {
    let (mut one, first, mut one_peer) = opened().await;
    let (mut other, second, mut other_peer) = opened().await;
    let line = create_task(async move { one.readline().await.map(|line| (line, one)) });
    let all = create_task(async move { other.read(100).await.map(|data| (data, other)) });
    ticks(2).await;
    one_peer.write_all(b"one\ntwo\nthr")?;
    let (line, mut one) = line.await?;
    assert_eq!(line, b"one\n");
    other_peer.write_all(b"XXXXXXXXXXXXXXXXXXXX")?;
    let (data, other) = all.await?;
    assert_eq!(data, b"XXXXXXXXXXXXXXXXXXXX");
    one_peer.write_all(b"ee\n")?;
    assert_eq!(one.readline().await?, b"two\n");
    assert_eq!(one.readline().await?, b"three\n");
    first.close();
    second.close();
    drop(other);
    Ok(())
}

#[test]
fn what_is_left_of_it_outlasts_what_another_connection_receives() {
    asyncio::run(lines_of_two()).unwrap();
}

#[test]
fn what_is_left_of_it_outlasts_that_in_strict_mode_too() {
    let factory = || EventLoop::builder().strict(true).build();
    Runner::builder().loop_factory(factory).build().run(lines_of_two()).unwrap();
}

#[asyncio::test(timeout = "10s")]
async fn two_that_wait_and_are_not_run_at_once_get_their_own_bytes() {
    // A foreign combinator's waker is no task's, so nothing runs between the two.
    let (mut one, first, one_peer) = opened().await;
    let (mut other, second, other_peer) = opened().await;
    let both = create_task(async move {
        let (one, other) = futures_lite::future::zip(one.read(100), other.read(100)).await;
        Ok::<_, Error>((one?, other?))
    });
    ticks(2).await;
    send(&one_peer, b"for one");
    send(&other_peer, b"for the other");
    assert_eq!(both.await.unwrap(), (b"for one".to_vec(), b"for the other".to_vec()));
    first.close();
    second.close();
}

#[asyncio::test]
async fn read_with_at_the_end_is_called_with_nothing() {
    let mut reader = ended(b"");
    assert!(reader.read_with(<[u8]>::is_empty).await.unwrap());
}
