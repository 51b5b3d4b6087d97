//! A child of a fork shares the sockets of its parent, and must leave its connections alone.

use std::cell::Cell;
use std::io::Read;
use std::net::{TcpListener, UdpSocket};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::process::ExitCode;
use std::rc::Rc;

use asyncio::{Error, EventLoop, Transport};

use crate::program::{Program, Test, succeeds, test};

pub(crate) const TESTS: &[Test] = &[
    test!(a_child_neither_writes_to_its_parents_connections_nor_ends_them, attack_from_a_child),
    test!(a_child_sends_no_datagrams_of_its_parents_endpoint, datagrams_from_a_child),
    test!(a_child_leaves_the_socket_file_and_the_blocking_mode_of_its_parent_alone, close_in_a_child),
];

fn a_child_leaves_the_socket_file_and_the_blocking_mode_of_its_parent_alone(program: Program) {
    succeeds(program);
}

#[expect(unsafe_code, reason = "std does not tell")]
fn is_blocking(pipe: &impl AsRawFd) -> bool {
    // SAFETY: asks for the flags of a descriptor that is open.
    let flags = unsafe { libc::fcntl(pipe.as_raw_fd(), libc::F_GETFL) };
    flags & libc::O_NONBLOCK == 0
}

fn close_in_a_child() -> ExitCode {
    let path = std::env::temp_dir().join(format!("asyncio-fork-{}", std::process::id()));
    let (near, far) = UnixStream::pair().unwrap();
    let same = near.try_clone().unwrap();
    let name = path.clone();
    let event_loop = EventLoop::new().unwrap();
    let (server, transport) = event_loop
        .run_until_complete(async move {
            let event_loop = asyncio::get_running_loop()?;
            let server = event_loop.create_unix_server(|| Quiet, name).await?;
            let (transport, _) = event_loop.connect_read_pipe(|| Quiet, near).await?;
            Ok::<_, asyncio::Error>((server, transport))
        })
        .unwrap();
    assert!(!is_blocking(&same));
    let mut all = Some((event_loop, server, transport));
    in_child(|| {
        let (event_loop, server, transport) = all.take().unwrap();
        server.close();
        transport.abort();
        let _ = event_loop.close();
        drop((server, transport, event_loop));
    });
    assert!(path.exists(), "the server of the parent still needs it");
    assert!(!is_blocking(&same), "the transport of the parent still reads");
    let (event_loop, server, transport) = all.unwrap();
    event_loop
        .run_until_complete(async move {
            server.close();
            transport.close();
            server.wait_closed().await?;
            asyncio::sleep(std::time::Duration::from_millis(1)).await;
            Ok::<_, asyncio::Error>(())
        })
        .unwrap();
    event_loop.close().unwrap();
    assert!(!path.exists());
    assert!(is_blocking(&same), "and then it is as it was");
    drop(far);
    ExitCode::SUCCESS
}

fn a_child_neither_writes_to_its_parents_connections_nor_ends_them(program: Program) {
    succeeds(program);
}

struct Quiet;

#[asyncio::protocol]
impl Quiet {}

/// Runs `child` in a child of this process and waits for its end.
#[expect(unsafe_code, reason = "there is no other way to fork")]
pub(crate) fn in_child(child: impl FnOnce()) {
    // SAFETY: the child touches only this thread's values and the allocator, which the C library keeps usable there,
    // and it ends without running anything of the other threads'.
    let pid = unsafe { libc::fork() };
    assert!(pid >= 0);
    if pid == 0 {
        child();
        // SAFETY: ends the child at once.
        unsafe { libc::_exit(0) };
    }
    let mut status = 0;
    // SAFETY: `status` lives through the call.
    let waited = unsafe { libc::waitpid(pid, &raw mut status, 0) };
    assert_eq!((waited, status), (pid, 0));
}

#[asyncio::main]
async fn attack_from_a_child() {
    let event_loop = asyncio::get_running_loop().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let attack: [fn(&Transport); 4] = [
        |transport| transport.write(b"from the child"),
        |transport| transport.writelines(["from ", "the child"]),
        |transport| transport.write_eof(),
        |transport| assert!(transport.try_write(b"from the child").is_err()),
    ];
    for attack in attack {
        let (transport, _) = event_loop.create_connection(|| Quiet, "127.0.0.1", port).await.unwrap();
        let (mut peer, _) = listener.accept().unwrap();
        in_child(|| {
            attack(&transport);
            transport.close();
            transport.abort();
        });
        transport.write(b"from the parent");
        transport.close();
        asyncio::sleep(std::time::Duration::from_millis(1)).await;
        let mut received = String::new();
        peer.read_to_string(&mut received).unwrap();
        assert_eq!(received, "from the parent");
    }
}

/// Counts what it is told of.
struct Failures(Rc<Cell<usize>>);

#[asyncio::protocol]
impl Failures {
    fn error_received(&mut self, exc: &Error) {
        assert!(exc.to_string().contains("fork"), "{exc}");
        self.0.set(self.0.get() + 1);
    }
}

#[asyncio::main]
async fn datagrams_from_a_child() {
    let peer = UdpSocket::bind("127.0.0.1:0").unwrap();
    let failures = Rc::new(Cell::new(0));
    let counting = Failures(failures.clone());
    let endpoint = asyncio::get_running_loop().unwrap().create_datagram_endpoint(|| counting);
    let (transport, _) = endpoint.remote_addr("127.0.0.1", peer.local_addr().unwrap().port()).await.unwrap();
    in_child(|| {
        // The first would leave at once, the others together.
        for _ in 0..3 {
            transport.sendto(b"from the child", None).unwrap();
        }
        assert_eq!(transport.get_write_buffer_size(), 0);
        assert_eq!(failures.get(), 3);
        transport.abort();
    });
    transport.sendto(b"from the parent", None).unwrap();
    let mut buffer = [0; 100];
    let length = peer.recv(&mut buffer).unwrap();
    assert_eq!(&buffer[..length], b"from the parent");
    peer.set_nonblocking(true).unwrap();
    assert!(peer.recv(&mut buffer).is_err());
    transport.close();
}

fn a_child_sends_no_datagrams_of_its_parents_endpoint(program: Program) {
    succeeds(program);
}
