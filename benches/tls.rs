//! The TLS echo: the protocol of the plain one, above TLS.
//!
//! Certificate and key are the harness's, below the folder that it runs in.

use asyncio::ssl::{self, Purpose};

pub(super) async fn echo(port: u16) -> asyncio::Result<()> {
    let context = ssl::create_default_context()
        .purpose(Purpose::ClientAuth)
        .load_cert_chain("py/cert.pem", "py/key.pem")
        .build()?;
    let event_loop = asyncio::get_running_loop()?;
    let server = event_loop.create_server(|| super::Echo, "127.0.0.1", port).backlog(4096).ssl(&context).await?;
    server.serve_forever().await
}
