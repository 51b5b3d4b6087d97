//! A subprocess by callbacks: <https://docs.python.org/3/library/asyncio-protocol.html#loop-subprocess-exec-and-subprocessprotocol>

use asyncio::subprocess::INHERIT;
use asyncio::{Future, SubprocessTransport};

/// Collects what the process writes.
pub struct DateProtocol {
    pub output: Vec<u8>,
    pub exited: Future<()>,
}

#[asyncio::protocol]
impl DateProtocol {
    fn pipe_data_received(&mut self, data: &[u8]) {
        self.output.extend_from_slice(data);
    }

    /// After the exit and the end of all pipes, so that nothing is missing.
    fn connection_lost(&mut self, transport: &SubprocessTransport) -> asyncio::Result<()> {
        println!("date exited with {:?}", transport.get_returncode());
        self.exited.set_result(())
    }
}

#[asyncio::main]
async fn main() -> asyncio::Result<()> {
    let event_loop = asyncio::get_running_loop()?;
    let exited = event_loop.create_future();
    let protocol = DateProtocol { output: Vec::new(), exited: exited.clone() };
    let (_transport, protocol) = event_loop.subprocess_exec(|| protocol, "date").stdin(INHERIT).stderr(INHERIT).await?;
    exited.await?;
    println!("Current date: {}", protocol.with(|it| String::from_utf8_lossy(&it.output).trim_end().to_owned()));
    Ok(())
}
