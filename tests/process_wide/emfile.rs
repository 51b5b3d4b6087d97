//! A server that runs out of descriptors: the limit is the process's.

use std::cell::RefCell;
use std::io::Read;
use std::net::TcpStream;
use std::rc::Rc;

use asyncio::{Transport, TransportSocket};

use crate::program::{Program, Test, succeeds, test};

// CPython: test_selector_events.BaseSelectorEventLoopTests.test_accept_connection_skip_... and
// test_base_events.test_accept_connection_exception; gh-151615: one retry, however many clients wait.
pub(crate) const TESTS: &[Test] = &[test!(a_server_survives_running_out_of_descriptors, || {
    limit_descriptors();
    serve_without_descriptors()
})];

fn a_server_survives_running_out_of_descriptors(program: Program) {
    succeeds(program);
}

/// Leaves the process few descriptors, as `ulimit -n 64` does.
#[expect(unsafe_code, reason = "std has no limits")]
fn limit_descriptors() {
    let limit = libc::rlimit { rlim_cur: 64, rlim_max: 64 };
    // SAFETY: `limit` lives through the call.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &limit) }, 0);
}

/// Greets and closes.
struct Greeter;

#[asyncio::protocol]
impl Greeter {
    fn connection_made(&mut self, transport: &Transport) {
        transport.write(b"welcome");
        transport.close();
    }
}

#[asyncio::main]
async fn serve_without_descriptors() {
    let event_loop = asyncio::get_running_loop().unwrap();
    let reports = Rc::new(RefCell::new(Vec::new()));
    let seen = reports.clone();
    event_loop.set_exception_handler(move |_, context| {
        let address = context.get::<TransportSocket>("socket").unwrap().getsockname().unwrap();
        let errno = match context.get_exception() {
            Some(asyncio::Error::OsError(error)) => error.raw_os_error(),
            _ => None,
        };
        let text = format!("{}: {}", context.get_code().unwrap_or_default(), context.message());
        seen.borrow_mut().push((text, errno, address));
    });
    let server = event_loop.create_server(|| Greeter, "127.0.0.1", 0).await.unwrap();
    let address = server.sockets()[0].getsockname().unwrap();
    let mut clients: Vec<TcpStream> = (0..3).map(|_| TcpStream::connect(address).unwrap()).collect();
    let taken = exhaust();
    let began = event_loop.time();
    while reports.borrow().is_empty() {
        asyncio::sleep(std::time::Duration::from_millis(1)).await;
    }
    assert!(server.is_serving());
    asyncio::sleep(std::time::Duration::from_millis(100)).await;
    let expected = ("ASY0017: socket.accept() out of system resource".to_owned(), Some(libc::EMFILE), address);
    assert_eq!(*reports.borrow(), [expected], "it waits before it tries again");
    let refused = event_loop.create_server(|| Greeter, "127.0.0.1", 0).await.unwrap_err();
    assert!(
        matches!(&refused, asyncio::Error::OsError(error) if error.raw_os_error() == Some(libc::EMFILE)),
        "{refused}"
    );
    drop(taken);
    let greeted = asyncio::ConcurrentFuture::new();
    let setter = greeted.clone();
    let thread = std::thread::spawn(move || {
        let greetings = clients.iter_mut().map(|client| {
            let mut greeting = String::new();
            client.read_to_string(&mut greeting).unwrap();
            greeting
        });
        setter.set_result(greetings.collect::<Vec<_>>()).unwrap();
    });
    let greetings = asyncio::wrap_future(greeted).unwrap().await.unwrap();
    assert_eq!(greetings, ["welcome"; 3]);
    assert!(event_loop.time() - began >= asyncio::constants::ACCEPT_RETRY_DELAY);
    assert_eq!(reports.borrow().len(), 1);
    thread.join().unwrap();
    server.close();
    server.wait_closed().await.unwrap();
}

/// Takes all descriptors that are left.
fn exhaust() -> Vec<std::fs::File> {
    std::iter::from_fn(|| std::fs::File::open("/dev/null").ok()).collect()
}
