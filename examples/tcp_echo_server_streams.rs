//! A TCP echo server by streams: <https://docs.python.org/3/library/asyncio-stream.html#tcp-echo-server-using-streams>
//!
//! `tcp_echo_server_streams [HOST:PORT]`, until Ctrl-C.

use std::time::Duration;

use asyncio::{Error, StreamReader, StreamWriter};

/// How long clients may take to read their last bytes when the server ends.
const GRACE: Duration = Duration::from_secs(2);

/// One client; a task of its own.
#[asyncio::coroutine]
async fn echo(reader: StreamReader, writer: StreamWriter) -> asyncio::Result<()> {
    match send_back(reader, writer).await {
        // A client may vanish at any time; that is no failure of the server's.
        Err(Error::OsError(_)) => Ok(()),
        outcome => outcome,
    }
}

async fn send_back(mut reader: StreamReader, writer: StreamWriter) -> asyncio::Result<()> {
    loop {
        let data = reader.read(64 * 1024).await?;
        if data.is_empty() {
            break;
        }
        writer.write(&data);
        // A client that sends and does not read is not read either: what is kept for it stays bounded.
        writer.drain().await?;
    }
    writer.close();
    writer.wait_closed().await
}

#[asyncio::main]
async fn main() -> asyncio::Result<()> {
    let (host, port) = address()?;
    let server = asyncio::start_server(echo, host.as_str(), port).await?;
    if let Some(socket) = server.sockets().first() {
        println!("listening on {}", socket.local_addr()?);
    }
    // It serves from now on. Ctrl-C cancels main, which waits for nothing else.
    let forever = asyncio::get_running_loop()?.create_future::<()>();
    if let Ok(ended) = asyncio::catch_cancelled(forever).await {
        return ended;
    }
    server.close();
    server.close_clients();
    if asyncio::timeout(GRACE, server.wait_closed()).await.is_err() {
        server.abort_clients();
        server.wait_closed().await?;
    }
    Ok(())
}

/// The address on the command line, or the default.
fn address() -> asyncio::Result<(String, u16)> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8888".to_owned());
    let parts = address.rsplit_once(':').and_then(|(host, port)| Some((host, port.parse().ok()?)));
    let (host, port) = parts.ok_or_else(|| Error::value_error(format!("{address:?} is not HOST:PORT")))?;
    Ok((host.trim_matches(['[', ']']).to_owned(), port))
}
