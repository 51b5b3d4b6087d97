//! Streams over connections: readers and writers, and the server's callback.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};

use asyncio::{
    Error, Event, Result, Server, StreamReader, StreamWriter, create_task, get_running_loop, open_connection,
    open_connection_with_sock, start_server,
};
use futures::StreamExt;

use crate::harness::connections::{address, client_of, reset};
use crate::harness::program::{Difference, Program, program, ticks};
use crate::harness::trace::{Boom, List, report, say};

pub(crate) const PROGRAMS: &[Program] = &[
    program!(an_echo_by_streams),
    program!(the_end_of_the_peer_is_the_end_of_the_reader),
    program!(one_direction_ends_before_the_other),
    program!(a_reset_reaches_who_reads_and_who_writes),
    program!(drain_after_close_is_an_error),
    program!(drain_waits_for_the_peer),
    program!(drain_ends_with_the_connection),
    program!(a_reader_over_its_limit_stops_the_transport),
    program!(a_client_that_fails_is_reported_and_closed).since(12).differs(&[Difference {
        row: "reports have `peername` and `task` too",
        python: &["reported: Unhandled exception in client_connected_cb Boom(client) [transport]"],
        here: &["reported: Unhandled exception in client_connected_cb Boom(client) [peername, task, transport]"],
    }]),
    program!(a_server_serves_several_at_once),
    program!(a_cancelled_read_leaves_the_bytes),
    program!(writelines_and_close_send_all),
    program!(a_plain_client_of_a_line_server),
];

static MUCH: &[u8] = &[b'x'; 16 << 20];

/// A connection of the loop's to a plain socket.
async fn opened(limit: usize) -> Result<(StreamReader, StreamWriter, TcpStream)> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let (reader, writer) = open_connection("127.0.0.1", listener.local_addr()?.port()).limit(limit).await?;
    Ok((reader, writer, listener.accept()?.0))
}

const LIMIT: usize = 1 << 16;

/// A connection of the loop's to a server of the loop's.
async fn connected_to(server: &Server) -> Result<(StreamReader, StreamWriter)> {
    open_connection("127.0.0.1", address(server)?.port()).await
}

async fn closed(writer: &StreamWriter) -> Result<()> {
    writer.close();
    writer.wait_closed().await
}

async fn end(server: &Server) -> Result<()> {
    server.close();
    server.wait_closed().await
}

/// A line without its end.
fn stripped(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\n").unwrap_or(line)
}

/// What one call of the system gives.
fn recv(mut peer: &TcpStream) -> Result<Vec<u8>> {
    let mut received = vec![0; 100];
    let count = peer.read(&mut received)?;
    received.truncate(count);
    Ok(received)
}

async fn an_echo_by_streams() -> Result<()> {
    async fn echo(mut reader: StreamReader, writer: StreamWriter) -> Result<()> {
        loop {
            let line = reader.readline().await?;
            if line.is_empty() {
                break;
            }
            say!("server", stripped(&line));
            writer.write(&line);
            writer.drain().await?;
        }
        say!("server at the end");
        closed(&writer).await
    }
    let server = start_server(echo, "127.0.0.1", 0).await?;
    let (mut reader, writer) = connected_to(&server).await?;
    for line in ["one\n", "two\n"] {
        writer.write(line);
        writer.drain().await?;
        let line = reader.readline().await?;
        say!("client", stripped(&line));
    }
    closed(&writer).await?;
    say!("client closed", writer.is_closing());
    end(&server).await
}

async fn the_end_of_the_peer_is_the_end_of_the_reader() -> Result<()> {
    let (mut reader, writer, mut peer) = opened(LIMIT).await?;
    peer.write_all(b"last words")?;
    drop(peer);
    say!(reader.read_to_end().await, reader.at_eof(), reader.read(10).await);
    say!("closing", writer.is_closing());
    closed(&writer).await?;
    say!(writer.is_closing());
    Ok(())
}

async fn one_direction_ends_before_the_other() -> Result<()> {
    let (mut reader, writer, mut peer) = opened(LIMIT).await?;
    say!(writer.can_write_eof());
    writer.write(b"question");
    writer.write_eof();
    say!(recv(&peer), recv(&peer)?.len());
    peer.write_all(b"answer")?;
    drop(peer);
    say!(reader.read_to_end().await);
    closed(&writer).await
}

async fn a_reset_reaches_who_reads_and_who_writes() -> Result<()> {
    let (mut reader, writer, peer) = opened(LIMIT).await?;
    let task = create_task(async move {
        let outcome = reader.read(100).await;
        Ok::<_, Error>((outcome, reader))
    });
    ticks(1).await;
    reset(peer)?;
    let (outcome, reader) = task.await?;
    say!(outcome);
    say!(writer.drain().await);
    say!(writer.wait_closed().await, reader.exception());
    Ok(())
}

async fn drain_after_close_is_an_error() -> Result<()> {
    let (_reader, writer, _peer) = opened(LIMIT).await?;
    writer.write(b"hello");
    writer.drain().await?;
    closed(&writer).await?;
    say!(writer.drain().await);
    Ok(())
}

