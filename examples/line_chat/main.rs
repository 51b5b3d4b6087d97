//! A chat, line by line: <https://docs.python.org/3/library/asyncio-protocol.html#protocols>
//!
//! `line_chat [HOST:PORT]`, until Ctrl-C. Talk to it with `nc`, from several terminals.

mod room;

use std::rc::Rc;

use asyncio::Error;

use room::{Member, Room};

#[asyncio::main]
async fn main() -> asyncio::Result<()> {
    let (host, port) = address()?;
    let event_loop = asyncio::get_running_loop()?;
    let room = Rc::new(Room::default());
    let server = event_loop.create_server(move || Member::new(&room), host.as_str(), port).await?;
    if let Some(socket) = server.sockets().first() {
        println!("listening on {}", socket.local_addr()?);
    }
    // It serves from now on. Ctrl-C cancels main, which waits for nothing else.
    let forever = event_loop.create_future::<()>();
    if let Ok(ended) = asyncio::catch_cancelled(forever).await {
        return ended;
    }
    server.close();
    server.abort_clients();
    server.wait_closed().await
}

/// The address on the command line, or the default.
fn address() -> asyncio::Result<(String, u16)> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8888".to_owned());
    let parts = address.rsplit_once(':').and_then(|(host, port)| Some((host, port.parse().ok()?)));
    let (host, port) = parts.ok_or_else(|| Error::value_error(format!("{address:?} is not HOST:PORT")))?;
    Ok((host.trim_matches(['[', ']']).to_owned(), port))
}
