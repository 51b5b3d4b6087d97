//! An echo server on a unix socket: <https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.loop.create_unix_server>
//!
//! `unix_echo [PATH]`, until Ctrl-C; on Linux `@NAME` is an abstract name, which is no file. Try it with `nc -U PATH`.

use asyncio::{Error, Transport};

pub struct Echo;

#[asyncio::protocol]
impl Echo {
    fn data_received(&mut self, transport: &Transport, data: &[u8]) {
        transport.write(data);
    }

    // A client that sends and does not read is not read either: what is kept for it stays bounded.
    fn pause_writing(&mut self, transport: &Transport) {
        transport.pause_reading();
    }

    fn resume_writing(&mut self, transport: &Transport) {
        transport.resume_reading();
    }
}

#[asyncio::main]
async fn main() -> asyncio::Result<()> {
    let event_loop = asyncio::get_running_loop()?;
    let server = event_loop.create_unix_server(|| Echo, path()?).await?;
    if let Some(socket) = server.sockets().first() {
        println!("listening on {}", socket.unix_sockname()?);
    }
    // Ctrl-C cancels main. The server is closed then, which removes its file, and so are its connections.
    asyncio::catch_cancelled(server.serve_forever()).await.unwrap_or(Ok(()))
}

/// The path on the command line, or the default.
fn path() -> asyncio::Result<String> {
    match std::env::args().nth(1) {
        None => Ok(std::env::temp_dir().join("asyncio-echo").to_string_lossy().into_owned()),
        Some(path) if path.is_empty() => Err(Error::value_error("the path is empty")),
        Some(path) => Ok(match path.strip_prefix('@') {
            Some(name) => format!("\0{name}"),
            None => path,
        }),
    }
}
