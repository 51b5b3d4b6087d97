//! Names asked from a name server of one's choice: <https://docs.python.org/3/library/asyncio-eventloop.html#dns>
//!
//! `name_server HOST:PORT NAME...`: prints the IPv4 addresses of the names, by a `Resolver` that asks by UDP.

pub mod message;

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use asyncio::{AddrInfo, AddrInfoQuery, DatagramTransport, Error, Future, Resolver, ResolverFuture};

/// How long one question may take, and how often it is asked.
const PATIENCE: (Duration, u16) = (Duration::from_millis(250), 3);

/// Waits for the answer to one question.
pub struct Question {
    pub number: u16,
    pub answer: Future<Vec<u8>>,
}

#[asyncio::protocol]
impl Question {
    fn datagram_received(&mut self, data: &[u8]) {
        if message::answers(data, self.number) {
            // The answer to the first try may come after that to the second.
            let _ = self.answer.set_result(data.to_vec());
        }
    }

    fn error_received(&mut self, exc: &Error) {
        let _ = self.answer.set_exception(exc.clone());
    }
}

/// Asks this server.
struct ByUdp(SocketAddr);

impl Resolver for ByUdp {
    fn getaddrinfo(&self, query: AddrInfoQuery) -> ResolverFuture<Vec<AddrInfo>> {
        let server = self.0;
        Box::pin(async move {
            let port = query.port.parse().map_err(|_| Error::value_error("the port must be a number"))?;
            let addresses = message::addresses(&ask(server, &query.host).await?)?;
            let info = |ip| AddrInfo::new(query.socket_type, query.proto, SocketAddr::new(ip, port));
            Ok(addresses.into_iter().map(info).collect())
        })
    }
}

async fn ask(server: SocketAddr, name: &str) -> asyncio::Result<Vec<u8>> {
    let event_loop = asyncio::get_running_loop()?;
    for number in 1..=PATIENCE.1 {
        let answer = event_loop.create_future();
        let question = Question { number, answer: answer.clone() };
        let asking = event_loop.create_datagram_endpoint(|| question).remote_addr(server.ip(), server.port());
        let (transport, _): (DatagramTransport, _) = asking.await?;
        transport.sendto(&message::question(number, name)?, None)?;
        let answered = asyncio::timeout(PATIENCE.0, answer).await;
        transport.close();
        match answered {
            Err(Error::TimeoutError(_)) => {}
            answered => return answered,
        }
    }
    Err(io::Error::new(io::ErrorKind::TimedOut, format!("{server} does not answer")).into())
}

#[asyncio::main]
async fn main() -> asyncio::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let server = arguments.next().and_then(|address| address.parse().ok());
    let server = server.ok_or_else(|| Error::value_error("the first argument is the server, as ADDRESS:PORT"))?;
    let event_loop = asyncio::get_running_loop()?;
    event_loop.set_resolver(ByUdp(server));
    for name in arguments {
        match event_loop.getaddrinfo(&name, 80).await {
            Ok(found) => found.iter().for_each(|info| println!("{name} is {}", info.address.ip())),
            Err(error) => println!("{error}"),
        }
    }
    Ok(())
}
