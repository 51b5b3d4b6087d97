//! What does without the allocator: one that counts is the whole binary's.

use std::hint::black_box;
use std::net::TcpListener;
use std::process::ExitCode;
use std::rc::Rc;
use std::time::Duration;

use allocation_counter::measure;
use asyncio::{BoundedSemaphore, Event, EventLoop, Future, Lock, Result, Semaphore};
use futures::FutureExt;

use crate::program::{Program, Test, succeeds, test};

pub(crate) const TESTS: &[Test] = &[
    test!(locks_semaphores_and_events_that_nobody_waits_for_allocate_nothing, takes_and_gives_back),
    test!(connections_servers_and_endpoints_that_are_gone_leave_no_memory_behind, || come_and_go().unwrap()),
];

/// How often this allocates. It must not suspend.
fn allocations(mut operations: impl FnMut()) -> u64 {
    // Not of the first time: a thread's own variables may be made then.
    operations();
    measure(operations).count_total
}

fn now<T>(future: impl std::future::Future<Output = T>) -> T {
    future.now_or_never().expect("there is nothing to wait for")
}

#[asyncio::main]
async fn takes_and_gives_back() -> Result<()> {
    assert_eq!(allocations(|| drop(black_box(Box::new(1)))), 1, "they are counted");
    let lock = Lock::new();
    let locked = || {
        now(lock.acquire()).unwrap();
        lock.release().unwrap();
        drop(now(lock.hold()).unwrap());
    };
    assert_eq!(allocations(locked), 0, "by the lock");
    let semaphore = Semaphore::new(2);
    let counted = || {
        now(semaphore.acquire()).unwrap();
        drop(now(semaphore.hold()).unwrap());
        semaphore.release().unwrap();
    };
    assert_eq!(allocations(counted), 0, "by the semaphore");
    let bounded = BoundedSemaphore::new(2);
    let counted = || {
        now(bounded.acquire()).unwrap();
        drop(now(bounded.hold()).unwrap());
        bounded.release().unwrap();
    };
    assert_eq!(allocations(counted), 0, "by the bounded semaphore");
    let event = Event::new();
    let seen = || {
        event.set();
        now(event.wait()).unwrap();
        event.clear();
    };
    assert_eq!(allocations(seen), 0, "by the event");
    Ok(())
}

fn locks_semaphores_and_events_that_nobody_waits_for_allocate_nothing(program: Program) {
    succeeds(program);
}

/// Says when it is lost.
struct Quiet(Option<Future<()>>);

#[asyncio::protocol]
impl Quiet {
    fn data_received(&mut self, _data: &[u8]) {}

    fn connection_lost(&mut self) {
        self.0.take().into_iter().for_each(|lost| lost.set_result(()).unwrap());
    }
}

struct QuietReceiver;

#[asyncio::protocol]
impl QuietReceiver {
    fn datagram_received(&mut self, _data: &[u8]) {}
}

/// One of each, open and closed.
async fn one_of_each(listener: &TcpListener) -> Result<()> {
    let event_loop = asyncio::get_running_loop()?;
    let port = listener.local_addr()?.port();
    let lost = event_loop.create_future();
    let quiet = Quiet(Some(lost.clone()));
    event_loop.create_connection(move || quiet, "127.0.0.1", port).await?;
    // It receives the end, for which the loop has a buffer that stays.
    drop(listener.accept()?);
    lost.await?;
    let server = event_loop.create_server(|| Quiet(None), "127.0.0.1", 0).await?;
    let endpoint = event_loop.create_datagram_endpoint(|| QuietReceiver);
    let (datagrams, _) = endpoint.local_addr("127.0.0.1", 0).await?;
    server.close();
    datagrams.close();
    server.wait_closed().await?;
    asyncio::sleep(Duration::ZERO).await;
    asyncio::sleep(Duration::ZERO).await;
    Ok(())
}

fn come_and_go() -> Result<ExitCode> {
    let (event_loop, listener) = (EventLoop::new()?, Rc::new(TcpListener::bind("127.0.0.1:0")?));
    let rounds = |count: usize| {
        let listener = listener.clone();
        let rounds = async move {
            for _ in 0..count {
                one_of_each(&listener).await?;
            }
            Ok::<_, asyncio::Error>(())
        };
        event_loop.run_until_complete(rounds).unwrap();
    };
    // Room that is kept for the next ones is made now.
    rounds(10);
    let left = measure(|| rounds(100)).bytes_current;
    assert!(left < 2000, "{left} bytes");
    event_loop.close()?;
    Ok(ExitCode::SUCCESS)
}

fn connections_servers_and_endpoints_that_are_gone_leave_no_memory_behind(program: Program) {
    succeeds(program);
}
