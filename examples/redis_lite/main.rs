//! An in-memory server for `redis-cli`: protocols, <https://docs.python.org/3/library/asyncio-protocol.html>
//!
//! `redis_lite [HOST:PORT]`, until Ctrl-C. PING ECHO GET SET (EX PX NX XX) DEL EXISTS INCR EXPIRE TTL LPUSH LRANGE
//! SUBSCRIBE UNSUBSCRIBE PUBLISH QUIT, in RESP2 or as inline commands.
//!
//! | file | its one idea |
//! |---|---|
//! | `resp` | requests out of bytes that come in any pieces |
//! | `words` | the words of a request, and what can be wrong with them |
//! | `commands` | what the commands do |
//! | `keys` | the keys, and the timers that end them |
//! | `hub` | publish and subscribe |
//! | `reply` | replies into bytes |
//! | `session` | the protocol: one connection |

mod commands;
mod hub;
mod keys;
mod reply;
mod resp;
mod session;
mod words;

use std::time::Duration;

use asyncio::Error;
use session::{Session, Shared};

/// How long clients may take to read their last replies when the server ends.
const GRACE: Duration = Duration::from_secs(2);

#[asyncio::main]
async fn main() -> asyncio::Result<()> {
    let (host, port) = address()?;
    let event_loop = asyncio::get_running_loop()?;
    let shared = Shared::new(event_loop.clone());
    let server = event_loop.create_server(move || Session::new(&shared), host.as_str(), port).backlog(1024).await?;
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

/// The address on the command line, or the default.
fn address() -> asyncio::Result<(String, u16)> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8888".to_owned());
    let parts = address.rsplit_once(':').and_then(|(host, port)| Some((host, port.parse().ok()?)));
    let (host, port) = parts.ok_or_else(|| Error::value_error(format!("{address:?} is not HOST:PORT")))?;
    Ok((host.trim_matches(['[', ']']).to_owned(), port))
}
