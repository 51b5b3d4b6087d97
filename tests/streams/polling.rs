//! Streams as the futures crates use them.

use std::io::ErrorKind;
use std::rc::Rc;

use asyncio::{StreamReader, create_task};
use futures::SinkExt;
use futures_lite::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, StreamExt};

use crate::support::net::{off_loop, read_all, read_exactly, reset, send, settle};
use crate::support::streams::{ended, fed, opened, opened_narrowly, rest};

#[asyncio::test]
async fn a_reader_is_an_async_read() {
    let mut reader = ended(b"some data");
    let mut head = [0; 4];
    AsyncReadExt::read_exact(&mut reader, &mut head).await.unwrap();
    assert_eq!(&head, b"some");
    let mut tail = String::new();
    AsyncReadExt::read_to_string(&mut reader, &mut tail).await.unwrap();
    assert_eq!(tail, " data");
}

#[asyncio::test]
async fn a_reader_is_an_async_buf_read() {
    let mut reader = ended(b"one\ntwo\nthree");
    assert_eq!(reader.fill_buf().await.unwrap(), b"one\ntwo\nthree");
    let mut line = String::new();
    AsyncBufReadExt::read_line(&mut reader, &mut line).await.unwrap();
    assert_eq!(line, "one\n");
    assert!(!reader.at_eof());
    // What was lent and not consumed comes first in every other read.
    assert_eq!(reader.readline().await.unwrap(), b"two\n");
    assert_eq!(reader.fill_buf().await.unwrap(), b"three");
    AsyncBufReadExt::consume(&mut reader, 2);
    assert_eq!(reader.next().await.unwrap().unwrap(), b"ree");
    assert_eq!(reader.fill_buf().await.unwrap(), b"");
}

#[asyncio::test]
async fn what_comes_after_a_loan_comes_after_it() {
    let mut reader = fed(b"lent ");
    assert_eq!(reader.fill_buf().await.unwrap(), b"lent ");
    reader.feed_data(b"and fed").unwrap();
    assert_eq!(rest(reader).await, b"lent and fed");
}

#[asyncio::test]
async fn the_exception_of_a_reader_is_an_io_error_with_the_same_inside() {
    let mut reader = fed(b"data");
    reader.fill_buf().await.unwrap();
    reader.set_exception(asyncio::Error::value_error("broken"));
    let error = AsyncReadExt::read(&mut reader, &mut [0]).await.unwrap_err();
    assert_eq!(asyncio::Error::from(error).to_string(), "ValueError: broken");
    assert!(reader.fill_buf().await.is_err());
}

#[asyncio::test(timeout = "10s")]
async fn a_writer_is_an_async_write_that_waits_for_room() {
    let (_reader, mut writer, peer) = opened_narrowly().await;
    let much: Vec<u8> = (0..2_u32 << 20).map(|number| number as u8).collect();
    let expected = much.clone();
    let writing = create_task(async move {
        AsyncWriteExt::write_all(&mut writer, &much).await?;
        assert_eq!(writer.transport().get_write_buffer_size(), 0, "nothing is kept that was not taken");
        AsyncWriteExt::flush(&mut writer).await?;
        AsyncWriteExt::close(&mut writer).await?;
        Ok::<_, asyncio::Error>(writer)
    });
    settle().await;
    assert!(!writing.done(), "nobody reads");
    assert!(read_all(peer).await == expected);
    let mut writer = writing.await.unwrap();
    assert!(!writer.is_closing(), "one direction has ended");
    let error = AsyncWriteExt::write_all(&mut writer, b"more").await.unwrap_err();
    assert!(error.to_string().contains("write_eof"), "{error}");
}

#[asyncio::test(timeout = "10s")]
async fn an_async_write_that_waits_hears_of_the_loss() {
    let (_reader, mut writer, peer) = opened_narrowly().await;
    let writing = create_task(async move {
        let error = AsyncWriteExt::write_all(&mut writer, &vec![b'x'; 2 << 20]).await.unwrap_err();
        Ok::<_, asyncio::Error>(error.kind())
    });
    settle().await;
    assert!(!writing.done());
    off_loop(move || reset(peer)).await;
    let kinds = [ErrorKind::ConnectionReset, ErrorKind::BrokenPipe];
    assert!(kinds.contains(&writing.await.unwrap()));
}

#[asyncio::test(timeout = "10s")]
async fn a_writer_is_a_sink() {
    let (_reader, mut writer, peer) = opened().await;
    SinkExt::send(&mut writer, b"one ").await.unwrap();
    SinkExt::send(&mut writer, "two ".to_owned()).await.unwrap();
    SinkExt::feed(&mut writer, Rc::<[u8]>::from(b"three".as_slice())).await.unwrap();
    SinkExt::<&[u8]>::close(&mut writer).await.unwrap();
    assert_eq!(read_all(peer).await, b"one two three");
}

#[asyncio::test(timeout = "10s")]
async fn copying_between_streams_goes_by_the_futures_crates() {
    let (from, from_writer, source) = opened().await;
    let (_to, mut to, sink) = opened().await;
    let copying = create_task(async move { Ok::<_, asyncio::Error>(futures_lite::io::copy(from, &mut to).await?) });
    send(&source, b"through and through");
    assert_eq!(read_exactly(&sink, 19).await, b"through and through");
    drop(source);
    assert_eq!(copying.await.unwrap(), 19);
    from_writer.close();
}

#[asyncio::test]
async fn a_poll_by_hand_wakes_whoever_polled_last() {
    let mut reader = StreamReader::new();
    let feeder = reader.feeder();
    let first = futures_lite::future::poll_once(AsyncReadExt::read(&mut reader, &mut [0])).await;
    assert!(first.is_none());
    let task = create_task(async move {
        let mut byte = [0];
        AsyncReadExt::read(&mut reader, &mut byte).await?;
        Ok::<_, asyncio::Error>(byte)
    });
    settle().await;
    feeder.feed_data(b"!").unwrap();
    assert_eq!(task.await.unwrap(), *b"!");
}
