//! Whole connections: a blocking client on a thread of its own, which knows nothing of this crate.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use asyncio::{ConcurrentFuture, Error};

use crate::session::{Session, Shared};

/// Serves while the client runs.
async fn served(client: impl FnOnce(SocketAddr) + Send + 'static) -> asyncio::Result<()> {
    let event_loop = asyncio::get_running_loop()?;
    let shared = Shared::new(event_loop.clone());
    let server = event_loop.create_server(move || Session::new(&shared), "127.0.0.1", 0).await?;
    let address = server.sockets()[0].local_addr()?;
    let outcome = ConcurrentFuture::new();
    let setter = outcome.clone();
    std::thread::spawn(move || match catch_unwind(AssertUnwindSafe(|| client(address))) {
        Ok(()) => setter.set_result(()),
        Err(_) => setter.set_exception(Error::runtime_error("the client panicked; see above")),
    });
    asyncio::wrap_future(outcome)?.await?;
    server.close();
    server.close_clients();
    server.wait_closed().await
}

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_nodelay(true).unwrap();
    // Only a broken server is ever waited for so long.
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream
}

/// Sends, and expects exactly this.
fn talk(stream: &mut TcpStream, request: &str, reply: &str) {
    stream.write_all(request.as_bytes()).unwrap();
    let mut got = vec![0; reply.len()];
    stream.read_exact(&mut got).unwrap_or_else(|error| panic!("{request:?} was not answered: {error}"));
    assert_eq!(String::from_utf8_lossy(&got), reply, "to {request:?}");
}

fn expect_end(mut stream: TcpStream, rest: &str) {
    let mut got = String::new();
    stream.read_to_string(&mut got).unwrap();
    assert_eq!(got, rest);
}

#[asyncio::test(timeout = "60s")]
async fn a_pipeline_is_answered_in_order_however_it_is_cut() -> asyncio::Result<()> {
    let client = |address| {
        let mut stream = connect(address);
        let requests = "PING\r\n*2\r\n$4\r\nECHO\r\n$3\r\na\r\n\r\nset k 1\nINCR k\r\n*2\r\n$3\r\nGET\r\n$1\r\nk\r\n";
        let replies = "+PONG\r\n$3\r\na\r\n\r\n+OK\r\n:2\r\n$1\r\n2\r\n";
        talk(&mut stream, requests, replies);
        for piece in requests.as_bytes().chunks(5) {
            stream.write_all(piece).unwrap();
        }
        talk(&mut stream, "", replies);
        talk(&mut stream, &"PING\r\n".repeat(10_000), &"+PONG\r\n".repeat(10_000));
    };
    served(client).await
}

#[asyncio::test(timeout = "60s")]
async fn malformed_input_is_answered_and_ends_only_its_own_connection() -> asyncio::Result<()> {
    let client = |address| {
        let mut other = connect(address);
        talk(&mut other, "SET k v\r\n", "+OK\r\n");
        let mut stream = connect(address);
        stream.write_all(b"PING\r\n*1\r\n!PING\r\n").unwrap();
        expect_end(stream, "+PONG\r\n-ERR Protocol error: expected '$', got '!'\r\n");
        for garbage in [&b"\0\xff\r\n"[..], b"*\r\n", b"*1\r\n$-5\r\n", b"*2147483647\r\n", b"\r\n\r\n'\"\r\n"] {
            let mut stream = connect(address);
            stream.write_all(garbage).unwrap();
            let mut reply = [0; 5];
            stream.read_exact(&mut reply).unwrap();
            assert_eq!(&reply, b"-ERR ", "to {}", garbage.escape_ascii());
        }
        talk(&mut other, "GET k\r\n", "$1\r\nv\r\n");
    };
    served(client).await
}

#[asyncio::test(timeout = "60s")]
async fn quit_and_a_half_close_are_answered_before_the_end() -> asyncio::Result<()> {
    let client = |address| {
        let mut stream = connect(address);
        stream.write_all(b"PING\r\nQUIT\r\nPING\r\n").unwrap();
        expect_end(stream, "+PONG\r\n+OK\r\n");
        let mut stream = connect(address);
        stream.write_all(b"PING\r\nPING").unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        expect_end(stream, "+PONG\r\n");
    };
    served(client).await
}

#[asyncio::test(timeout = "60s")]
async fn a_client_that_does_not_read_is_served_later_and_not_kept_in_memory() -> asyncio::Result<()> {
    // All replies together are longer than a transport ever keeps: a server that went on would cut the client off.
    const LENGTH: usize = 512 * 1024;
    const COUNT: usize = 200;
    let client = |address| {
        let mut stream = connect(address);
        let value = "x".repeat(LENGTH);
        talk(&mut stream, &format!("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n${LENGTH}\r\n{value}\r\n"), "+OK\r\n");
        stream.write_all("GET k\r\n".repeat(COUNT).as_bytes()).unwrap();
        // Another client is served meanwhile.
        talk(&mut connect(address), "PING\r\n", "+PONG\r\n");
        for _ in 0..COUNT {
            talk(&mut stream, "", &format!("${LENGTH}\r\n{value}\r\n"));
        }
        talk(&mut stream, "PING\r\n", "+PONG\r\n");
    };
    served(client).await
}

#[asyncio::test(timeout = "60s")]
async fn messages_reach_those_who_listen() -> asyncio::Result<()> {
    let client = |address| {
        let (mut listener, mut speaker) = (connect(address), connect(address));
        let news = "*3\r\n$9\r\nsubscribe\r\n$4\r\nnews\r\n:1\r\n*3\r\n$9\r\nsubscribe\r\n$5\r\nsport\r\n:2\r\n";
        talk(&mut listener, "SUBSCRIBE news sport\r\n", news);
        talk(&mut listener, "PING\r\n", "*2\r\n$4\r\npong\r\n$0\r\n\r\n");
        let refused = "-ERR 'get' is not allowed while subscribed; SUBSCRIBE, UNSUBSCRIBE, PING and QUIT are\r\n";
        talk(&mut listener, "GET k\r\n", refused);
        talk(&mut speaker, "PUBLISH news hello\r\n", ":1\r\n");
        talk(&mut listener, "", "*3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$5\r\nhello\r\n");
        talk(&mut listener, "UNSUBSCRIBE news\r\n", "*3\r\n$11\r\nunsubscribe\r\n$4\r\nnews\r\n:1\r\n");
        talk(&mut speaker, "PUBLISH news again\r\n", ":0\r\n");
        talk(&mut listener, "UNSUBSCRIBE\r\n", "*3\r\n$11\r\nunsubscribe\r\n$5\r\nsport\r\n:0\r\n");
        talk(&mut listener, "UNSUBSCRIBE\r\nPING\r\n", "*3\r\n$11\r\nunsubscribe\r\n$-1\r\n:0\r\n+PONG\r\n");
        talk(&mut listener, "SUBSCRIBE news\r\nQUIT\r\n", "*3\r\n$9\r\nsubscribe\r\n$4\r\nnews\r\n:1\r\n+OK\r\n");
        expect_end(listener, "");
        talk(&mut speaker, "PUBLISH news gone\r\n", ":0\r\n");
    };
    served(client).await
}
