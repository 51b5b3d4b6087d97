//! A server that runs out of descriptors, in a child process of its own: the limit is the process's.

use std::cell::RefCell;
use std::io::Read;
use std::net::TcpStream;
use std::process::Command;
use std::rc::Rc;

use asyncio::{Transport, TransportSocket};

#[test]
fn a_server_survives_running_out_of_descriptors() {
    // CPython: test_selector_events.BaseSelectorEventLoopTests.test_accept_connection_skip_... and
    // test_base_events.test_accept_connection_exception; gh-151615: one retry, however many clients wait.
    let test = "emfile::in_a_process_of_its_own";
    let child = Command::new("sh")
        .args(["-c", r#"ulimit -n 64; exec "$0" "$@""#])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", test, "--ignored", "--nocapture", "--test-threads=1"])
        .output()
        .unwrap();
    let output = format!("{}\n{}", String::from_utf8_lossy(&child.stdout), String::from_utf8_lossy(&child.stderr));
    assert!(child.status.success() && output.contains("1 passed"), "{output}");
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

#[asyncio::test(timeout = "20s")]
#[ignore = "it takes the process's descriptors; the test above runs it"]
async fn in_a_process_of_its_own() {
    let event_loop = asyncio::get_running_loop().unwrap();
    let reports = Rc::new(RefCell::new(Vec::new()));
    let seen = reports.clone();
    event_loop.set_exception_handler(move |_, context| {
        let address = context.get::<TransportSocket>("socket").unwrap().getsockname().unwrap();
        let errno = match context.get_exception() {
            Some(asyncio::Error::OsError(error)) => error.raw_os_error(),
            _ => None,
        };
        seen.borrow_mut().push((context.message().to_owned(), errno, address));
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
    let expected = ("socket.accept() out of system resource".to_owned(), Some(libc::EMFILE), address);
    assert_eq!(*reports.borrow(), [expected], "it waits before it tries again");
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
