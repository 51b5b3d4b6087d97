//! Streams to peers that are plain sockets.

use std::future::Future;
use std::net::{TcpListener, TcpStream};

use asyncio::{Result, StreamFeeder, StreamReader, StreamWriter, Task, create_task};
use socket2::SockRef;

use crate::support::tasks::tick;

/// A stream, and the plain socket at its other end.
pub(crate) async fn opened() -> (StreamReader, StreamWriter, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (reader, writer) = asyncio::open_connection("127.0.0.1", port).await.unwrap();
    let (peer, _) = listener.accept().unwrap();
    (reader, writer, peer)
}

/// As [`opened`], with system buffers so small that little data fills them.
pub(crate) async fn opened_narrowly() -> (StreamReader, StreamWriter, TcpStream) {
    let (reader, writer, peer) = opened().await;
    SockRef::from(&writer.transport().socket().unwrap().dup().unwrap()).set_send_buffer_size(16 << 10).unwrap();
    SockRef::from(&peer).set_recv_buffer_size(128 << 10).unwrap();
    (reader, writer, peer)
}

/// A reader that is fed by hand, with this in it.
pub(crate) fn fed(data: &[u8]) -> StreamReader {
    let reader = StreamReader::new();
    reader.feed_data(data).unwrap();
    reader
}

/// As [`fed`], and at its end.
pub(crate) fn ended(data: &[u8]) -> StreamReader {
    let reader = fed(data);
    reader.feed_eof();
    reader
}

/// A task that reads and already waits, and the hand that feeds its reader.
pub(crate) async fn waiting<T, F>(reader: StreamReader, read: impl FnOnce(StreamReader) -> F) -> (Task<T>, StreamFeeder)
where
    T: 'static,
    F: Future<Output = Result<T>> + 'static,
{
    let feeder = reader.feeder();
    let task = create_task(read(reader));
    tick().await;
    assert!(!task.done(), "there is nothing to read yet");
    (task, feeder)
}

/// What a reader holds: all that can be read without waiting.
pub(crate) async fn rest(mut reader: StreamReader) -> Vec<u8> {
    reader.feed_eof();
    reader.read_to_end().await.unwrap()
}
