//! Host names, resolved off the loop: a few threads of the loop's own, which come when there is work and go when
//! there is none.
//!
//! The system's resolver blocks, for many seconds where a name server does not answer. So these threads are not the
//! default executor's, which is waited for at the end: none of them can delay the end of the loop or the process.

use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use crate::event_loop::{EventLoop, Inner, Slot};
use crate::exceptions::{Error, ResolveError, Result};
use crate::executor::{ExecutorFuture, ShutdownOptions, ThreadPoolExecutor};
use crate::sys;

/// More names than this at a time wait for their turn.
const THREADS: usize = 4;
/// A thread that has nothing to do for so long ends.
const IDLE: Duration = Duration::from_secs(5);

type Addresses = Vec<SocketAddr>;

/// Addresses that are known, or will be.
#[derive(Debug)]
pub(super) enum Lookup {
    Known(Addresses),
    Running { future: ExecutorFuture<Addresses>, asked: Asked },
}

/// What was asked, and when.
#[derive(Debug)]
pub(super) struct Asked {
    event_loop: EventLoop,
    host: String,
    at: Duration,
}

impl Lookup {
    pub(super) fn known(addresses: Addresses) -> Self {
        Self::Known(addresses)
    }

    pub(super) async fn finish(self) -> Result<Addresses> {
        match self {
            Self::Known(addresses) => Ok(addresses),
            Self::Running { future, asked } => {
                let outcome = future.await;
                asked.log();
                outcome
            }
        }
    }
}

impl Asked {
    /// In debug mode, how long the answer took. A slow one is worth more attention.
    fn log(&self) {
        let Self { event_loop, host, at } = self;
        if !event_loop.get_debug() {
            return;
        }
        let took = event_loop.time().saturating_sub(*at);
        let (text, milliseconds) = ("resolving the host", took.as_secs_f64() * 1e3);
        if took >= event_loop.slow_callback_duration() {
            crate::log::record!(info, "{text} {host:?} took {milliseconds:.3} ms");
        } else {
            crate::log::record!(debug, "{text} {host:?} took {milliseconds:.3} ms");
        }
    }
}

/// Asks the system's resolver, on a thread.
pub(super) fn look_up(event_loop: &EventLoop, host: &str, port: u16) -> Result<Lookup> {
    let asked = Asked { event_loop: event_loop.clone(), host: host.to_owned(), at: event_loop.time() };
    let host = host.to_owned();
    let resolver = event_loop.inner().slot::<Resolver>();
    let resolve = move || sys::resolve(&host, port).map_err(|error| not_resolved(host, error));
    let future = event_loop.run_in_executor(Some(&resolver.pool), resolve)?;
    Ok(Lookup::Running { future, asked })
}

fn not_resolved(host: String, reason: io::Error) -> Error {
    Error::ResolveError(Arc::new(ResolveError { host, reason: Arc::new(reason) }))
}

/// The resolver of one loop.
struct Resolver {
    pool: ThreadPoolExecutor,
}

impl Slot for Resolver {
    fn create(_inner: &Rc<Inner>) -> Rc<Self> {
        let pool = ThreadPoolExecutor::builder().max_workers(THREADS).thread_name_prefix("asyncio resolver");
        Rc::new(Self { pool: pool.keep_alive(IDLE).build().expect("these options are valid") })
    }

    /// What waits for its turn is given up, and nothing waits for the threads.
    fn close(&self) {
        let options = ShutdownOptions::new().wait(false).cancel_futures(true);
        self.pool.shutdown_with(options).expect("only waiting can fail");
    }
}
