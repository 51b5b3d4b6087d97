//! An open socket by streams:
//! <https://docs.python.org/3/library/asyncio-stream.html#register-an-open-socket-to-wait-for-data-using-streams>

use std::io::Write;
use std::os::unix::net::UnixStream;

use asyncio::Error;

#[asyncio::main]
async fn main() -> asyncio::Result<()> {
    // Two sockets that are connected to each other.
    let (ours, mut theirs) = UnixStream::pair()?;
    let (mut reader, writer) = asyncio::open_connection_with_sock(ours).await?;

    // Somebody else sends something, a little later.
    asyncio::get_running_loop()?.call_soon(move || {
        theirs.write_all(b"abc").expect("a few bytes fit into the socket");
    })?;

    let data = reader.read(100).await?;
    println!("received: {}", String::from_utf8(data).map_err(Error::other)?);

    writer.close();
    writer.wait_closed().await
}
