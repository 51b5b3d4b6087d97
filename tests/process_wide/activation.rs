//! Socket activation: a service that gets its listening sockets from whoever starts it, as systemd does.

use std::env;
use std::io::Read;
use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::process::{Child, Command, ExitCode, ExitStatus, Stdio};

use asyncio::{Error, Event, Transport};

use crate::program::{Program, Test, succeeds, test};

pub(crate) const TESTS: &[Test] = &[test!(a_service_manager_passes_listening_sockets, || {
    if env::var_os("LISTEN_FDS").is_none() {
        manager()
    } else {
        service()
    }
    ExitCode::SUCCESS
})];

fn a_service_manager_passes_listening_sockets(program: Program) {
    succeeds(program);
}

/// Starts this program once more, with two listening sockets from descriptor 3 on.
fn start(tcp: TcpListener, unix: UnixListener, count: &str) -> Child {
    // The shell knows the number that the process will have.
    const SCRIPT: &str = r#"LISTEN_PID=$$ exec "$0" 3<&0 4>&1 </dev/null >/dev/null"#;
    let mut command = Command::new("sh");
    command.args(["-c", SCRIPT]).arg(env::current_exe().unwrap());
    command.env("LISTEN_FDS", count).env("LISTEN_FDNAMES", if count == "2" { "web:control" } else { "" });
    command.stdin(Stdio::from(OwnedFd::from(tcp))).stdout(Stdio::from(OwnedFd::from(unix)));
    command.spawn().unwrap()
}

fn listeners() -> (TcpListener, UnixListener, std::path::PathBuf) {
    let path = env::temp_dir().join(format!("asyncio-activation-{}", std::process::id()));
    let _ = std::fs::remove_file(&path);
    (TcpListener::bind("127.0.0.1:0").unwrap(), UnixListener::bind(&path).unwrap(), path)
}

fn manager() {
    let (tcp, unix, path) = listeners();
    let address = tcp.local_addr().unwrap();
    let mut service = start(tcp, unix, "2");
    // The sockets listen already, so that nobody has to wait for the service.
    let (mut tcp, mut unix) = (TcpStream::connect(address).unwrap(), UnixStream::connect(&path).unwrap());
    let mut greetings = String::new();
    tcp.read_to_string(&mut greetings).unwrap();
    unix.read_to_string(&mut greetings).unwrap();
    assert_eq!(greetings, "welcomewelcome");
    assert!(service.wait().is_ok_and(|status: ExitStatus| status.success()));
    std::fs::remove_file(&path).unwrap();

    let (tcp, unix, path) = listeners();
    assert!(start(tcp, unix, "3").wait().unwrap().success());
    std::fs::remove_file(&path).unwrap();
}

fn service() {
    if env::var("LISTEN_FDS").unwrap() == "3" {
        let error = asyncio::listen_fds().unwrap_err();
        assert_eq!(error.io_kind(), Some(std::io::Error::from_raw_os_error(libc::EBADF).kind()));
        assert!(error.to_string().contains("descriptor 5") && error.to_string().contains("LISTEN_FDS=3"), "{error}");
        return;
    }
    let sockets = asyncio::listen_fds().unwrap();
    assert_eq!(sockets.iter().map(asyncio::ListenFd::name).collect::<Vec<_>>(), ["web", "control"]);
    assert!(matches!(asyncio::listen_fds(), Err(Error::RuntimeError(_))), "they were given out");
    assert!(sockets.iter().all(|socket| !is_inheritable(socket)), "a child of this one does not get them");
    asyncio::run(async {
        let (web, control) = (Event::new(), Event::new());
        let greeted = [web.clone(), control.clone()].into_iter();
        let greeted = std::cell::RefCell::new(greeted);
        let factory = move || Greeter(greeted.borrow_mut().next());
        let event_loop = asyncio::get_running_loop()?;
        let server = event_loop.create_server_with_socks(factory, sockets).await?;
        assert!(server.sockets().iter().all(|socket| !socket.get_inheritable().unwrap()));
        web.wait().await?;
        control.wait().await?;
        server.close();
        server.wait_closed().await
    })
    .unwrap();
    assert!(matches!(asyncio::listen_fds(), Err(Error::RuntimeError(_))), "also when they are closed");
}

#[expect(unsafe_code, reason = "std does not tell")]
fn is_inheritable(fd: &impl AsFd) -> bool {
    // SAFETY: asks for the flags of a descriptor that is open.
    let flags = unsafe { libc::fcntl(fd.as_fd().as_raw_fd(), libc::F_GETFD) };
    flags & libc::FD_CLOEXEC == 0
}

/// Greets, closes, and says so.
struct Greeter(Option<Event>);

#[asyncio::protocol]
impl Greeter {
    fn connection_made(&mut self, transport: &Transport) {
        transport.write(b"welcome");
        transport.close();
    }

    fn connection_lost(&mut self) {
        self.0.take().into_iter().for_each(|greeted| greeted.set());
    }
}