/// Two tasks that drain one writer.
fn drains(writer: &std::rc::Rc<StreamWriter>) -> [asyncio::Task<()>; 2] {
    std::array::from_fn(|_| {
        let writer = writer.clone();
        create_task(async move { writer.drain().await })
    })
}

async fn drain_waits_for_the_peer() -> Result<()> {
    let (_reader, writer, mut peer) = opened(LIMIT).await?;
    let writer = std::rc::Rc::new(writer);
    writer.write(MUCH);
    let [first, second] = drains(&writer);
    ticks(100).await;
    say!("waits", !first.done(), !second.done());
    let mut reads = peer.try_clone()?;
    let read = move || reads.read_exact(&mut vec![0; MUCH.len()]).map_err(Error::from);
    get_running_loop()?.run_in_executor(None, read)?.await?;
    first.await?;
    second.await?;
    say!("through", writer.transport().get_write_buffer_size() < MUCH.len());
    peer.flush()?;
    closed(&writer).await
}

async fn drain_ends_with_the_connection() -> Result<()> {
    let (_reader, writer, _peer) = opened(LIMIT).await?;
    let writer = std::rc::Rc::new(writer);
    writer.write(MUCH);
    let [first, _] = drains(&writer);
    ticks(1).await;
    writer.transport().abort();
    say!(first.await);
    Ok(())
}

async fn a_reader_over_its_limit_stops_the_transport() -> Result<()> {
    let (mut reader, writer, mut peer) = opened(1000).await?;
    peer.write_all(&[b'x'; 5000])?;
    while writer.transport().is_reading() {
        ticks(1).await;
    }
    say!("paused", reader.read(4500).await?.len());
    say!("reads again", writer.transport().is_reading(), reader.readexactly(500).await?.len());
    closed(&writer).await
}

async fn a_client_that_fails_is_reported_and_closed() -> Result<()> {
    async fn fail(mut reader: StreamReader, _writer: StreamWriter) -> Result<()> {
        reader.readline().await?;
        Err(Boom("client").into())
    }
    get_running_loop()?.set_exception_handler(report);
    let server = start_server(fail, "127.0.0.1", 0).await?;
    let (mut reader, writer) = connected_to(&server).await?;
    writer.write(b"line\n");
    say!("closed with", reader.read_to_end().await?.len());
    closed(&writer).await?;
    end(&server).await
}

async fn a_server_serves_several_at_once() -> Result<()> {
    let gate = Event::new();
    let opens = gate.clone();
    let wait = async move |_: StreamReader, writer: StreamWriter| {
        opens.wait().await?;
        writer.write(b"go");
        writer.close();
        Ok::<_, Error>(())
    };
    let server = start_server(wait, "127.0.0.1", 0).await?;
    let (mut reads, mut writers) = (Vec::new(), Vec::new());
    for _ in 0..3 {
        let (mut reader, writer) = connected_to(&server).await?;
        reads.push(create_task(async move { reader.read_to_end().await }));
        writers.push(writer);
    }
    ticks(20).await;
    say!(List(reads.iter().map(|read| read.done())));
    gate.set();
    let mut received = Vec::new();
    for read in reads {
        received.push(read.await);
    }
    say!(List(received));
    drop(writers);
    end(&server).await
}

async fn a_cancelled_read_leaves_the_bytes() -> Result<()> {
    let (mut reader, writer, mut peer) = opened(LIMIT).await?;
    let task = create_task(async move {
        let cancelled = asyncio::catch_cancelled(reader.readexactly(10)).await.expect_err("it is cancelled before");
        say!(cancelled);
        say!(reader.readexactly(10).await);
        Ok::<_, Error>(())
    });
    peer.write_all(b"01234")?;
    ticks(200).await;
    task.cancel_with("why");
    peer.write_all(b"56789")?;
    task.await?;
    closed(&writer).await
}

async fn writelines_and_close_send_all() -> Result<()> {
    let (_reader, writer, mut peer) = opened(LIMIT).await?;
    writer.writelines(["one ", "two ", "three"]);
    closed(&writer).await?;
    let mut received = Vec::new();
    peer.read_to_end(&mut received)?;
    say!(received);
    Ok(())
}

async fn a_plain_client_of_a_line_server() -> Result<()> {
    async fn shout(mut reader: StreamReader, writer: StreamWriter) -> Result<()> {
        while let Some(line) = reader.next().await {
            writer.write(line?.to_ascii_uppercase());
        }
        writer.close();
        Ok(())
    }
    let server = start_server(shout, "127.0.0.1", 0).await?;
    let mut client = client_of(&server)?;
    client.write_all(b"one\ntwo\nrest")?;
    client.shutdown(Shutdown::Write)?;
    let (mut reader, writer) = open_connection_with_sock(client).await?;
    say!(String::from_utf8_lossy(&reader.read_to_end().await?).replace('\n', "|"));
    writer.close();
    end(&server).await
}
