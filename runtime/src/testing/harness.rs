//! What [`#[asyncio::test]`](macro@crate::test) expands to: a loop for one test, and what makes the test fail.

use std::cell::RefCell;
use std::future::Future;
use std::panic::Location;
use std::process::{ExitCode, Termination};
use std::rc::Rc;
use std::time::Duration;

use super::VirtualClock;
use crate::coroutine::Coroutine;
use crate::event_loop::EventLoop;
use crate::exceptions::Error;
use crate::runner::Runner;
use crate::timeouts::timeout;

/// Says which seed alone to run, instead of those in the program.
const SEED_VARIABLE: &str = "ASYNCIO_SEED";

/// The arguments of `#[asyncio::test]`.
#[derive(Clone, Copy, Debug, Default)]
pub struct TestOptions {
    timeout: Option<Duration>,
    virtual_time: bool,
    debug: Option<bool>,
    seed: Option<u64>,
    seeds: Option<u64>,
}

impl TestOptions {
    /// None given.
    pub const fn new() -> Self {
        Self { timeout: None, virtual_time: false, debug: None, seed: None, seeds: None }
    }

    /// `timeout = "…"`.
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// `virtual_time`.
    pub const fn virtual_time(mut self, enabled: bool) -> Self {
        self.virtual_time = enabled;
        self
    }

    /// `debug`.
    pub const fn debug(mut self, enabled: bool) -> Self {
        self.debug = Some(enabled);
        self
    }

    /// `seed = …`: the order of tasks that are ready is random, by this number.
    pub const fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// `seeds = …`: how many seeds, from the first one on.
    pub const fn seeds(mut self, seeds: u64) -> Self {
        self.seeds = Some(seeds);
        self
    }
}

/// Runs a test on a loop of its own.
///
/// # Panics
///
/// If the test panics, does not end in time, or a failure reached the exception handler and the test set none itself.
#[track_caller]
pub fn run_test<F>(options: TestOptions, name: &'static &'static str, test: impl FnOnce() -> F + 'static) -> F::Output
where
    F: Future<Output: Termination + 'static> + 'static,
{
    #[cfg(feature = "process-pool")]
    crate::process_pool::serve_if_worker_in_test();
    let reports = Rc::new(RefCell::new(Vec::new()));
    let collected = reports.clone();
    let limit = options.timeout;
    let factory = move || {
        let event_loop = new_loop(options)?;
        event_loop.set_exception_handler(move |_, context| collected.borrow_mut().push(context.to_string()));
        Ok(event_loop)
    };
    let mut runner = Runner::builder().loop_factory(factory).deadlocks_end_it().build();
    let location = Location::caller();
    let body = async move { Ok::<_, Error>(Coroutine::new(name, location, test()).await) };
    let outcome = runner.run(timeout(limit, body));
    let closed = runner.close();
    let output = match outcome {
        Ok(output) => output,
        Err(Error::Panic(panic)) => panic.resume(),
        Err(error) if error.is_timeout() => panic!("{name} was not done after {limit:?}"),
        Err(error) => panic!("{name} ended early: {error}"),
    };
    closed.unwrap_or_else(|error| panic!("the event loop of {name} could not be closed: {error}"));
    let reports = reports.borrow();
    if !reports.is_empty() {
        // Its own error, if it is one, is said as well: it may be the cause.
        let _ = output.report();
        panic!("failures that {name} did not look at:\n{}", reports.join("\n"));
    }
    output
}

/// Runs a test once for each of its seeds, or for the one that the environment names.
///
/// # Panics
///
/// As [`run_test`], and if the test returns an error; the seed is printed.
#[track_caller]
pub fn run_seeds<F>(options: TestOptions, name: &'static &'static str, test: impl Fn() -> F + Clone + 'static)
where
    F: Future<Output: Termination + 'static> + 'static,
{
    let first = options.seed.unwrap_or_default();
    let seeds = match std::env::var(SEED_VARIABLE) {
        Ok(seed) => {
            let seed = seed.parse().unwrap_or_else(|_| panic!("{SEED_VARIABLE} is a whole number, not {seed:?}"));
            seed..seed + 1
        }
        Err(_) => first..first.saturating_add(options.seeds.unwrap_or(1)),
    };
    for seed in seeds {
        let _replay = Replay { name, seed };
        let output = run_test(options.seed(seed), name, test.clone());
        assert!(output.report() == ExitCode::SUCCESS, "{name} returned an error");
    }
}

fn new_loop(options: TestOptions) -> crate::exceptions::Result<EventLoop> {
    let mut builder = EventLoop::builder();
    if options.virtual_time {
        builder = builder.clock(VirtualClock::new());
    }
    if let Some(debug) = options.debug {
        builder = builder.debug(debug);
    }
    if let Some(seed) = options.seed {
        builder = builder.seed(seed);
    }
    builder.build()
}

/// Says how to run a failure again.
struct Replay {
    name: &'static &'static str,
    seed: u64,
}

impl Drop for Replay {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let Self { name, seed } = self;
            eprintln!("{name} failed with seed {seed}; to run just that again set {SEED_VARIABLE}={seed}");
        }
    }
}
