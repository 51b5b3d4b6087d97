//! Each wait of a stream is cancelled in its three moments: before its first poll, while it is suspended, and in the
//! tick in which what it waits for happens. No byte is lost by that.

use std::cell::RefCell;
use std::future::Future;
use std::rc::Rc;

use asyncio::{Error, Result, StreamReader, create_task};
use futures_lite::{AsyncBufReadExt, AsyncReadExt, StreamExt};

use crate::support::net::{clog, read_exactly};
use crate::support::streams::{opened, opened_narrowly};
use crate::support::tasks::ticks;

/// When a read is cancelled.
#[derive(Clone, Copy, Debug)]
enum Moment {
    BeforeTheFirstPoll,
    Suspended,
    /// So many ticks after the bytes have come.
    AfterTheBytes(usize),
}

const MOMENTS: [Moment; 5] = [
    Moment::BeforeTheFirstPoll,
    Moment::Suspended,
    Moment::AfterTheBytes(0),
    Moment::AfterTheBytes(1),
    Moment::AfterTheBytes(2),
];

const DATA: &[u8] = b"some data\nand more\n";

/// Cancels a read; what it did not give must be there afterwards.
async fn loses_nothing<F>(what: &str, read: impl Fn(Rc<RefCell<StreamReader>>, Rc<RefCell<Vec<u8>>>) -> F)
where
    F: Future<Output = Result<()>> + 'static,
{
    for moment in MOMENTS {
        let reader = Rc::new(RefCell::new(StreamReader::new()));
        let feeder = reader.borrow().feeder();
        let given = Rc::new(RefCell::new(Vec::new()));
        let task = create_task(read(reader.clone(), given.clone()));
        match moment {
            Moment::BeforeTheFirstPoll => {}
            Moment::Suspended => ticks(2).await,
            Moment::AfterTheBytes(number) => {
                ticks(2).await;
                feeder.feed_data(DATA).unwrap();
                ticks(number).await;
            }
        }
        let in_time = task.cancel();
        let outcome = task.await;
        assert_eq!(outcome.is_err_and(|error| error.is_cancelled()), in_time, "{what} {moment:?}");
        if in_time {
            assert!(given.borrow().is_empty(), "{what} {moment:?}: it left, and did not return first");
        }
        if !matches!(moment, Moment::AfterTheBytes(_)) {
            feeder.feed_data(DATA).unwrap();
        }
        feeder.feed_eof();
        let mut all = given.take();
        let mut reader = reader.take();
        all.extend(reader.read_to_end().await.unwrap());
        assert_eq!(all, DATA, "{what} {moment:?}");
    }
}

macro_rules! reads {
    ($($name:literal: |$reader:ident, $given:ident| $body:expr;)*) => {
        $(
            #[expect(clippy::await_holding_refcell_ref, reason = "the test looks again once the task has ended")]
            loses_nothing($name, |reader, given| async move {
                let mut $reader = reader.borrow_mut();
                let $given = &mut Vec::<u8>::new();
                $body;
                given.borrow_mut().extend_from_slice($given);
                Ok::<_, Error>(())
            })
            .await;
        )*
    };
}

#[asyncio::test]
async fn a_read_that_is_cancelled_loses_no_byte() {
    reads! {
        "read": |reader, given| given.extend(reader.read(4).await?);
        "readexactly": |reader, given| given.extend(reader.readexactly(12).await?);
        "readline": |reader, given| given.extend(reader.readline().await?);
        "readuntil": |reader, given| given.extend(reader.readuntil(("more", "nothing")).await?);
        "read_to_end": |reader, given| given.extend(reader.read_to_end().await?);
        "read_into": |reader, given| {
            let mut memory = [0; 7];
            let length = reader.read_into(&mut memory).await?;
            given.extend_from_slice(&memory[..length]);
        };
        "read_buf": |reader, given| reader.read_buf(given).await?;
        "the stream of lines": |reader, given| given.extend(reader.next().await.unwrap()?);
        "read_with": |reader, given| reader.read_with(|data| given.extend_from_slice(data)).await?;
        "AsyncRead": |reader, given| {
            let mut memory = [0; 7];
            let length = AsyncReadExt::read(&mut *reader, &mut memory).await.map_err(Error::from)?;
            given.extend_from_slice(&memory[..length]);
        };
        "AsyncBufRead": |reader, given| {
            given.extend_from_slice(reader.fill_buf().await.map_err(Error::from)?);
            let length = given.len();
            AsyncBufReadExt::consume(&mut *reader, length);
        };
    }
}

#[asyncio::test]
async fn a_read_into_a_vector_that_is_cancelled_gives_the_memory_back() {
    let mut reader = StreamReader::new();
    let mut data = Vec::with_capacity(4096);
    let memory = data.as_ptr();
    let waiting = async { reader.read_buf(&mut data).await };
    assert!(asyncio::timeout(std::time::Duration::from_millis(1), waiting).await.unwrap_err().is_timeout());
    assert!(data.as_ptr() == memory && data.capacity() == 4096);
}

#[asyncio::test(timeout = "60s")]
async fn a_drain_that_is_cancelled_takes_nothing_back() {
    for moment in 0..3 {
        let (_reader, writer, peer) = opened_narrowly().await;
        let written = clog(writer.transport());
        let writer = Rc::new(writer);
        let drainer = writer.clone();
        let task = create_task(async move { drainer.drain().await });
        ticks(moment).await;
        assert!(task.cancel());
        assert!(task.await.unwrap_err().is_cancelled());
        assert_eq!(read_exactly(&peer, written).await.len(), written);
        writer.drain().await.unwrap();
        writer.close();
    }
}

#[asyncio::test(timeout = "10s")]
async fn a_drain_that_is_cancelled_in_the_tick_of_its_end_leaves() {
    let (_reader, writer, _peer) = opened_narrowly().await;
    clog(writer.transport());
    let writer = Rc::new(writer);
    let drainer = writer.clone();
    let task = create_task(async move { drainer.drain().await });
    ticks(2).await;
    writer.transport().abort();
    ticks(1).await;
    assert!(task.cancel());
    assert!(task.await.unwrap_err().is_cancelled());
}

#[asyncio::test(timeout = "10s")]
async fn the_wait_for_the_end_can_be_cancelled_at_every_tick() {
    for moment in 0..8 {
        let (_reader, writer, _peer) = opened().await;
        let writer = Rc::new(writer);
        let waiter = writer.clone();
        let task = create_task(async move { waiter.wait_closed().await });
        ticks(2).await;
        writer.close();
        ticks(moment).await;
        let in_time = task.cancel();
        assert_eq!(task.await.is_err(), in_time);
        writer.wait_closed().await.unwrap();
    }
}
