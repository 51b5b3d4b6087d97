//! `readuntil`, with one separator and several.

use std::sync::Arc;

use asyncio::{Error, IncompleteReadError, LimitOverrunError, Result, StreamReader};

use crate::support::streams::{ended, fed, rest, waiting};
use crate::support::tasks::tick;

#[track_caller]
fn overrun(result: Result<Vec<u8>>) -> Arc<LimitOverrunError> {
    match result {
        Err(Error::LimitOverrunError(error)) => error,
        other => panic!("{other:?}"),
    }
}

#[asyncio::test]
async fn no_separator_and_an_empty_one_are_refused() {
    // CPython: test_streams.StreamTests.test_readuntil_separator
    let mut reader = fed(b"data");
    let none: [&[u8]; 0] = [];
    for error in [
        reader.readuntil(b"").await.unwrap_err(),
        reader.readuntil([b""]).await.unwrap_err(),
        reader.readuntil(("a", "")).await.unwrap_err(),
        reader.readuntil(none).await.unwrap_err(),
    ] {
        assert!(matches!(&error, Error::ValueError(text) if text.as_str().contains("separator")), "{error}");
    }
    assert_eq!(rest(reader).await, b"data");
}

#[asyncio::test]
async fn a_separator_is_part_of_what_is_read() {
    // CPython: test_streams.StreamTests.test_readuntil_multi_chunks, test_readuntil_bytearray
    let mut reader = fed(b"lineAAA");
    assert_eq!(reader.readuntil(b"AAA").await.unwrap(), b"lineAAA");
    reader.feed_data(b"lineAAAxxx").unwrap();
    assert_eq!(reader.readuntil("AAA").await.unwrap(), b"lineAAA");
    let separator = b"xxx".to_vec();
    assert_eq!(reader.readuntil(&separator).await.unwrap(), b"xxx");
    assert_eq!(rest(reader).await, b"");
}

#[asyncio::test]
async fn a_separator_may_come_in_pieces() {
    // CPython: test_streams.StreamTests.test_readuntil_multi_chunks_1
    for chunks in [
        [b"QWEaa".as_slice(), b"XYaa", b"a"].as_slice(),
        &[b"QWEaa", b"XYa", b"aa"],
        &[b"aaa"],
        &[b"Xaaa"],
        &[b"XXX", b"a", b"a", b"a"],
        &[b"aXaaXa", b"aa"],
    ] {
        let (task, feeder) = waiting(StreamReader::new(), async |mut reader| {
            let read = reader.readuntil(b"aaa").await?;
            assert_eq!(rest(reader).await, b"");
            Ok(read)
        })
        .await;
        for chunk in chunks {
            feeder.feed_data(chunk).unwrap();
            tick().await;
        }
        assert_eq!(task.await.unwrap(), chunks.concat());
    }
}

#[asyncio::test]
async fn the_end_before_a_separator_gives_what_there_was() {
    // CPython: test_streams.StreamTests.test_readuntil_eof
    let mut reader = ended(b"some dataAA");
    match reader.readuntil(b"AAA").await {
        Err(Error::IncompleteReadError(error)) => {
            assert_eq!(*error, IncompleteReadError { partial: b"some dataAA".to_vec(), expected: None });
        }
        other => panic!("{other:?}"),
    }
    assert!(reader.at_eof(), "it was taken");
}

#[asyncio::test]
async fn a_separator_that_the_last_bytes_complete_is_found() {
    let (task, feeder) = waiting(fed(b"data\r"), async |mut reader| reader.readuntil("\r\n").await).await;
    feeder.feed_data(b"\n").unwrap();
    feeder.feed_eof();
    assert_eq!(task.await.unwrap(), b"data\r\n");
}

#[asyncio::test]
async fn more_than_the_limit_is_an_error_that_takes_nothing() {
    // CPython: test_streams.StreamTests.test_readuntil_limit_found_sep
    let mut reader = StreamReader::with_limit(3).unwrap();
    reader.feed_data(b"some dataAA").unwrap();
    let error = overrun(reader.readuntil(b"AAA").await);
    assert_eq!(error.consumed, 9, "the last two bytes may begin a separator");
    assert!(error.to_string().contains("no separator is found"), "{error}");
    reader.feed_data(b"A").unwrap();
    let error = overrun(reader.readuntil(b"AAA").await);
    assert_eq!(error.consumed, 9);
    assert!(error.to_string().contains("a separator is found"), "{error}");
    assert_eq!(reader.readexactly(error.consumed).await.unwrap(), b"some data");
    assert_eq!(reader.readuntil(b"AAA").await.unwrap(), b"AAA", "so one goes on");
}

#[asyncio::test]
async fn the_separator_that_ends_first_counts() {
    // CPython: test_streams.StreamTests.test_readuntil_multi_separator
    let mut reader = fed(b"line 1\nline 2\r");
    assert_eq!(reader.readuntil((b"\r", b"\n")).await.unwrap(), b"line 1\n");
    assert_eq!(reader.readuntil([b"\r", b"\n"]).await.unwrap(), b"line 2\r");
    reader.feed_data(b"ABCDEFG").unwrap();
    assert_eq!(reader.readuntil((b"DEF", b"BCDE")).await.unwrap(), b"ABCDE", "even if it is longer");
    assert_eq!(rest(reader).await, b"FG");
}

#[asyncio::test]
async fn of_separators_that_end_together_the_shortest_counts_for_the_limit() {
    // CPython: test_streams.StreamTests.test_readuntil_multi_separator_limit
    let mut reader = StreamReader::with_limit(3).unwrap();
    reader.feed_data(b"some dataA").unwrap();
    let error = overrun(reader.readuntil((b"A", b"ome dataA")).await);
    assert!(error.to_string().contains("a separator is found"), "{error}");
    assert_eq!(error.consumed, 9);
    assert_eq!(rest(reader).await, b"some dataA");
}

#[asyncio::test]
async fn separators_longer_than_what_is_there_are_no_trouble() {
    // CPython: test_streams.StreamTests.test_readuntil_multi_separator_negative_offset
    let (task, feeder) = waiting(fed(b"data"), async |mut reader| {
        let read = reader.readuntil((b"A", b"long sep")).await?;
        Ok((read, rest(reader).await))
    })
    .await;
    feeder.feed_data(b"Z").unwrap();
    tick().await;
    feeder.feed_data(b"Aaaa").unwrap();
    assert_eq!(task.await.unwrap(), (b"dataZA".to_vec(), b"aaa".to_vec()));
}

#[asyncio::test]
async fn separators_are_written_in_many_ways() {
    let mut reader = fed(b"a,b;c\r\nd|e ");
    let slices: Vec<&[u8]> = vec![b";", b","];
    assert_eq!(reader.readuntil(slices.clone()).await.unwrap(), b"a,");
    assert_eq!(reader.readuntil(slices.as_slice()).await.unwrap(), b"b;");
    assert_eq!(reader.readuntil((";", b"\r\n", "\n")).await.unwrap(), b"c\r\n");
    assert_eq!(reader.readuntil([b"|".as_slice(), b"||"]).await.unwrap(), b"d|");
    assert_eq!(reader.readuntil(b" ".as_slice()).await.unwrap(), b"e ");
}
