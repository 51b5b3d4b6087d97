//! A web server by hyper on this loop: <https://docs.rs/hyper/latest/hyper/server/conn/http1/>
//!
//! `hyper_server [HOST:PORT]`, until Ctrl-C: try it with `curl`. Needs `--features hyper`.

use std::convert::Infallible;
use std::time::Duration;

use asyncio::{Error, HyperTimer, StreamPair, StreamReader, StreamWriter};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response};

/// One client; a task of its own.
async fn serve(reader: StreamReader, writer: StreamWriter) -> asyncio::Result<()> {
    let served = http1::Builder::new()
        .timer(HyperTimer)
        .header_read_timeout(Duration::from_secs(10))
        .serve_connection(StreamPair::new(reader, writer), service_fn(answer))
        .await;
    if let Err(error) = served {
        // Clients that vanish are normal.
        eprintln!("{error}");
    }
    Ok(())
}

/// Gives back what was posted, and says hello else.
async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let body = match *request.method() {
        Method::POST => request.into_body().collect().await.map_or_else(|_| Bytes::new(), |body| body.to_bytes()),
        _ => Bytes::from_static(b"Hello, World!"),
    };
    Ok(Response::new(Full::new(body)))
}

#[asyncio::main]
async fn main() -> asyncio::Result<()> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8888".to_owned());
    let parts = address.rsplit_once(':').and_then(|(host, port)| Some((host, port.parse().ok()?)));
    let (host, port) = parts.ok_or_else(|| Error::value_error(format!("{address:?} is not HOST:PORT")))?;
    let server = asyncio::start_server(serve, host.trim_matches(['[', ']']), port).await?;
    if let Some(socket) = server.sockets().first() {
        println!("listening on {}", socket.local_addr()?);
    }
    let forever = asyncio::get_running_loop()?.create_future::<()>();
    if let Ok(ended) = asyncio::catch_cancelled(forever).await {
        return ended;
    }
    server.close();
    server.close_clients();
    server.wait_closed().await
}
