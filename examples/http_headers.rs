//! The headers of a web page: <https://docs.python.org/3/library/asyncio-stream.html#get-http-headers>
//!
//! `http_headers [http://HOST[:PORT][/PATH]]`; without an address it asks a server of its own.

use asyncio::{Error, StreamReader, StreamWriter};

/// Prints the headers of what an address names.
async fn print_headers(host: &str, port: u16, path: &str) -> asyncio::Result<()> {
    let (mut reader, writer) = asyncio::open_connection(host, port).await?;
    writer.write(format!("HEAD {path} HTTP/1.0\r\nHost: {host}\r\n\r\n"));
    loop {
        let line = reader.readline().await?;
        match String::from_utf8_lossy(&line).trim_end() {
            "" => break,
            header => println!("HTTP header> {header}"),
        }
    }
    // What else comes is of no interest.
    writer.close();
    writer.wait_closed().await
}

/// A server that has an answer to everything.
async fn answer(mut reader: StreamReader, writer: StreamWriter) -> asyncio::Result<()> {
    let request = reader.readuntil("\r\n\r\n").await?;
    let lines = request.iter().filter(|byte| **byte == b'\n').count();
    writer.writelines(["HTTP/1.0 204 No Content\r\n", &format!("X-Lines: {lines}\r\n"), "\r\n"]);
    writer.close();
    writer.wait_closed().await
}

#[asyncio::main]
async fn main() -> asyncio::Result<()> {
    let Some(url) = std::env::args().nth(1) else {
        let server = asyncio::start_server(answer, "127.0.0.1", 0).await?;
        let address = server.sockets().first().map(|socket| socket.getsockname()).transpose()?;
        print_headers("127.0.0.1", address.map_or(0, |address| address.port()), "/").await?;
        server.close();
        return server.wait_closed().await;
    };
    let rest = url.strip_prefix("http://").ok_or_else(|| Error::value_error(format!("{url:?} is not http://…")))?;
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let (host, port) = match authority.rsplit_once(':').and_then(|(host, port)| Some((host, port.parse().ok()?))) {
        Some((host, port)) => (host, port),
        None => (authority, 80),
    };
    print_headers(host, port, if path.is_empty() { "/" } else { path }).await
}
