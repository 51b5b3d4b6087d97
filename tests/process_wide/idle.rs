//! Many connections on which nothing happens, their clients in a process of their own.

use std::cell::Cell;
use std::env;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Command, ExitCode, Stdio};

use asyncio::{EventLoop, Result};

use crate::faults::{echo, run, until};
use crate::program::{Program, Test, succeeds, test};

pub(crate) const TESTS: &[Test] = &[test!(thousands_of_idle_connections_cost_nobody_anything, || {
    match env::var(ADDRESS) {
        Ok(address) => clients(address.parse().unwrap()),
        Err(_) => run(idle),
    }
})];

/// Where the clients go, if this process is theirs.
const ADDRESS: &str = "ASYNCIO_TEST_ADDRESS";

fn thousands_of_idle_connections_cost_nobody_anything(program: Program) {
    succeeds(program);
}

/// 15,000, or what the process may have where that is less.
fn count() -> usize {
    const WANTED: usize = 15_000;
    const OTHERS: usize = 100;
    WANTED.min(usize::try_from(descriptor_limit()).unwrap_or(usize::MAX).saturating_sub(OTHERS))
}

#[expect(unsafe_code, reason = "std has no limits")]
fn descriptor_limit() -> u64 {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: `limit` lives through the call.
    assert_eq!(unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit) }, 0);
    limit.rlim_cur
}

async fn idle(_: &EventLoop, address: SocketAddr, connections: &Cell<usize>) -> Result<()> {
    let mut command = Command::new(env::current_exe()?);
    command.env(ADDRESS, address.to_string()).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut clients = command.spawn()?;
    until(|| connections.get() == count()).await;
    // Whoever speaks is answered, among all those who do not.
    echo(address, b"a newcomer").await?;
    let stdout = clients.stdout.take().expect("it is piped");
    writeln!(clients.stdin.as_mut().expect("it is piped"), "speak")?;
    let answered = asyncio::to_thread(move || Ok::<_, asyncio::Error>(BufReader::new(stdout).lines().next()));
    assert_eq!(answered.await?.expect("it says so")?, "answered");
    assert_eq!(connections.get(), count());
    // All at once, and without a word.
    clients.kill()?;
    until(|| connections.get() == 0).await;
    clients.wait()?;
    Ok(())
}

fn clients(address: SocketAddr) -> ExitCode {
    let mut clients: Vec<TcpStream> = (0..count()).map(|_| TcpStream::connect(address).unwrap()).collect();
    let mut stdin = std::io::stdin().lock();
    stdin.read_line(&mut String::new()).unwrap();
    let last = clients.len() - 1;
    for speaker in [0, last / 2, last] {
        clients[speaker].write_all(b"hello").unwrap();
        let mut echoed = [0; 5];
        clients[speaker].read_exact(&mut echoed).unwrap();
        assert_eq!(&echoed, b"hello");
    }
    let mut stdout = std::io::stdout();
    writeln!(stdout, "answered").and_then(|()| stdout.flush()).unwrap();
    stdin.read_to_end(&mut Vec::new()).unwrap();
    ExitCode::SUCCESS
}
