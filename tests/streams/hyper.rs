//! hyper on this loop.

use std::convert::Infallible;
use std::time::Duration;

use asyncio::{Error, HyperTimer, StreamPair, create_task};
use bytes::Bytes;
use http_body_util::{BodyExt, Empty, Full};
use hyper::body::Incoming;
use hyper::rt::Timer;
use hyper::service::service_fn;
use hyper::{Request, Response, client, server};

use crate::support::net::address;
use crate::support::streams::opened;

async fn hello(_request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    Ok(Response::new(Full::new(Bytes::from(vec![b'x'; 1 << 20]))))
}

#[asyncio::test(timeout = "10s")]
async fn a_client_and_a_server_of_hyper_meet_on_one_loop() {
    let server = asyncio::start_server(
        async |reader, writer| {
            let stream = StreamPair::new(reader, writer);
            server::conn::http1::Builder::new().serve_connection(stream, service_fn(hello)).await.map_err(Error::other)
        },
        "127.0.0.1",
        0,
    )
    .await
    .unwrap();
    let stream = asyncio::open_connection("127.0.0.1", address(&server).port()).await.unwrap();
    let (mut sender, connection) = client::conn::http1::handshake(StreamPair::from(stream)).await.unwrap();
    let connection = create_task(async { connection.await.map_err(Error::other) });
    for _ in 0..3 {
        let request = Request::get("/").header("host", "here").body(Empty::<Bytes>::new()).unwrap();
        let response = sender.send_request(request).await.unwrap();
        assert_eq!(response.into_body().collect().await.unwrap().to_bytes().len(), 1 << 20);
        sender.ready().await.unwrap();
    }
    drop(sender);
    connection.await.unwrap();
    server.close();
    server.wait_closed().await.unwrap();
}

#[asyncio::test(timeout = "10s")]
async fn a_client_that_says_nothing_runs_into_hypers_timeout() {
    let (reader, writer, _peer) = opened().await;
    let error = server::conn::http1::Builder::new()
        .timer(HyperTimer)
        .header_read_timeout(Duration::from_millis(10))
        .serve_connection(StreamPair::new(reader, writer), service_fn(hello))
        .await
        .unwrap_err();
    assert!(error.is_timeout(), "{error}");
}

#[asyncio::test(timeout = "10s")]
async fn a_sleep_of_hypers_that_is_dropped_leaves_no_timer() {
    asyncio::testing::assert_no_leaks(async {
        let mut sleep = HyperTimer.sleep(Duration::from_secs(3600));
        assert!(futures_lite::future::poll_once(&mut sleep).await.is_none());
        drop(sleep);
        HyperTimer.sleep(Duration::from_millis(1)).await;
    })
    .await;
}
