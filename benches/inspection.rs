//! `peer inspection ROUNDS`: what each way to look into a running program costs, on and off; one JSON line each. And
//! `peer inspection CASE off|on REPEATS`: one of them once, to count its instructions. `inspection.sh` does both.
//!
//! A thousand tasks yield in turn, so that a step is as short as steps are. On and off are measured in turn, and what
//! counts is the median of the rounds.

use std::cell::Cell;
use std::time::Duration;

use asyncio::{
    Error, EventLoop, Result, Runner, RunnerBuilder, capture_call_graph, create_task, gather, get_running_loop,
    new_event_loop, sleep,
};

use crate::cpu_ns;

const TASKS: usize = 1000;
/// How often a case does its thing in one round of measuring time.
const REPEATS: usize = 500;

/// Coroutines around each other, and plain functions likewise.
macro_rules! levels {
    ($($coroutine:ident $plain:ident: $inner:ident $plain_inner:ident;)*) => {$(
        #[asyncio::coroutine]
        async fn $coroutine() {
            $inner().await;
            std::hint::black_box(());
        }

        async fn $plain() {
            $plain_inner().await;
            std::hint::black_box(());
        }
    )*};
}

levels! {
    named_1 plain_1: leaf leaf;
    named_2 plain_2: named_1 plain_1;
    named_3 plain_3: named_2 plain_2;
    named_4 plain_4: named_3 plain_3;
    named_5 plain_5: named_4 plain_4;
    named_6 plain_6: named_5 plain_5;
    named_7 plain_7: named_6 plain_6;
    named_8 plain_8: named_7 plain_7;
}

async fn leaf() {
    for _ in 0..YIELDS.get() {
        sleep(Duration::ZERO).await;
    }
}

thread_local! {
    /// How often each task yields.
    static YIELDS: Cell<usize> = const { Cell::new(0) };
}

/// Nanoseconds that one thing takes which was done so many times.
type Measure = fn(usize) -> Result<f64>;

/// One way to look inside.
struct Case {
    name: &'static str,
    /// What is paid for.
    per: &'static str,
    /// How many of those there are in one repeat.
    many: usize,
    off: Measure,
    on: Measure,
}

/// All of them; what cannot be taken back is last.
const CASES: &[Case] = &[
    step("debug", |n| runner(n, |options| options.debug(true), leaf)),
    step("watchdog", |n| runner(n, |options| options.watchdog(Duration::from_secs(60)), leaf)),
    step("metrics_histogram", |n| runner(n, |options| options.metrics_histogram(true), leaf)),
    Case { name: "metrics", per: "snapshot", many: 1, off: |n| metrics(n, false), on: |n| metrics(n, true) },
    // Without a runner nobody looks for a deadlock.
    Case { name: "deadlock", per: "step", many: TASKS, off: |n| steps(n, &new_event_loop()?, leaf), on: bare },
    Case { name: "call_graph", per: "step of one coroutine", many: TASKS, off: plain_one, on: named_one },
    Case { name: "call_graph_8", per: "step of eight coroutines", many: TASKS, off: plain_eight, on: named_eight },
    Case {
        name: "capture",
        per: "capture_call_graph()",
        many: 1,
        off: |n| capture(n, false),
        on: |n| capture(n, true),
    },
    Case { name: "log", per: "step", many: TASKS, off: bare, on: logged },
    #[cfg(feature = "tracing")]
    Case { name: "tracing", per: "step", many: TASKS, off: bare, on: spans::steps },
    step("inspectable", |n| runner(n, RunnerBuilder::inspectable, leaf)),
];

/// An option of the runner.
const fn step(name: &'static str, on: Measure) -> Case {
    Case { name, per: "step", many: TASKS, off: bare, on }
}

fn bare(repeats: usize) -> Result<f64> {
    runner(repeats, |options| options, leaf)
}

fn plain_one(repeats: usize) -> Result<f64> {
    runner(repeats, |options| options, plain_1)
}

fn named_one(repeats: usize) -> Result<f64> {
    runner(repeats, |options| options, named_1)
}

fn plain_eight(repeats: usize) -> Result<f64> {
    runner(repeats, |options| options, plain_8)
}

fn named_eight(repeats: usize) -> Result<f64> {
    runner(repeats, |options| options, named_8)
}

/// Prints all costs.
pub fn run(rounds: usize) -> Result<()> {
    for Case { name, per, off, on, .. } in CASES {
        let samples = (0..rounds.max(1)).map(|_| Ok((off(REPEATS)?, on(REPEATS)?)));
        let samples = samples.collect::<Result<Vec<_>>>()?;
        let ratio = median(samples.iter().map(|(off, on)| on / off).collect());
        let (off, on): (Vec<f64>, Vec<f64>) = samples.into_iter().unzip();
        let (off, on) = (median(off), median(on));
        let ratio = if ratio.is_finite() { format!("{ratio:.2}") } else { "null".to_owned() };
        println!(
            "{{\"case\": \"{name}\", \"per\": \"{per}\", \"off_ns\": {off:.1}, \"on_ns\": {on:.1}, \"ratio\": {ratio}}}"
        );
    }
    Ok(())
}

