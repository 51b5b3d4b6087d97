//! `drain` and its order of errors, and who else writes.

use std::cell::Cell;
use std::io::ErrorKind;
use std::rc::Rc;

use asyncio::{Error, create_task};

use crate::support::net::{Reports, fill, off_loop, read_all, read_exactly, reset, settle};
use crate::support::streams::{opened, opened_narrowly};
use crate::support::tasks::ticks;

#[asyncio::test(timeout = "10s")]
async fn many_tasks_may_drain_at_the_same_time() {
    // CPython: test_streams.StreamTests.test_multiple_drain
    let (_reader, writer, peer) = opened_narrowly().await;
    let writer = Rc::new(writer);
    let written = clog(&writer);
    let drained = Rc::new(Cell::new(0));
    let tasks: Vec<_> = (0..10)
        .map(|_| {
            let (writer, drained) = (writer.clone(), drained.clone());
            create_task(async move {
                writer.drain().await?;
                drained.set(drained.get() + 1);
                Ok::<_, Error>(())
            })
        })
        .collect();
    settle().await;
    assert_eq!(drained.get(), 0, "nobody reads");
    assert_eq!(read_exactly(&peer, written).await.len(), written);
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(drained.get(), 10);
    writer.close();
}

/// Writes until it is no longer reasonable.
fn clog(writer: &asyncio::StreamWriter) -> usize {
    crate::support::net::clog(writer.transport())
}

#[asyncio::test(timeout = "10s")]
async fn draining_does_not_wait_while_there_is_room() {
    let (_reader, writer, _peer) = opened().await;
    writer.write(b"data");
    let polled = futures_lite::future::poll_once(writer.drain()).await;
    assert!(matches!(polled, Some(Ok(()))));
    writer.close();
}

#[asyncio::test(timeout = "10s")]
async fn who_writes_and_drains_in_a_loop_hears_of_the_end() {
    // CPython: test_streams.StreamTests.test_drain_raises
    let reports = Reports::collect();
    let (_reader, writer, peer) = opened().await;
    drop(peer);
    let error = loop {
        writer.write(b"foo\n");
        if let Err(error) = writer.drain().await {
            break error;
        }
    };
    let kinds = [ErrorKind::ConnectionReset, ErrorKind::ConnectionAborted, ErrorKind::BrokenPipe];
    assert!(kinds.contains(&error.io_kind().unwrap()), "{error}");
    assert!(reports.all().is_empty(), "{:?}", reports.all());
}

#[asyncio::test(timeout = "10s")]
async fn draining_after_the_close_is_an_error_even_if_the_end_was_regular() {
    // CPython: test_streams.StreamTests.test_async_writer_api_exception_after_close
    let (_reader, writer, peer) = opened().await;
    let address = peer.local_addr().unwrap();
    writer.close();
    writer.write(b"data");
    let error = writer.drain().await.unwrap_err();
    assert_eq!(error.io_kind(), Some(ErrorKind::ConnectionReset));
    assert!(
        error.to_string().contains("Connection lost") && error.to_string().contains(&address.to_string()),
        "{error}"
    );
    assert!(writer.drain().await.is_err(), "each time");
    writer.wait_closed().await.unwrap();
}

#[asyncio::test(timeout = "10s")]
async fn the_readers_exception_comes_first() {
    let (reader, writer, _peer) = opened().await;
    reader.set_exception(Error::value_error("broken"));
    assert_eq!(writer.drain().await.unwrap_err().to_string(), "ValueError: broken");
    writer.close();
    assert_eq!(writer.drain().await.unwrap_err().to_string(), "ValueError: broken");
    writer.wait_closed().await.unwrap();
}

#[asyncio::test(timeout = "10s")]
async fn the_loss_of_the_connection_ends_a_drain_with_its_error() {
    let (_reader, writer, peer) = opened_narrowly().await;
    fill(writer.transport());
    clog(&writer);
    let writer = Rc::new(writer);
    let drainer = writer.clone();
    let task = create_task(async move { drainer.drain().await });
    settle().await;
    assert!(!task.done());
    reset(peer);
    assert!(task.await.unwrap_err().io_kind().is_some());
}

#[asyncio::test(timeout = "10s")]
async fn a_regular_end_ends_a_drain_without_an_error() {
    let (_reader, writer, _peer) = opened_narrowly().await;
    clog(&writer);
    let writer = Rc::new(writer);
    let drainer = writer.clone();
    let task = create_task(async move { drainer.drain().await });
    ticks(2).await;
    assert!(!task.done());
    writer.transport().abort();
    task.await.unwrap();
    assert!(writer.drain().await.is_err());
}

#[asyncio::test(timeout = "10s")]
async fn what_was_written_is_sent_before_the_connection_ends() {
    let (reader, writer, peer) = opened_narrowly().await;
    let written = clog(&writer);
    writer.close();
    assert!(writer.transport().get_write_buffer_size() > 0);
    let received = read_all(peer).await;
    assert_eq!(received.len(), written);
    writer.wait_closed().await.unwrap();
    drop(reader);
}

#[asyncio::test(timeout = "10s")]
async fn without_a_close_the_wait_is_for_the_peer() {
    let (_reader, writer, peer) = opened().await;
    let writer = Rc::new(writer);
    let waiter = writer.clone();
    let task = create_task(async move { waiter.wait_closed().await });
    settle().await;
    assert!(!task.done());
    off_loop(move || reset(peer)).await;
    assert!(task.await.is_err());
}
