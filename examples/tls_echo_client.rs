//! An echo client that speaks TLS, and believes the authority that it is given and no other.
//!
//! `tls_echo_client HOST:PORT CAFILE [MESSAGE]`: sends the message, and ends when it has come back.

use asyncio::{Error, ExtraInfo, Future, Transport, ssl};

pub struct EchoClient {
    pub message: String,
    pub received: Vec<u8>,
    pub done: Future<()>,
}

#[asyncio::protocol]
impl EchoClient {
    fn connection_made(&mut self, transport: &Transport) {
        // The handshake is done: the server has proved who it is.
        if let Some(ExtraInfo::Cipher(cipher)) = transport.get_extra_info("cipher") {
            eprintln!("{} with {}", cipher.protocol, cipher.name);
        }
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
    let mut arguments = std::env::args().skip(1);
    let (Some(address), Some(cafile)) = (arguments.next(), arguments.next()) else {
        return Err(Error::value_error("usage: tls_echo_client HOST:PORT CAFILE [MESSAGE]"));
    };
    let message = arguments.next().filter(|text| !text.is_empty()).unwrap_or_else(|| "Hello World!".to_owned());
    let (host, port) = parse(&address)?;
    let context = ssl::create_default_context().cafile(cafile).build()?;
    let event_loop = asyncio::get_running_loop()?;
    let done = event_loop.create_future();
    let client = EchoClient { message, received: Vec::new(), done: done.clone() };
    event_loop.create_connection(|| client, host, port).ssl(&context).await?;
    done.await
}

fn parse(address: &str) -> asyncio::Result<(&str, u16)> {
    let parts = address.rsplit_once(':').and_then(|(host, port)| Some((host, port.parse().ok()?)));
    let (host, port) = parts.ok_or_else(|| Error::value_error(format!("{address:?} is not HOST:PORT")))?;
    Ok((host.trim_matches(['[', ']']), port))
}
