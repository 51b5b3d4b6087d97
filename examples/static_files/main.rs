//! A file server for browsers, `curl` and `wrk`: <https://docs.python.org/3/library/asyncio-eventloop.html#transferring-files>
//!
//! `static_files [HOST:PORT [FOLDER]]`, until Ctrl-C; without a folder the current one. HTTP/1.1: GET and HEAD, single
//! ranges, connections that stay open, requests that do not wait for answers. A folder is shown by its `index.html`.
//!
//! | file | its one idea |
//! |---|---|
//! | `request` | what a request asks for, or what is wrong with it |
//! | `range` | a part of a file |
//! | `folder` | from paths to open files, never outside of the folder, never blocking the loop |
//! | `kinds` | content types by endings |
//! | `date` | time as HTTP writes it |
//! | `response` | what is answered |
//! | `session` | the protocol: one connection |

mod date;
mod folder;
mod kinds;
mod range;
mod request;
mod response;
mod session;

use std::time::Duration;

use asyncio::Error;
use folder::Folder;
use session::Session;

/// How long clients may take to get the rest of their files when the server ends.
const GRACE: Duration = Duration::from_secs(2);

#[asyncio::main]
async fn main() -> asyncio::Result<()> {
    let (host, port) = address()?;
    let folder = Folder::new(std::env::args().nth(2).unwrap_or_else(|| ".".to_owned()))?;
    let event_loop = asyncio::get_running_loop()?;
    let server = event_loop.create_server(move || Session::new(&folder), host.as_str(), port).backlog(1024).await?;
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
