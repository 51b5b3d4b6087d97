//! A UDP echo server by a protocol: <https://docs.python.org/3/library/asyncio-protocol.html#udp-echo-server>
//!
//! `udp_echo_server [HOST:PORT]`, until Ctrl-C.

use std::net::SocketAddr;

use asyncio::{DatagramTransport, Error};

pub struct Echo;

#[asyncio::protocol]
impl Echo {
    fn datagram_received(
        &mut self,
        transport: &DatagramTransport,
        data: &[u8],
        addr: SocketAddr,
    ) -> asyncio::Result<()> {
        transport.sendto(data, addr)
    }

    // An answer that cannot be sent is lost, as datagrams may be; the others go on.
    fn error_received(&mut self, exc: &Error) {
        eprintln!("an answer was lost: {exc}");
    }

    // While answers wait nothing more is received: what is kept stays bounded.
    fn pause_writing(&mut self, transport: &DatagramTransport) {
        transport.pause_reading();
    }

    fn resume_writing(&mut self, transport: &DatagramTransport) {
        transport.resume_reading();
    }
}

#[asyncio::main]
async fn main() -> asyncio::Result<()> {
    let (host, port) = address()?;
    let event_loop = asyncio::get_running_loop()?;
    let (transport, _) = event_loop.create_datagram_endpoint(|| Echo).local_addr(host, port).await?;
    if let Some(address) = transport.sockname() {
        println!("listening on {address}");
    }
    // It serves from now on. Ctrl-C cancels main, which waits for nothing else.
    let forever = event_loop.create_future::<()>();
    let ended = asyncio::catch_cancelled(forever).await;
    transport.close();
    ended.unwrap_or(Ok(()))
}

/// The address on the command line, or the default.
fn address() -> asyncio::Result<(String, u16)> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:9999".to_owned());
    let parts = address.rsplit_once(':').and_then(|(host, port)| Some((host, port.parse().ok()?)));
    let (host, port) = parts.ok_or_else(|| Error::value_error(format!("{address:?} is not HOST:PORT")))?;
    Ok((host.trim_matches(['[', ']']).to_owned(), port))
}
