//! `SSLKEYLOGFILE`: the keys of TLS connections are written where somebody asked for it, and nowhere else.

use std::path::PathBuf;

use asyncio::ssl::{self, Purpose, SslContextBuilder};
use asyncio::{Result, StreamReader, StreamWriter};

use crate::program::{Program, Test, succeeds, test};

pub(crate) const TESTS: &[Test] =
    &[test!(the_keys_are_written_by_contexts_that_were_asked_to_and_by_no_others, talks_three_times)];

const NAME: &str = "SSLKEYLOGFILE";

/// Names the file before there is a second thread.
#[expect(unsafe_code, reason = "the environment is the process's own here")]
fn name_the_file() -> PathBuf {
    let path = std::env::temp_dir().join(format!("asyncio-keys-{}", std::process::id()));
    // SAFETY: the program has one thread so far.
    unsafe { std::env::set_var(NAME, &path) };
    path
}

async fn greet(_reader: StreamReader, writer: StreamWriter) -> Result<()> {
    writer.write(b"hello\n");
    writer.close();
    writer.wait_closed().await
}

/// One connection.
async fn talk(client: &SslContextBuilder, server: &SslContextBuilder) -> Result<()> {
    let server = asyncio::start_server(greet, "127.0.0.1", 0).ssl(server.build()?).await?;
    let port = server.sockets()[0].getsockname()?.port();
    let (mut reader, writer) = asyncio::open_connection("127.0.0.1", port).ssl(client.build()?).await?;
    assert_eq!(reader.readline().await?, b"hello\n");
    writer.close();
    writer.wait_closed().await
}

fn talks_three_times() -> std::process::ExitCode {
    let path = name_the_file();
    let own = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let client = ssl::create_default_context().cadata(own.cert.pem());
    let server = ssl::create_default_context().purpose(Purpose::ClientAuth);
    let server = server.load_cert_chain_from(own.cert.pem(), own.signing_key.serialize_pem());
    let outcome = asyncio::run(async move {
        talk(&client, &server).await?;
        assert!(!path.exists(), "nobody asked for it, although the variable is set");
        talk(&client.clone().keylog_to_sslkeylogfile(), &server).await?;
        let of_client = std::fs::read_to_string(&path)?;
        assert_eq!(of_client.matches("CLIENT_TRAFFIC_SECRET_0 ").count(), 1, "{of_client}");
        talk(&client, &server.clone().keylog_to_sslkeylogfile()).await?;
        let of_both = std::fs::read_to_string(&path)?;
        assert_eq!(of_both.matches("SERVER_TRAFFIC_SECRET_0 ").count(), 2, "{of_both}");
        std::fs::remove_file(&path)?;
        Ok::<_, asyncio::Error>(())
    });
    outcome.unwrap();
    std::process::ExitCode::SUCCESS
}

fn the_keys_are_written_by_contexts_that_were_asked_to_and_by_no_others(program: Program) {
    succeeds(program);
}
