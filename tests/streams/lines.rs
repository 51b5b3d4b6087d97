//! `readline`, and a reader as a stream of lines.

use asyncio::{Error, StreamReader};
use futures_lite::StreamExt;

use crate::support::streams::{ended, fed, rest, waiting};

fn limited(limit: usize, chunks: &[&[u8]]) -> StreamReader {
    let reader = StreamReader::with_limit(limit).unwrap();
    chunks.iter().for_each(|chunk| reader.feed_data(chunk).unwrap());
    reader
}

fn is_value_error(error: &Error) -> bool {
    matches!(error, Error::ValueError(_))
}

#[asyncio::test]
async fn a_line_may_come_in_several_pieces() {
    // CPython: test_streams.StreamTests.test_readline
    let (task, feeder) = waiting(fed(b"chunk1 "), async |mut reader| {
        let line = reader.readline().await?;
        Ok((line, rest(reader).await))
    })
    .await;
    feeder.feed_data(b"chunk2 ").unwrap();
    feeder.feed_data(b"chunk3 ").unwrap();
    feeder.feed_data(b"\n chunk4").unwrap();
    assert_eq!(task.await.unwrap(), (b"chunk1 chunk2 chunk3 \n".to_vec(), b" chunk4".to_vec()));
}

#[asyncio::test]
async fn a_line_that_is_too_long_is_dropped_if_its_end_is_there() {
    // CPython: test_streams.StreamTests.test_readline_limit_with_existing_data
    let mut reader = limited(3, &[b"li", b"ne1\nline2\n"]);
    assert!(is_value_error(&reader.readline().await.unwrap_err()));
    assert_eq!(rest(reader).await, b"line2\n");
}

#[asyncio::test]
async fn what_is_too_long_without_an_end_is_all_dropped() {
    // CPython: test_streams.StreamTests.test_readline_limit_with_existing_data, second half
    let mut reader = limited(3, &[b"li", b"ne1", b"li"]);
    assert!(is_value_error(&reader.readline().await.unwrap_err()));
    assert_eq!(rest(reader).await, b"");
}

#[asyncio::test]
async fn a_line_that_becomes_too_long_while_it_is_waited_for_is_dropped() {
    // CPython: test_streams.StreamTests.test_readline_limit
    for (chunks, left) in [
        ([b"chunk1".as_slice(), b"chunk2", b"chunk3\n"], b"".as_slice()),
        ([b"chunk1", b"chunk2\n", b"chunk3\n"], b"chunk3\n"),
    ] {
        let (task, feeder) = waiting(limited(7, &[]), async |mut reader| {
            assert!(is_value_error(&reader.readline().await.unwrap_err()));
            Ok(rest(reader).await)
        })
        .await;
        chunks.iter().for_each(|chunk| feeder.feed_data(chunk).unwrap());
        feeder.feed_eof();
        assert_eq!(task.await.unwrap(), left);
    }
}

#[asyncio::test]
async fn the_limit_counts_the_line_without_its_end() {
    // CPython: test_streams.StreamTests.test_readline_limit, last part
    let mut reader = limited(7, &[b"1234567\n"]);
    assert_eq!(reader.readline().await.unwrap(), b"1234567\n");
    reader.feed_data(b"12345678\n").unwrap();
    assert!(is_value_error(&reader.readline().await.unwrap_err()));
    reader.feed_data(b"12345678").unwrap();
    assert!(is_value_error(&reader.readline().await.unwrap_err()));
    assert_eq!(rest(reader).await, b"");
}

#[asyncio::test]
async fn lines_that_are_there_need_no_wait() {
    // CPython: test_streams.StreamTests.test_readline_nolimit_nowait, test_readline_read_byte_count
    let mut reader = fed(b"line1\n");
    reader.feed_data(b"line2\nline3\n").unwrap();
    assert_eq!(reader.readline().await.unwrap(), b"line1\n");
    assert_eq!(reader.read(7).await.unwrap(), b"line2\nl");
    assert_eq!(rest(reader).await, b"ine3\n");
}

#[asyncio::test]
async fn the_last_line_may_have_no_end() {
    // CPython: test_streams.StreamTests.test_readline_eof, test_readline_empty_eof
    let mut reader = ended(b"some data");
    assert_eq!(reader.readline().await.unwrap(), b"some data");
    assert_eq!(reader.readline().await.unwrap(), b"");
}

#[asyncio::test]
async fn a_reader_is_a_stream_of_lines() {
    // CPython: test_pep492.StreamReaderTests.test_readline
    let (task, feeder) = waiting(fed(b"line1\nli"), async |mut reader| {
        let mut lines = Vec::new();
        while let Some(line) = reader.next().await {
            lines.push(line?);
        }
        Ok(lines)
    })
    .await;
    feeder.feed_data(b"ne2\n\n").unwrap();
    feeder.feed_data(b"line3").unwrap();
    feeder.feed_eof();
    assert_eq!(task.await.unwrap(), [b"line1\n".as_slice(), b"line2\n", b"\n", b"line3"]);
}

#[asyncio::test]
async fn the_stream_of_lines_goes_on_after_one_that_is_too_long() {
    let mut reader = limited(3, &[b"one\ntoo long\ntwo\n"]);
    assert_eq!(reader.next().await.unwrap().unwrap(), b"one\n");
    assert!(is_value_error(&reader.next().await.unwrap().unwrap_err()));
    assert_eq!(reader.next().await.unwrap().unwrap(), b"two\n");
    reader.feed_eof();
    assert!(reader.next().await.is_none());
}

#[asyncio::test]
async fn the_error_of_the_connection_is_the_last_item() {
    let mut reader = fed(b"never seen\n");
    reader.set_exception(Error::value_error("broken"));
    assert!(reader.next().await.unwrap().is_err());
    assert!(reader.next().await.is_none());
}

#[asyncio::test]
async fn other_reads_between_two_polls_do_not_confuse_the_stream_of_lines() {
    let mut reader = fed(b"no end yet");
    let polled = futures_lite::future::poll_once(reader.next()).await;
    assert!(polled.is_none());
    assert_eq!(reader.readexactly(9).await.unwrap(), b"no end ye");
    reader.feed_data(b"\nx\n").unwrap();
    assert_eq!(reader.next().await.unwrap().unwrap(), b"t\n");
    assert_eq!(reader.next().await.unwrap().unwrap(), b"x\n");
}
