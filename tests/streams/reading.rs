//! `read`, `read_to_end`, `readexactly`, `read_into`, `read_buf`, and what a reader says of itself.

use asyncio::{Error, StreamReader, create_task};

use crate::support::streams::{ended, fed, rest, waiting};
use crate::support::tasks::tick;

const DATA: &[u8] = b"line1\nline2\nline3\n";

#[asyncio::test]
async fn a_reader_gives_what_it_was_fed() {
    // CPython: test_streams.StreamTests.test_feed_empty_data, test_feed_nonempty_data
    let reader = StreamReader::new();
    reader.feed_data(b"").unwrap();
    reader.feed_data(DATA).unwrap();
    reader.feed_data(b"").unwrap();
    assert_eq!(rest(reader).await, DATA);
}

#[asyncio::test]
async fn reading_nothing_takes_nothing() {
    // CPython: test_streams.StreamTests.test_read_zero, test_readexactly_zero_or_less
    let mut reader = fed(DATA);
    assert_eq!(reader.read(0).await.unwrap(), b"");
    assert_eq!(reader.readexactly(0).await.unwrap(), b"");
    assert_eq!(reader.read_into(&mut []).await.unwrap(), 0);
    assert_eq!(rest(reader).await, DATA);
    let mut empty = StreamReader::new();
    assert_eq!(empty.read(0).await.unwrap(), b"", "it does not wait either");
    assert_eq!(empty.readexactly(0).await.unwrap(), b"");
}

#[asyncio::test]
async fn a_read_waits_for_the_first_bytes() {
    // CPython: test_streams.StreamTests.test_read
    let (task, feeder) = waiting(StreamReader::new(), async |mut reader| reader.read(30).await).await;
    feeder.feed_data(DATA).unwrap();
    assert_eq!(task.await.unwrap(), DATA);
}

#[asyncio::test]
async fn a_read_takes_no_more_than_it_was_asked_for() {
    // CPython: test_streams.StreamTests.test_read_line_breaks
    let mut reader = fed(b"line1");
    reader.feed_data(b"line2").unwrap();
    assert_eq!(reader.read(5).await.unwrap(), b"line1");
    assert_eq!(reader.read(2).await.unwrap(), b"li");
    assert_eq!(rest(reader).await, b"ne2");
}

#[asyncio::test]
async fn at_the_end_a_read_gives_nothing() {
    // CPython: test_streams.StreamTests.test_read_eof
    let (task, feeder) = waiting(StreamReader::new(), async |mut reader| {
        let first = reader.read(1024).await?;
        assert_eq!(reader.read(1024).await?, b"", "each time");
        Ok(first)
    })
    .await;
    feeder.feed_eof();
    assert_eq!(task.await.unwrap(), b"");
}

#[asyncio::test]
async fn reading_to_the_end_takes_everything() {
    // CPython: test_streams.StreamTests.test_read_until_eof
    let (task, feeder) = waiting(StreamReader::new(), async |mut reader| reader.read_to_end().await).await;
    feeder.feed_data(b"chunk1\n").unwrap();
    tick().await;
    feeder.feed_data(b"chunk2").unwrap();
    feeder.feed_eof();
    assert_eq!(task.await.unwrap(), b"chunk1\nchunk2");
}

#[asyncio::test]
async fn reading_to_the_end_can_be_bounded() {
    let mut reader = ended(b"1234567");
    match reader.read_to_end().limit_total(6).await {
        Err(Error::LimitOverrunError(error)) => assert_eq!(error.consumed, 6),
        other => panic!("{other:?}"),
    }
    assert_eq!(reader.read_to_end().limit_total(7).await.unwrap(), b"1234567", "nothing was taken");
    // A peer that never ends does not get around it.
    let (task, feeder) =
        waiting(StreamReader::new(), async |mut reader| reader.read_to_end().limit_total(3).await).await;
    feeder.feed_data(b"123").unwrap();
    tick().await;
    assert!(!task.done());
    feeder.feed_data(b"4").unwrap();
    assert!(matches!(task.await, Err(Error::LimitOverrunError(_))));
}

