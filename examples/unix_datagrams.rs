//! An echo server of unix datagrams: <https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.loop.create_datagram_endpoint>
//!
//! `unix_datagrams [PATH]`, until Ctrl-C; on Linux `@NAME` is an abstract name, which is no file. Try it with
//! `socat - UNIX-SENDTO:PATH,bind=/tmp/me`: who has no name cannot be answered.

use asyncio::{DatagramTransport, Error, UnixAddress};

pub struct Echo;

#[asyncio::protocol]
impl Echo {
    fn unix_datagram_received(
        &mut self,
        transport: &DatagramTransport,
        data: &[u8],
        addr: &UnixAddress,
    ) -> asyncio::Result<()> {
        match addr {
            UnixAddress::Unnamed => Ok(()),
            sender => transport.sendto_path(data, sender.clone()),
        }
    }

    // Whoever asked has gone, or its name is another one's now.
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
    let event_loop = asyncio::get_running_loop()?;
    let (transport, _) = event_loop.create_datagram_endpoint(|| Echo).local_path(path()?).await?;
    let address = transport.unix_sockname();
    if let Some(address) = &address {
        println!("listening on {address}");
    }
    // It serves from now on. Ctrl-C cancels main, which waits for nothing else.
    let forever = event_loop.create_future::<()>();
    let ended = asyncio::catch_cancelled(forever).await;
    transport.close();
    if let Some(path) = address.as_ref().and_then(UnixAddress::as_path) {
        std::fs::remove_file(path)?;
    }
    ended.unwrap_or(Ok(()))
}

/// The path on the command line, or the default.
fn path() -> asyncio::Result<String> {
    match std::env::args().nth(1) {
        None => Ok(std::env::temp_dir().join("asyncio-datagrams").to_string_lossy().into_owned()),
        Some(path) if path.is_empty() => Err(Error::value_error("the path is empty")),
        Some(path) => Ok(match path.strip_prefix('@') {
            Some(name) => format!("\0{name}"),
            None => path,
        }),
    }
}
