//! A web client by hyper on this loop: <https://docs.rs/hyper/latest/hyper/client/conn/http1/>
//!
//! `hyper_client [HOST:PORT [MESSAGE]]`: posts the message, and prints the answer. Needs `--features hyper`.

use asyncio::{Error, StreamPair};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::client::conn::http1;

#[asyncio::main]
async fn main() -> asyncio::Result<()> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8888".to_owned());
    let message = std::env::args().nth(2).unwrap_or_else(|| "Hello World!".to_owned());
    let parts = address.rsplit_once(':').and_then(|(host, port)| Some((host, port.parse().ok()?)));
    let (host, port) = parts.ok_or_else(|| Error::value_error(format!("{address:?} is not HOST:PORT")))?;

    let stream = StreamPair::from(asyncio::open_connection(host, port).await?);
    let (mut sender, connection) = http1::handshake(stream).await.map_err(Error::other)?;
    // The connection has to run beside the requests.
    let connection = asyncio::create_task(async { connection.await.map_err(Error::other) });

    let request = Request::post("/").header("host", &address).body(Full::new(Bytes::from(message)));
    let response = sender.send_request(request.map_err(Error::other)?).await.map_err(Error::other)?;
    println!("status: {}", response.status());
    let body = response.into_body().collect().await.map_err(Error::other)?.to_bytes();
    println!("body: {}", String::from_utf8_lossy(&body));

    drop(sender);
    connection.await
}
