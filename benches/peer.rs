//! What the harness measures: `peer echo PORT`, `peer echo-streams PORT`, `peer echo-streams-read PORT`,
//! `peer tls-server PORT`, `peer udp-server PORT`, `peer http-server PORT`, `peer spawn N`, `peer micro CASE N`.
//! See `benches/README.md`.

#[expect(clippy::all, unused, reason = "the harness's file, unchanged")]
#[rustfmt::skip]
mod common;
mod groups;
mod hello;
mod inspection;
#[cfg(feature = "process-pool")]
mod pool;
mod runtime;
mod tls;

use std::cell::Cell;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::rc::Rc;
use std::time::{Duration, Instant};

use asyncio::{DatagramTransport, Error, Future, StreamReader, StreamWriter, Transport, create_subprocess_exec};
use runtime::Asyncio;

/// Calls between two ticks in the case `call_soon`.
const BATCH: u64 = 10_000;

fn main() -> ExitCode {
    #[cfg(feature = "process-pool")]
    asyncio::serve_if_worker();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match arguments[..] {
        ["echo", port] => number(port).and_then(|port| asyncio::run(echo(port))),
        ["tls-server", port] => number(port).and_then(|port| asyncio::run(tls::echo(port))),
        ["udp-server", port] => number(port).and_then(|port| asyncio::run(udp_server(port))),
        ["http-server", port] => number(port).and_then(|port| asyncio::run(hello::serve(port))),
        ["groups", rounds] => number(rounds).and_then(|rounds| asyncio::run(groups::run(rounds))),
        ["inspection"] => {
            inspection::list();
            Ok(())
        }
        ["inspection", rounds] => number(rounds).and_then(inspection::run),
        ["inspection", case, state, repeats] => {
            number(repeats).and_then(|repeats| inspection::once(case, state == "on", repeats))
        }
        ["spawn", count] => number(count).and_then(|count| asyncio::run(spawn(count, 1, 0))),
        ["spawn", count, at_once, mebibytes] => number(count).and_then(|count| {
            let (at_once, mebibytes) = (number(at_once)?, number(mebibytes)?);
            asyncio::run(spawn(count, at_once, mebibytes))
        }),
        #[cfg(feature = "process-pool")]
        ["pool", count] => number(count).and_then(|count| asyncio::run(pool::round_trips(count))),
        #[cfg(feature = "process-pool")]
        ["pool", count, mebibytes] => number(count).and_then(|count| {
            let mebibytes = number(mebibytes)?;
            asyncio::run(async move {
                pool::large(count, mebibytes).await?;
                pool::beside(count, mebibytes).await
            })
        }),
        ["echo-streams", port] => number(port).and_then(|port| asyncio::run(echo_streams(echo_lent, port))),
        ["echo-streams-read", port] => number(port).and_then(|port| asyncio::run(echo_streams(echo_read, port))),
        ["micro", "call_soon", count] => number(count).and_then(|count| asyncio::run(call_soon(count))),
        ["micro", case, count] => number(count).and_then(|count| {
            let case = case.to_owned();
            asyncio::run(async move { common::micro::<Asyncio>(&case, count).await })
        }),
        _ => {
            eprintln!("usage: peer SERVER PORT | peer spawn N | peer micro CASE N; see benches/README.md");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn number<T: std::str::FromStr>(text: &str) -> asyncio::Result<T> {
    text.parse().map_err(|_| Error::value_error(format!("{text:?} is not a number")))
}

struct Echo;

#[asyncio::protocol]
impl Echo {
    fn data_received(&mut self, transport: &Transport, data: &[u8]) {
        transport.write(data);
    }
}

async fn echo(port: u16) -> asyncio::Result<()> {
    let event_loop = asyncio::get_running_loop()?;
    let server = event_loop.create_server(|| Echo, "127.0.0.1", port).backlog(4096).await?;
    server.serve_forever().await
}

struct UdpEcho;

#[asyncio::protocol]
impl UdpEcho {
    fn datagram_received(
        &mut self,
        transport: &DatagramTransport,
        data: &[u8],
        addr: SocketAddr,
    ) -> asyncio::Result<()> {
        transport.sendto(data, addr)
    }
}

async fn udp_server(port: u16) -> asyncio::Result<()> {
    let event_loop = asyncio::get_running_loop()?;
    let _endpoint = event_loop.create_datagram_endpoint(|| UdpEcho).local_addr("127.0.0.1", port).await?;
    event_loop.create_future::<()>().await
}

async fn echo_streams<F>(client: F, port: u16) -> asyncio::Result<()>
where
    F: AsyncFn(StreamReader, StreamWriter) -> asyncio::Result<()> + 'static,
{
    let server = asyncio::start_server(client, "127.0.0.1", port).backlog(4096).await?;
    server.serve_forever().await
}

/// What comes in is sent from where it is received.
async fn echo_lent(mut reader: StreamReader, writer: StreamWriter) -> asyncio::Result<()> {
    let send = |data: &[u8]| {
        writer.write(data);
        data.len()
    };
    while reader.read_with(send).await? > 0 {
        writer.drain().await?;
    }
    writer.close();
    writer.wait_closed().await
}

/// As Python's programs do it: each piece is bytes of the program's own.
async fn echo_read(mut reader: StreamReader, writer: StreamWriter) -> asyncio::Result<()> {
    loop {
        let data = reader.read(256 * 1024).await?;
        if data.is_empty() {
            writer.close();
            return writer.wait_closed().await;
        }
        writer.write(&data);
        writer.drain().await?;
    }
}

/// Starts /bin/true so many times, some at once, from a process that has so much memory.
async fn spawn(count: u64, at_once: u64, mebibytes: usize) -> asyncio::Result<()> {
    let memory = vec![1_u8; mebibytes << 20];
    let (wall, cpu) = (Instant::now(), cpu_ns());
    for _ in 0..count / at_once {
        let children = (0..at_once).map(|_| async { create_subprocess_exec("/bin/true").await?.wait().await });
        match at_once {
            1 => assert_eq!(create_subprocess_exec("/bin/true").await?.wait().await?, 0),
            _ => assert!(asyncio::gather(children.collect::<Vec<_>>()).await?.iter().all(|code| *code == 0)),
        }
    }
    let (wall, cpu) = (wall.elapsed().as_secs_f64(), (cpu_ns() - cpu) as f64 / count as f64 / 1e3);
    println!("{{\"count\": {count}, \"secs\": {wall:.4}, \"cpu_us\": {cpu:.1}, \"errors\": 0}}");
    drop(std::hint::black_box(memory));
    Ok(())
}

/// Callbacks that count down; a tick after each batch of calls.
async fn call_soon(count: u64) -> asyncio::Result<()> {
    let (wall, cpu) = (Instant::now(), cpu_ns());
    let event_loop = asyncio::get_running_loop()?;
    let countdown = Rc::new(Countdown { left: Cell::new(count), done: event_loop.create_future() });
    for _ in 0..count / BATCH {
        for _ in 0..BATCH {
            let countdown = countdown.clone();
            event_loop.call_soon(move || countdown.step())?;
        }
        asyncio::sleep(Duration::ZERO).await;
    }
    countdown.done.clone().await?;
    let (wall, cpu) = (wall.elapsed().as_nanos() as f64 / count as f64, (cpu_ns() - cpu) as f64 / count as f64);
    println!("{{\"case\": \"call_soon\", \"n\": {count}, \"wall_ns\": {wall:.1}, \"cpu_ns\": {cpu:.1}}}");
    Ok(())
}

struct Countdown {
    left: Cell<u64>,
    done: Future<()>,
}

impl Countdown {
    fn step(&self) {
        self.left.set(self.left.get() - 1);
        if self.left.get() == 0 {
            self.done.set_result(()).expect("zero is reached once");
        }
    }
}

/// The CPU time of this process.
fn cpu_ns() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is a valid place for the answer.
    unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut time) };
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}
