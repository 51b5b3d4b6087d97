//! A protocol on a socket that exists already:
//! <https://docs.python.org/3/library/asyncio-protocol.html#connecting-existing-sockets>
//!
//! One end of a pair of sockets gets a protocol, the other end is written to.

use std::io::Write;
use std::os::unix::net::UnixStream;

use asyncio::{Future, Transport};

pub struct Register {
    pub on_con_lost: Future<()>,
}

#[asyncio::protocol]
impl Register {
    fn data_received(&mut self, transport: &Transport, data: &[u8]) {
        println!("received: {}", String::from_utf8_lossy(data));
        // The socket belongs to the transport, and is closed with it.
        transport.close();
    }

    fn connection_lost(&mut self) -> asyncio::Result<()> {
        self.on_con_lost.set_result(())
    }
}

#[asyncio::main]
async fn main() -> asyncio::Result<()> {
    let event_loop = asyncio::get_running_loop()?;
    let on_con_lost = event_loop.create_future();
    let (near, mut far) = UnixStream::pair()?;

    let register = Register { on_con_lost: on_con_lost.clone() };
    let (transport, _protocol) = event_loop.create_connection_with_sock(|| register, near).await?;

    // What comes from the network in a real program.
    event_loop.call_soon(move || {
        if let Err(error) = far.write_all(b"abc") {
            eprintln!("writing failed: {error}");
        }
    })?;

    on_con_lost.await?;
    assert!(transport.is_closing());
    Ok(())
}
