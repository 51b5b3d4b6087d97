//! A TCP echo client by streams: <https://docs.python.org/3/library/asyncio-stream.html#tcp-echo-client-using-streams>
//!
//! `tcp_echo_client_streams [HOST:PORT [MESSAGE]]`: sends the message, and ends when it has come back.

use asyncio::Error;

#[asyncio::main]
async fn main() -> asyncio::Result<()> {
    let (host, port) = address()?;
    let message = std::env::args().nth(2).filter(|text| !text.is_empty()).unwrap_or_else(|| "Hello World!".to_owned());
    let (mut reader, writer) = asyncio::open_connection(host, port).await?;

    println!("sent: {message}");
    writer.write(&message);
    writer.drain().await?;

    // The message may come back in pieces.
    let data = reader.readexactly(message.len()).await?;
    println!("received: {}", String::from_utf8_lossy(&data));

    writer.close();
    writer.wait_closed().await
}

/// The address on the command line, or the default.
fn address() -> asyncio::Result<(String, u16)> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8888".to_owned());
    let parts = address.rsplit_once(':').and_then(|(host, port)| Some((host, port.parse().ok()?)));
    let (host, port) = parts.ok_or_else(|| Error::value_error(format!("{address:?} is not HOST:PORT")))?;
    Ok((host.trim_matches(['[', ']']).to_owned(), port))
}
