//! A UDP echo client by a protocol: <https://docs.python.org/3/library/asyncio-protocol.html#udp-echo-client>
//!
//! `udp_echo_client [HOST:PORT [MESSAGE]]`: sends the message, and ends when it has come back.

use std::time::Duration;

use asyncio::{DatagramTransport, Error, Future};

/// A datagram may get lost, and nobody says so.
const PATIENCE: Duration = Duration::from_secs(5);

pub struct EchoClient {
    pub message: String,
    pub answer: Future<String>,
}

#[asyncio::protocol]
impl EchoClient {
    fn connection_made(&mut self, transport: &DatagramTransport) -> asyncio::Result<()> {
        println!("sent: {}", self.message);
        transport.sendto(self.message.as_bytes(), None)
    }

    fn datagram_received(&mut self, data: &[u8]) {
        // A second answer would come too late.
        let _ = self.answer.set_result(String::from_utf8_lossy(data).into_owned());
    }

    fn error_received(&mut self, exc: &Error) {
        let _ = self.answer.set_exception(exc.clone());
    }
}

#[asyncio::main]
async fn main() -> asyncio::Result<()> {
    let (host, port) = address()?;
    let message = std::env::args().nth(2).unwrap_or_else(|| "Hello World!".to_owned());
    let event_loop = asyncio::get_running_loop()?;
    let answer = event_loop.create_future();
    let client = EchoClient { message, answer: answer.clone() };
    let (transport, _) = event_loop.create_datagram_endpoint(|| client).remote_addr(host, port).await?;
    let received = asyncio::timeout(PATIENCE, answer).await;
    transport.close();
    println!("received: {}", received?);
    Ok(())
}

/// The address on the command line, or the default.
fn address() -> asyncio::Result<(String, u16)> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:9999".to_owned());
    let parts = address.rsplit_once(':').and_then(|(host, port)| Some((host, port.parse().ok()?)));
    let (host, port) = parts.ok_or_else(|| Error::value_error(format!("{address:?} is not HOST:PORT")))?;
    Ok((host.trim_matches(['[', ']']).to_owned(), port))
}
