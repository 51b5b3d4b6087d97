//! A TCP echo server by a protocol: <https://docs.python.org/3/library/asyncio-protocol.html#tcp-echo-server>
//!
//! `tcp_echo_server [HOST:PORT]`, until Ctrl-C.

use asyncio::{Error, Transport};

struct Echo;

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
    let server = asyncio::get_running_loop()?.create_server(|| Echo, host.as_str(), port).await?;
    if let Some(socket) = server.sockets().first() {
        println!("listening on {}", socket.local_addr()?);
    }
    // Ctrl-C cancels main. On its way out serve_forever closes the server and its connections, so nothing is left to do.
    asyncio::catch_cancelled(server.serve_forever()).await.unwrap_or(Ok(()))
}

/// The address on the command line, or the default.
fn address() -> asyncio::Result<(String, u16)> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8888".to_owned());
    let parts = address.rsplit_once(':').and_then(|(host, port)| Some((host, port.parse().ok()?)));
    let (host, port) = parts.ok_or_else(|| Error::value_error(format!("{address:?} is not HOST:PORT")))?;
    Ok((host.trim_matches(['[', ']']).to_owned(), port))
}