#[asyncio::test]
async fn once_there_is_an_exception_every_read_raises_it_before_it_looks_at_the_buffer() {
    // CPython: test_streams.StreamTests.test_read_exception, test_readline_exception, test_readexactly_exception
    let mut reader = fed(b"line\nmore\n");
    assert_eq!(reader.read(2).await.unwrap(), b"li");
    reader.set_exception(Error::value_error("broken"));
    let says_so = |error: Error| assert_eq!(error.to_string(), "ValueError: broken");
    says_so(reader.read(2).await.unwrap_err());
    says_so(reader.read(0).await.unwrap_err());
    says_so(reader.readexactly(1).await.unwrap_err());
    says_so(reader.readline().await.unwrap_err());
    says_so(reader.readuntil("\n").await.unwrap_err());
    says_so(reader.read_to_end().await.unwrap_err());
    says_so(reader.read_into(&mut [0]).await.unwrap_err());
    says_so(reader.read_buf(&mut Vec::new()).await.unwrap_err());
}

#[asyncio::test]
async fn the_exception_is_told() {
    // CPython: test_streams.StreamTests.test_exception
    let reader = StreamReader::new();
    assert!(reader.exception().is_none());
    reader.set_exception(Error::value_error("broken"));
    assert_eq!(reader.exception().unwrap().to_string(), "ValueError: broken");
}

#[asyncio::test]
async fn an_exception_ends_a_wait() {
    // CPython: test_streams.StreamTests.test_exception_waiter
    let (task, feeder) = waiting(StreamReader::new(), async |mut reader| reader.readline().await).await;
    feeder.set_exception(Error::value_error("broken"));
    assert_eq!(task.await.unwrap_err().to_string(), "ValueError: broken");
}

#[asyncio::test]
async fn an_exception_after_a_cancelled_wait_reaches_the_next_read() {
    // CPython: test_streams.StreamTests.test_exception_cancel
    let mut reader = StreamReader::new();
    let feeder = reader.feeder();
    let task = create_task(async move {
        let _ = asyncio::catch_cancelled(async { reader.readline().await }).await;
        reader.readline().await
    });
    tick().await;
    task.cancel();
    feeder.set_exception(Error::runtime_error("message"));
    assert_eq!(task.await.unwrap_err().to_string(), "RuntimeError: message");
}

#[asyncio::test]
async fn a_limit_of_nothing_is_refused() {
    // CPython: test_streams.StreamTests.test_invalid_limit
    assert!(StreamReader::with_limit(0).unwrap_err().to_string().contains("limit"));
    assert_eq!(StreamReader::with_limit(1).unwrap().limit(), 1);
    assert_eq!(StreamReader::new().limit(), 64 * 1024);
}

#[asyncio::test]
async fn the_limit_does_not_concern_reads_that_count() {
    // CPython: test_streams.StreamTests.test_read_limit, test_readexactly_limit
    let mut reader = StreamReader::with_limit(3).unwrap();
    reader.feed_data(b"chunk").unwrap();
    assert_eq!(reader.read(5).await.unwrap(), b"chunk");
    reader.feed_data(b"chunk").unwrap();
    assert_eq!(reader.readexactly(5).await.unwrap(), b"chunk");
}

#[asyncio::test]
async fn an_exact_read_waits_for_all_of_it() {
    // CPython: test_streams.StreamTests.test_readexactly
    let (task, feeder) = waiting(StreamReader::new(), async |mut reader| {
        let read = reader.readexactly(2 * DATA.len()).await?;
        Ok((read, rest(reader).await))
    })
    .await;
    feeder.feed_data(DATA).unwrap();
    tick().await;
    assert!(!task.done());
    feeder.feed_data(DATA).unwrap();
    feeder.feed_data(DATA).unwrap();
    assert_eq!(task.await.unwrap(), (DATA.repeat(2), DATA.to_vec()));
}

