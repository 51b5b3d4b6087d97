//! What goes wrong on real machines: descriptors that run out, floods, resets, signals, many who say nothing. The loop
//! goes on serving, and no descriptor is lost.

use std::cell::Cell;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::thread::JoinHandleExt;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use asyncio::{ConcurrentFuture, Error, EventLoop, Future, Result, Server, Transport};
use socket2::SockRef;

use crate::program::{Program, Test, succeeds, test};

pub(crate) const TESTS: &[Test] = &[
    test!(a_connection_without_descriptors_fails_and_a_later_one_does_not, || run(without_descriptors)),
    test!(a_flood_of_clients_that_abort_leaves_the_server_serving, || run(flooded)),
    test!(a_reset_in_the_middle_of_a_hundred_megabytes_is_told_once, || run(reset_in_the_middle)),
    test!(a_storm_of_signals_loses_no_byte, || run(signalled)),
    test!(a_peer_that_sends_byte_by_byte_keeps_nobody_waiting, || run(byte_by_byte)),
];

fn a_connection_without_descriptors_fails_and_a_later_one_does_not(program: Program) {
    succeeds(program);
}

fn a_flood_of_clients_that_abort_leaves_the_server_serving(program: Program) {
    succeeds(program);
}

fn a_reset_in_the_middle_of_a_hundred_megabytes_is_told_once(program: Program) {
    succeeds(program);
}

fn a_storm_of_signals_loses_no_byte(program: Program) {
    succeeds(program);
}

fn a_peer_that_sends_byte_by_byte_keeps_nobody_waiting(program: Program) {
    succeeds(program);
}

/// Echoes, and counts itself.
pub(crate) struct Echo(Rc<Cell<usize>>);

#[asyncio::protocol]
impl Echo {
    fn connection_made(&mut self) {
        self.0.set(self.0.get() + 1);
    }

    fn data_received(&mut self, transport: &Transport, data: &[u8]) {
        transport.write(data);
    }

    fn connection_lost(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

/// Runs a fault against an echo server: afterwards the server still serves, and the process has as many descriptors as
/// before.
pub(crate) fn run(
    fault: impl AsyncFnOnce(&EventLoop, SocketAddr, &Cell<usize>) -> Result<()> + 'static,
) -> std::process::ExitCode {
    let outcome = asyncio::run(async {
        let event_loop = asyncio::get_running_loop()?;
        let connections = Rc::new(Cell::new(0));
        let counted = connections.clone();
        let server = event_loop.create_server(move || Echo(counted.clone()), "127.0.0.1", 0);
        // Whom the system turns away tries again after a second.
        let server: Server = server.backlog(4096).await?;
        let address = server.sockets()[0].getsockname()?;
        let before = descriptors();
        fault(&event_loop, address, &connections).await?;
        assert!(server.is_serving());
        echo(address, b"still here").await?;
        until(|| connections.get() == 0).await;
        assert_eq!(descriptors(), before);
        server.close();
        server.wait_closed().await
    });
    outcome.unwrap();
    std::process::ExitCode::SUCCESS
}

fn descriptors() -> usize {
    std::fs::read_dir("/dev/fd").unwrap().count()
}

/// Waits for what other threads and the system bring about.
pub(crate) async fn until(mut condition: impl FnMut() -> bool) {
    while !condition() {
        asyncio::sleep(Duration::from_millis(1)).await;
    }
}

/// Runs something that blocks on another thread.
async fn off_loop<T: Clone + Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    let outcome = ConcurrentFuture::new();
    let setter = outcome.clone();
    let thread = thread::spawn(move || setter.set_result(work()).unwrap());
    let outcome = asyncio::wrap_future(outcome)?.await?;
    thread.join().unwrap();
    Ok(outcome)
}

/// Sends something, and expects it back.
pub(crate) async fn echo(address: SocketAddr, message: &'static [u8]) -> Result<()> {
    let echoed = off_loop(move || {
        let mut client = TcpStream::connect(address).unwrap();
        client.write_all(message).unwrap();
        let mut echoed = vec![0; message.len()];
        client.read_exact(&mut echoed).unwrap();
        echoed
    });
    assert_eq!(echoed.await?, message);
    Ok(())
}

async fn without_descriptors(event_loop: &EventLoop, address: SocketAddr, _: &Cell<usize>) -> Result<()> {
    limit_descriptors(64);
    let taken: Vec<std::fs::File> = std::iter::from_fn(|| std::fs::File::open("/dev/null").ok()).collect();
    let connect = || event_loop.create_connection(|| Echo(Rc::default()), address.ip(), address.port());
    let error = connect().await.unwrap_err();
    let Error::OsError(os) = &error else { panic!("{error}") };
    assert_eq!(os.raw_os_error(), Some(libc::EMFILE));
    assert!(error.to_string().contains(&address.to_string()), "{error}");
    drop(taken);
    connect().await?.0.close();
    Ok(())
}

/// Leaves the process few descriptors, as `ulimit -n` does.
#[expect(unsafe_code, reason = "std has no limits")]
pub(crate) fn limit_descriptors(count: u64) {
    let limit = libc::rlimit { rlim_cur: count, rlim_max: count };
    // SAFETY: `limit` lives through the call.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &limit) }, 0);
}

async fn flooded(_: &EventLoop, address: SocketAddr, _: &Cell<usize>) -> Result<()> {
    const CLIENTS: usize = 3000;
    off_loop(move || {
        for number in 0..CLIENTS {
            let mut client = TcpStream::connect(address).unwrap();
            if number % 3 == 0 {
                client.write_all(b"nobody waits for the answer").unwrap();
            }
            // Closing sends a reset: before it was accepted, or after.
            SockRef::from(&client).set_linger(Some(Duration::ZERO)).unwrap();
        }
    })
    .await
}

/// Sends what it was given, and says how it ended.
struct Sender {
    data: Vec<u8>,
    lost: Future<String>,
}

#[asyncio::protocol]
impl Sender {
    fn connection_made(&mut self, transport: &Transport) {
        transport.set_write_hard_limit(usize::MAX);
        transport.write(&std::mem::take(&mut self.data));
    }

