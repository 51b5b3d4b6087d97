//! The harness's view of a runtime, by public names of this crate.

use std::future::Future as StdFuture;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use asyncio::{Future, Lock, Queue};
use pin_project_lite::pin_project;

use crate::common::Rt;

/// This crate.
#[derive(Debug)]
pub struct Asyncio;

thread_local! {
    /// Where what another thread sends arrives: a call from there can carry no reference to the loop's thread.
    static INBOX: Queue<u64> = Queue::new();
}

pin_project! {
    /// A task's future gives a result. An `async` block that awaits would hold its future twice.
    struct Plain<F> {
        #[pin]
        future: F,
    }
}

impl<F: StdFuture> StdFuture for Plain<F> {
    type Output = asyncio::Result<F::Output>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.project().future.poll(cx).map(Ok)
    }
}

impl Rt for Asyncio {
    type Tx = Queue<u64>;
    type Rx = Queue<u64>;
    type OTx = Future<u64>;
    type ORx = Future<u64>;
    type XRx = Queue<u64>;
    type Mutex = Lock;

    fn spawn<T: 'static>(future: impl StdFuture<Output = T> + 'static) -> impl StdFuture<Output = T> + 'static {
        let task = asyncio::create_task(Plain { future });
        async { task.await.expect("no task of a benchmark fails") }
    }

    fn yield_now() -> impl StdFuture<Output = ()> + 'static {
        asyncio::sleep(Duration::ZERO)
    }

    fn sleep(duration: Duration) -> impl StdFuture<Output = ()> + 'static {
        asyncio::sleep(duration)
    }

    fn channel() -> (Self::Tx, Self::Rx) {
        let queue = Queue::new();
        (queue.clone(), queue)
    }

    fn send(tx: &Self::Tx, value: u64) {
        tx.put_nowait(value).expect("it has no limit, and nobody shuts it down");
    }

    async fn recv(rx: &mut Self::Rx) -> u64 {
        rx.get().await.expect("nobody shuts it down")
    }

    fn oneshot() -> (Self::OTx, Self::ORx) {
        let future = Future::new().expect("a loop runs");
        (future.clone(), future)
    }

    fn oset(tx: Self::OTx, value: u64) {
        tx.set_result(value).expect("it is set once");
    }

    async fn oget(rx: Self::ORx) -> u64 {
        rx.await.expect("it is set, and never cancelled")
    }

    fn xchannel() -> (Box<dyn Fn(u64) + Send>, Self::XRx) {
        let handle = asyncio::get_running_loop().expect("a loop runs").handle();
        let send = move |value| {
            let put = move || INBOX.with(|inbox| inbox.put_nowait(value).expect("it has no limit"));
            handle.call_soon_threadsafe(put).expect("the loop is open as long as it waits");
        };
        (Box::new(send), INBOX.with(Queue::clone))
    }

    async fn xrecv(rx: &mut Self::XRx) -> u64 {
        rx.get().await.expect("nobody shuts it down")
    }

    fn mutex() -> Self::Mutex {
        Lock::new()
    }

    async fn critical(lock: &Self::Mutex) {
        let _held = lock.hold().await.expect("one loop uses it");
        Self::yield_now().await;
    }
}
