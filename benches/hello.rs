//! `peer http-server`: HTTP/1.1 with keep-alive by hyper on this loop, which says hello to everybody.

use std::convert::Infallible;

use asyncio::{StreamPair, StreamReader, StreamWriter};
use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};

/// Serves until the process is ended.
pub async fn serve(port: u16) -> asyncio::Result<()> {
    let server = asyncio::start_server(client, "127.0.0.1", port).backlog(4096).await?;
    server.serve_forever().await
}

async fn client(reader: StreamReader, writer: StreamWriter) -> asyncio::Result<()> {
    let stream = StreamPair::new(reader, writer);
    let served = http1::Builder::new().pipeline_flush(true).serve_connection(stream, service_fn(hello)).await;
    // The load's clients vanish when their time is over.
    drop(served);
    Ok(())
}

async fn hello(_: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let mut response = Response::new(Full::new(Bytes::from_static(b"Hello, World!")));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    Ok(response)
}