/// Prints the names of the cases, and how many of its things each does in one repeat.
pub fn list() {
    for Case { name, many, .. } in CASES {
        println!("{name} {many}");
    }
}

/// Runs one case, on or off.
pub fn once(case: &str, on: bool, repeats: usize) -> Result<()> {
    let found = CASES.iter().find(|known| known.name == case);
    let found = found.ok_or_else(|| Error::value_error(format!("there is no case {case:?}")))?;
    if on { (found.on)(repeats) } else { (found.off)(repeats) }.map(drop)
}

/// The one in the middle.
pub fn median(mut samples: Vec<f64>) -> f64 {
    samples.sort_by(f64::total_cmp);
    samples[samples.len() / 2]
}

/// Nanoseconds a step of tasks that run this, under a runner.
fn runner<F>(repeats: usize, options: fn(RunnerBuilder) -> RunnerBuilder, task: fn() -> F) -> Result<f64>
where
    F: Future<Output = ()> + 'static,
{
    let mut runner = options(Runner::builder()).build();
    let nanoseconds = runner.run(main(repeats, task))?;
    runner.close()?;
    Ok(nanoseconds)
}

/// The same on a loop as it is.
fn steps<F>(repeats: usize, event_loop: &EventLoop, task: fn() -> F) -> Result<f64>
where
    F: Future<Output = ()> + 'static,
{
    let nanoseconds = event_loop.run_until_complete(main(repeats, task))?;
    event_loop.close()?;
    Ok(nanoseconds)
}

async fn main<F>(repeats: usize, task: fn() -> F) -> Result<f64>
where
    F: Future<Output = ()> + 'static,
{
    YIELDS.set(repeats);
    let tasks: Vec<_> = (0..TASKS).map(|_| create_task(task())).collect();
    sleep(Duration::ZERO).await;
    let began = cpu_ns();
    gather(tasks).await?;
    Ok((cpu_ns() - began) as f64 / (TASKS * repeats) as f64)
}

/// Nanoseconds a snapshot of the loop's figures.
fn metrics(repeats: usize, on: bool) -> Result<f64> {
    asyncio::run(async move {
        let event_loop = get_running_loop()?;
        let began = cpu_ns();
        for _ in 0..repeats {
            if on {
                std::hint::black_box(event_loop.metrics());
            }
        }
        Ok::<_, Error>((cpu_ns() - began) as f64 / repeats as f64)
    })
}

/// Nanoseconds a capture of a task that waits in three coroutines.
fn capture(repeats: usize, on: bool) -> Result<f64> {
    #[asyncio::coroutine]
    async fn waits(levels: u32) {
        match levels {
            0 => sleep(Duration::from_secs(3600)).await,
            levels => Box::pin(waits(levels - 1)).await,
        }
    }
    asyncio::run(async move {
        let task = create_task(waits(2));
        sleep(Duration::ZERO).await;
        let began = cpu_ns();
        for _ in 0..repeats {
            if on {
                std::hint::black_box(capture_call_graph(Some(&task))?);
            }
        }
        Ok::<_, Error>((cpu_ns() - began) as f64 / repeats as f64)
    })
}

/// Takes every record, and does nothing with it.
struct Nobody;

impl log::Log for Nobody {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, _: &log::Record<'_>) {}

    fn flush(&self) {}
}

/// With a logger that takes every level.
fn logged(repeats: usize) -> Result<f64> {
    // From the second time on it is there already.
    let _ = log::set_logger(&Nobody);
    log::set_max_level(log::LevelFilter::Trace);
    let nanoseconds = bare(repeats);
    log::set_max_level(log::LevelFilter::Off);
    nanoseconds
}

/// The feature `tracing`, with a subscriber that takes every span and does nothing with it.
#[cfg(feature = "tracing")]
mod spans {
    use std::sync::atomic::{AtomicU64, Ordering};

    use tracing::span::{Attributes, Id, Record};
    use tracing::{Event, Metadata, Subscriber};

    #[derive(Default)]
    struct Nobody(AtomicU64);

    impl Subscriber for Nobody {
        fn enabled(&self, _: &Metadata<'_>) -> bool {
            true
        }

        fn new_span(&self, _: &Attributes<'_>) -> Id {
            Id::from_u64(self.0.fetch_add(1, Ordering::Relaxed) + 1)
        }

        fn record(&self, _: &Id, _: &Record<'_>) {}

        fn record_follows_from(&self, _: &Id, _: &Id) {}

        fn event(&self, _: &Event<'_>) {}

        fn enter(&self, _: &Id) {}

        fn exit(&self, _: &Id) {}
    }

    pub(super) fn steps(repeats: usize) -> asyncio::Result<f64> {
        let nanoseconds = tracing::subscriber::with_default(Nobody::default(), || super::bare(repeats));
        // It remembers who wants what.
        tracing::callsite::rebuild_interest_cache();
        nanoseconds
    }
}
