//! A TCP echo server by a protocol: <https://docs.python.org/3/library/asyncio-protocol.html#tcp-echo-server>
//!
//! `tcp_echo_server [HOST:PORT]`, until Ctrl-C.

use std::time::Duration;

use asyncio::{Error, Transport};

/// How long clients may take to read their last bytes when the server ends.
const GRACE: Duration = Duration::from_secs(2);

pub struct Echo;

#[asyncio::protocol]
impl Echo {
    fn data_received(&mut self, transport: &Transport, data: &[u8]) {
        transport.write(data);
    }

    // A client that sends and does not read is not read either: what is kept for it stays bounded.
    fn pause_writing(&mut self, transport: &Transport) {
        transport.pause_reading();
    }

    fn resume_writing(&mut self, transport: &Transport) {
        transport.resume_reading();
    }
}

#[asyncio::main]
async fn main() -> asyncio::Result<()> {
    let (host, port) = address()?;
    let event_loop = asyncio::get_running_loop()?;
    let server = event_loop.create_server(|| Echo, host.as_str(), port).await?;
    if let Some(socket) = server.sockets().first() {
        println!("listening on {}", socket.local_addr()?);
    }
    // It serves from now on. Ctrl-C cancels main, which waits for nothing else.
    let forever = event_loop.create_future::<()>();
    if let Ok(ended) = asyncio::catch_cancelled(forever).await {
        return ended;
    }
    // server.serve_forever() does this by itself, but it waits as long as some client does not read its last bytes.
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