#[asyncio::test]
async fn an_exact_read_that_meets_the_end_gives_what_there_was() {
    // CPython: test_streams.StreamTests.test_readexactly_eof
    let (task, feeder) = waiting(StreamReader::new(), async |mut reader| {
        let error = reader.readexactly(36).await.unwrap_err();
        assert!(reader.at_eof(), "it was taken");
        Ok(error)
    })
    .await;
    feeder.feed_data(DATA).unwrap();
    feeder.feed_eof();
    match task.await.unwrap() {
        Error::IncompleteReadError(error) => {
            assert_eq!((error.partial.as_slice(), error.expected), (DATA, Some(36)));
            assert!(error.to_string().contains("18 bytes read on a total of 36 expected"));
        }
        other => panic!("{other:?}"),
    }
}

#[asyncio::test]
async fn a_reader_is_at_its_end_when_all_of_it_is_read() {
    // CPython: test_streams.StreamTests.test_at_eof
    let mut reader = StreamReader::new();
    assert!(!reader.at_eof());
    reader.feed_data(b"some data\n").unwrap();
    assert!(!reader.at_eof());
    reader.readline().await.unwrap();
    assert!(!reader.at_eof());
    reader.feed_data(b"some data\n").unwrap();
    reader.feed_eof();
    assert!(!reader.at_eof());
    reader.readline().await.unwrap();
    assert!(reader.at_eof());
}

#[asyncio::test]
async fn feeding_after_the_end_is_an_error() {
    let reader = ended(b"all");
    assert!(reader.feed_data(b"more").unwrap_err().to_string().contains("feed_eof"));
    assert!(reader.feeder().feed_data(b"more").is_err());
    reader.feed_eof();
    assert_eq!(rest(reader).await, b"all");
}

#[asyncio::test]
async fn a_read_fills_memory_of_the_callers() {
    let mut reader = ended(b"some data");
    let mut memory = [b'.'; 6];
    assert_eq!(reader.read_into(&mut memory).await.unwrap(), 6);
    assert_eq!(&memory, b"some d");
    assert_eq!(reader.read_into(&mut memory).await.unwrap(), 3);
    assert_eq!(&memory, b"atae d");
    assert_eq!(reader.read_into(&mut memory).await.unwrap(), 0);
}

#[asyncio::test]
async fn a_read_appends_to_a_vector_of_the_callers() {
    let mut reader = fed(b"first");
    let mut data = Vec::new();
    assert_eq!(reader.read_buf(&mut data).await.unwrap(), 5);
    reader.feed_data(b"second").unwrap();
    assert_eq!(reader.read_buf(&mut data).await.unwrap(), 6);
    assert_eq!(data, b"firstsecond");
    reader.feed_eof();
    let mut kept = Vec::with_capacity(100);
    assert_eq!(reader.read_buf(&mut kept).await.unwrap(), 0);
    assert!(kept.is_empty() && kept.capacity() >= 100);
}

#[asyncio::test]
async fn a_vector_is_received_into_without_another_allocation() {
    let (task, feeder) = waiting(StreamReader::new(), async |mut reader| {
        let mut data = Vec::with_capacity(4096);
        let memory = data.as_ptr();
        for expected in [b"first".as_slice(), b"second"] {
            data.clear();
            assert_eq!(reader.read_buf(&mut data).await?, expected.len());
            assert_eq!(data, expected);
            assert_eq!(data.as_ptr(), memory, "it is the same memory");
        }
        // At the end it comes back as well.
        data.clear();
        assert_eq!(reader.read_buf(&mut data).await?, 0);
        assert_eq!(data.as_ptr(), memory);
        Ok(())
    })
    .await;
    feeder.feed_data(b"first").unwrap();
    tick().await;
    feeder.feed_data(b"second").unwrap();
    tick().await;
    feeder.feed_eof();
    task.await.unwrap();
}

#[asyncio::test]
async fn a_reader_shows_what_it_is_about() {
    // CPython: test_streams.StreamTests.test___repr__ and its kin
    let reader = StreamReader::with_limit(123).unwrap();
    reader.feed_data(b"data").unwrap();
    reader.feed_eof();
    reader.set_exception(Error::value_error("broken"));
    assert_eq!(format!("{reader:?}"), "<StreamReader 4 bytes eof limit=123 exception=ValueError: broken>");
}
