//! The tour: <https://docs.python.org/3/library/asyncio.html>, a server and its clients in one process.
//!
//! A protocol that answers lines, tasks that talk to it, a timeout, and a cancel whose clean-up may await. Ends by
//! itself within a second.

use std::net::SocketAddr;
use std::time::Duration;

use asyncio::{Error, Future, Task, Transport};

const MOMENT: Duration = Duration::from_millis(100);
const LONGEST_LINE: usize = 4096;

#[asyncio::main]
async fn main() -> asyncio::Result<()> {
    let event_loop = asyncio::get_running_loop()?;
    // Port 0: the system chooses a free one.
    let server = event_loop.create_server(Shouter::default, "127.0.0.1", 0).await?;
    let address = server.sockets().first().map(|socket| socket.local_addr()).transpose()?;
    let address = address.ok_or_else(|| Error::runtime_error("the server has no socket"))?;
    println!("1. a server listens on {address}");

    three_clients_at_once(address).await?;
    an_answer_that_does_not_come(address).await?;
    a_task_that_cleans_up().await?;

    server.close();
    server.close_clients();
    server.wait_closed().await?;
    println!("5. the server is closed, and all its connections with it");
    Ok(())
}

async fn three_clients_at_once(address: SocketAddr) -> asyncio::Result<()> {
    println!("2. three clients talk to it at once");
    let mut clients = Vec::new();
    for line in ["spam", "eggs", "and bacon"] {
        clients.push(Task::builder().name(line).create_task(ask(address, line))?);
    }
    for client in clients {
        println!("   {:?} was answered with {:?}", client.get_name(), client.await?);
    }
    Ok(())
}

async fn an_answer_that_does_not_come(address: SocketAddr) -> asyncio::Result<()> {
    println!("3. a client asks for silence, and waits for {MOMENT:?} only");
    match asyncio::timeout(MOMENT, ask(address, "silence")).await {
        Err(error) if error.is_timeout() => println!("   {error}"),
        Err(error) => return Err(error),
        Ok(answer) => println!("   unexpectedly it said {answer:?}"),
    }
    Ok(())
}

async fn a_task_that_cleans_up() -> asyncio::Result<()> {
    println!("4. a task is cancelled in the middle of its work");
    let worker = asyncio::create_task(work());
    asyncio::sleep(MOMENT).await;
    worker.cancel_with("it is late");
    match worker.await {
        Err(error) if error.is_cancelled() => println!("   whoever awaits it gets: {error}"),
        other => return other,
    }
    Ok(())
}

/// Sends one line and waits for the answer.
#[asyncio::coroutine]
async fn ask(address: SocketAddr, line: &'static str) -> asyncio::Result<String> {
    let event_loop = asyncio::get_running_loop()?;
    let answer = event_loop.create_future();
    let client = Client { line, received: Vec::new(), answer: answer.clone() };
    let (transport, _) = event_loop.create_connection(|| client, address.ip().to_string(), address.port()).await?;
    // Whatever happens below, a timeout or a cancel as well.
    asyncio::finally! { transport.close(); }
    answer.await
}

/// Works until it is stopped, and then takes the time to put its things away.
#[asyncio::coroutine]
async fn work() -> asyncio::Result<()> {
    let mut pieces = 0;
    asyncio::finally! {
        println!("   cleaning up after {pieces} pieces of work …");
        asyncio::sleep(MOMENT).await;
        println!("   … done");
    }
    loop {
        asyncio::sleep(MOMENT / 8).await;
        pieces += 1;
    }
}

/// The server's side of a connection: answers each line in capitals, but `silence` with nothing.
#[derive(Default)]
pub struct Shouter {
    received: Vec<u8>,
}

#[asyncio::protocol]
impl Shouter {
    fn data_received(&mut self, transport: &Transport, data: &[u8]) {
        self.received.extend_from_slice(data);
        while let Some(end) = self.received.iter().position(|&byte| byte == b'\n').filter(|&end| end <= LONGEST_LINE) {
            let line: Vec<u8> = self.received.drain(..=end).collect();
            if line != b"silence\n" {
                transport.write(&line.to_ascii_uppercase());
            }
        }
        if self.received.len() > LONGEST_LINE {
            transport.abort();
        }
    }
}

/// The client's side: one line, one answer.
pub struct Client {
    pub line: &'static str,
    pub received: Vec<u8>,
    pub answer: Future<String>,
}

#[asyncio::protocol]
impl Client {
    fn connection_made(&mut self, transport: &Transport) {
        transport.write(self.line.as_bytes());
        transport.write(b"\n");
    }

    fn data_received(&mut self, data: &[u8]) -> asyncio::Result<()> {
        if self.answer.done() {
            return Ok(());
        }
        self.received.extend_from_slice(data);
        // Bytes come in any pieces: half a line, or more than one.
        match self.received.split(|&byte| byte == b'\n').next() {
            Some(line) if line.len() > LONGEST_LINE => {
                self.answer.set_exception(Error::value_error("the server's line is too long"))
            }
            Some(line) if line.len() < self.received.len() => {
                self.answer.set_result(String::from_utf8_lossy(line).into_owned())
            }
            _ => Ok(()),
        }
    }

    fn connection_lost(&mut self, exc: Option<&Error>) -> asyncio::Result<()> {
        if self.answer.done() {
            return Ok(());
        }
        let lost = || Error::runtime_error("the server closed the connection without an answer");
        self.answer.set_exception(exc.cloned().unwrap_or_else(lost))
    }
}
