//! Streams as tokio's traits have them, with no runtime of tokio's.

use asyncio::{Error, StreamPair, create_task};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt};

use crate::support::net::{read_all, send, settle};
use crate::support::streams::{ended, opened, opened_narrowly};

#[asyncio::test]
async fn a_reader_reads_by_tokios_traits() {
    let mut reader = ended(b"one\ntwo\nthree");
    let mut line = String::new();
    AsyncBufReadExt::read_line(&mut reader, &mut line).await.unwrap();
    assert_eq!(line, "one\n");
    let mut head = [0; 2];
    AsyncReadExt::read_exact(&mut reader, &mut head).await.unwrap();
    assert_eq!(&head, b"tw");
    let mut rest = Vec::new();
    AsyncReadExt::read_to_end(&mut reader, &mut rest).await.unwrap();
    assert_eq!(rest, b"o\nthree");
}

#[asyncio::test(timeout = "10s")]
async fn a_pair_writes_and_waits_for_room_by_tokios_traits() {
    let (reader, writer, peer) = opened_narrowly().await;
    let writing = create_task(async move {
        let mut stream = StreamPair::new(reader, writer);
        stream.write_all(&vec![b'x'; 2 << 20]).await?;
        stream.shutdown().await?;
        Ok::<_, Error>(stream)
    });
    settle().await;
    assert!(!writing.done(), "nobody reads");
    assert_eq!(read_all(peer).await.len(), 2 << 20);
    writing.await.unwrap();
}

#[asyncio::test(timeout = "10s")]
async fn a_pair_reads_what_comes_by_tokios_traits() {
    let (reader, writer, peer) = opened().await;
    let mut stream = StreamPair::new(reader, writer);
    let reading = create_task(async move {
        let mut line = Vec::new();
        stream.read_until(b'\n', &mut line).await?;
        Ok::<_, Error>(line)
    });
    settle().await;
    send(&peer, b"a line\nand more");
    assert_eq!(reading.await.unwrap(), b"a line\n");
}
