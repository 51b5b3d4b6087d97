//! A TCP echo client by a protocol: <https://docs.python.org/3/library/asyncio-protocol.html#tcp-echo-client>
//!
//! `tcp_echo_client [HOST:PORT [MESSAGE]]`: sends the message, and ends when it has come back.

use asyncio::{Error, Future, Transport};

pub struct EchoClient {
    pub message: String,
    pub received: Vec<u8>,
    pub done: Future<()>,
}

#[asyncio::protocol]
impl EchoClient {
    fn connection_made(&mut self, transport: &Transport) {
        transport.write(self.message.as_bytes());
        println!("sent: {}", self.message);
    }

    fn data_received(&mut self, transport: &Transport, data: &[u8]) {
        self.received.extend_from_slice(data);
        // The message may come back in pieces.
        if self.received.len() >= self.message.len() {
            println!("received: {}", String::from_utf8_lossy(&self.received));
            transport.close();
        }
    }

    fn connection_lost(&mut self, exc: Option<&Error>) -> asyncio::Result<()> {
        match exc {
            Some(error) => self.done.set_exception(error.clone()),
            None if self.received != self.message.as_bytes() => {
                self.done.set_exception(Error::runtime_error("the server closed the connection too early"))
            }
            None => self.done.set_result(()),
        }
    }
}

#[asyncio::main]
async fn main() -> asyncio::Result<()> {
    let (host, port) = address()?;
    let message = std::env::args().nth(2).filter(|text| !text.is_empty()).unwrap_or_else(|| "Hello World!".to_owned());
    let event_loop = asyncio::get_running_loop()?;
    let done = event_loop.create_future();
    let client = EchoClient { message, received: Vec::new(), done: done.clone() };
    event_loop.create_connection(|| client, host.as_str(), port).await?;
    done.await
}

/// The address on the command line, or the default.
fn address() -> asyncio::Result<(String, u16)> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8888".to_owned());
    let parts = address.rsplit_once(':').and_then(|(host, port)| Some((host, port.parse().ok()?)));
    let (host, port) = parts.ok_or_else(|| Error::value_error(format!("{address:?} is not HOST:PORT")))?;
    Ok((host.trim_matches(['[', ']']).to_owned(), port))
}