    fn connection_lost(&mut self, exc: Option<&Error>) -> Result<()> {
        // A second call would fail here, and be reported.
        self.lost.set_result(format!("{exc:?}"))
    }
}

async fn reset_in_the_middle(event_loop: &EventLoop, _: SocketAddr, _: &Cell<usize>) -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let at = listener.local_addr()?;
    let lost = event_loop.create_future();
    let sender = Sender { data: vec![b'x'; 100 << 20], lost: lost.clone() };
    let (transport, _) = event_loop.create_connection(|| sender, at.ip(), at.port()).await?;
    assert!(transport.get_write_buffer_size() > 90 << 20);
    off_loop(move || {
        let (mut peer, _) = listener.accept().unwrap();
        peer.read_exact(&mut vec![0; 10 << 20]).unwrap();
        SockRef::from(&peer).set_linger(Some(Duration::ZERO)).unwrap();
    })
    .await?;
    let lost = lost.await?;
    assert!(lost.contains("ConnectionReset") || lost.contains("BrokenPipe"), "{lost}");
    assert!(lost.contains(&at.to_string()), "{lost}");
    assert_eq!(transport.get_write_buffer_size(), 0);
    Ok(())
}

async fn signalled(_: &EventLoop, address: SocketAddr, _: &Cell<usize>) -> Result<()> {
    interrupt_system_calls();
    let done = Arc::new(AtomicBool::new(false));
    let storm = storm(done.clone());
    let client = off_loop(move || {
        let mut writer = TcpStream::connect(address).unwrap();
        let mut reader = writer.try_clone().unwrap();
        let sent: Vec<u8> = (0..16 << 20).map(|number: u32| (number / 7) as u8).collect();
        let expected = sent.clone();
        let writing = thread::spawn(move || writer.write_all(&sent).unwrap());
        let mut echoed = vec![0; expected.len()];
        reader.read_exact(&mut echoed).unwrap();
        writing.join().unwrap();
        echoed == expected
    });
    assert!(client.await?);
    done.store(true, Ordering::Relaxed);
    assert!(storm.join().unwrap() > 0);
    Ok(())
}

extern "C" fn nothing(_signal: libc::c_int) {}

/// SIGUSR1 does nothing, but ends the system call in which it comes.
#[expect(unsafe_code, reason = "std has no signals")]
fn interrupt_system_calls() {
    // SAFETY: all-zero is a value of this plain struct: no flags, above all not SA_RESTART, and no signals blocked.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = nothing as *const () as libc::sighandler_t;
    // SAFETY: `action` lives through the call, and its handler does nothing.
    assert_eq!(unsafe { libc::sigaction(libc::SIGUSR1, &action, std::ptr::null_mut()) }, 0);
}

/// Sends SIGUSR1 to the calling thread until it is told to end; gives how many it sent.
#[expect(unsafe_code, reason = "std has no signals")]
fn storm(done: Arc<AtomicBool>) -> thread::JoinHandle<usize> {
    // SAFETY: asks for the thread's own name.
    let target = unsafe { libc::pthread_self() } as usize;
    let storm = thread::spawn(move || {
        let mut sent = 0;
        while !done.load(Ordering::Relaxed) {
            // SAFETY: the thread is the program's main one, which waits for this one before it ends.
            assert_eq!(unsafe { libc::pthread_kill(target as libc::pthread_t, libc::SIGUSR1) }, 0);
            sent += 1;
            thread::sleep(Duration::from_micros(50));
        }
        sent
    });
    // It is not the storm's own thread that is hit.
    assert_ne!(storm.as_pthread_t() as usize, target);
    storm
}

async fn byte_by_byte(_: &EventLoop, address: SocketAddr, _: &Cell<usize>) -> Result<()> {
    const BYTES: usize = 5000;
    let others = Arc::new(AtomicBool::new(true));
    let served = others.clone();
    let slow = asyncio::create_task(async move {
        off_loop(move || {
            let mut client = TcpStream::connect(address).unwrap();
            client.set_nodelay(true).unwrap();
            // As long as others have to be served beside it, and then some more.
            let (mut bytes, mut sent, mut left) = ((0..=255u8).cycle(), 0, BYTES);
            while left > 0 {
                client.write_all(&[bytes.next().unwrap()]).unwrap();
                sent += 1;
                left -= usize::from(!served.load(Ordering::Relaxed));
                if sent % 100 == 0 {
                    let mut echoed = [0; 100];
                    client.read_exact(&mut echoed).unwrap();
                    assert!(echoed.iter().zip((0..=255).cycle().skip(sent - 100)).all(|(left, right)| *left == right));
                }
            }
        })
        .await
    });
    for _ in 0..10 {
        echo(address, b"in between").await?;
    }
    others.store(false, Ordering::Relaxed);
    slow.await
}
