//! The harness's view of a runtime, by public names of this crate.

use std::cell::RefCell;
use std::future::Future as StdFuture;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use asyncio::Future;
use pin_project_lite::pin_project;

use crate::common::Rt;
use crate::stand_ins::{Lock, Queue};

/// This crate.
#[derive(Debug)]
pub struct Asyncio;

thread_local! {
    /// Where what another thread sends arrives: a call from there can carry no reference to the loop's thread.
    static INBOX: RefCell<Rc<Queue>> = RefCell::default();
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
    type Tx = Rc<Queue>;
    type Rx = Rc<Queue>;
    type OTx = Future<u64>;
    type ORx = Future<u64>;
    type XRx = Rc<Queue>;
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
        let queue = Rc::<Queue>::default();
        (queue.clone(), queue)
    }

    fn send(tx: &Self::Tx, value: u64) {
        tx.put_nowait(value);
    }

    async fn recv(rx: &mut Self::Rx) -> u64 {
        rx.get().await
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
            let put = move || INBOX.with_borrow(|inbox| inbox.put_nowait(value));
            handle.call_soon_threadsafe(put).expect("the loop is open as long as it waits");
        };
        (Box::new(send), INBOX.with_borrow(Rc::clone))
    }

    async fn xrecv(rx: &mut Self::XRx) -> u64 {
        rx.get().await
    }

    fn mutex() -> Self::Mutex {
        Lock::default()
    }

    async fn critical(lock: &Self::Mutex) {
        lock.acquire().await;
        Self::yield_now().await;
        lock.release();
    }
}
