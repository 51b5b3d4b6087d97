//! An echo server that speaks TLS.
//!
//! `tls_echo_server HOST:PORT CERTFILE KEYFILE`, until Ctrl-C.

use std::time::Duration;

use asyncio::ssl::{self, Purpose};
use asyncio::{Error, Transport};

/// How long clients may take to say their last word when the server ends.
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
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [address, certfile, keyfile] = arguments.as_slice() else {
        return Err(Error::value_error("usage: tls_echo_server HOST:PORT CERTFILE KEYFILE"));
    };
    let (host, port) = parse(address)?;
    let context =
        ssl::create_default_context().purpose(Purpose::ClientAuth).load_cert_chain(certfile, keyfile).build()?;
    let event_loop = asyncio::get_running_loop()?;
    let server = event_loop.create_server(|| Echo, host, port).ssl(&context).await?;
    if let Some(socket) = server.sockets().first() {
        println!("listening on {}", socket.local_addr()?);
    }
    // It serves from now on. Ctrl-C cancels main, which waits for nothing else.
    let forever = event_loop.create_future::<()>();
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

fn parse(address: &str) -> asyncio::Result<(&str, u16)> {
    let parts = address.rsplit_once(':').and_then(|(host, port)| Some((host, port.parse().ok()?)));
    let (host, port) = parts.ok_or_else(|| Error::value_error(format!("{address:?} is not HOST:PORT")))?;
    Ok((host.trim_matches(['[', ']']), port))
}
