//! `peer inspection ROUNDS`: what each way to look into a running program costs, on and off; one JSON line each.
//!
//! A thousand tasks yield in turn, so that a step is as short as steps are. On and off are measured in turn, and what
//! counts is the median of the rounds.

use std::time::Duration;

use asyncio::{Error, Result, Runner, RunnerBuilder, create_task, gather, get_running_loop, sleep};

use crate::cpu_ns;

const TASKS: usize = 1000;
const YIELDS: usize = 500;
/// How many levels there are above the leaf.
const LEVELS: f64 = 8.0;

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
    for _ in 0..YIELDS {
        sleep(Duration::ZERO).await;
    }
}

/// Prints all costs.
pub fn run(rounds: usize) -> Result<()> {
    let bare = || steps(|options| options, leaf);
    compare(rounds, "debug mode", "step", bare, || steps(|options| options.debug(true), leaf))?;
    compare(rounds, "watchdog", "step", bare, || steps(|options| options.watchdog(Duration::from_secs(60)), leaf))?;
    let ended = |options: RunnerBuilder| options.on_deadlock(Error::runtime_error("all are asleep"));
    compare(rounds, "on_deadlock", "step", bare, || steps(ended, leaf))?;
    let first = (|| steps(|options| options, plain_1), || steps(|options| options, named_1));
    compare(rounds, "call graph", "step with one level", first.0, first.1)?;
    let rest = |deep: f64, flat: f64| (deep - flat) / (LEVELS - 1.0);
    let plain = || Ok(rest(steps(|options| options, plain_8)?, first.0()?));
    let named = || Ok(rest(steps(|options| options, named_8)?, first.1()?));
    compare(rounds, "call graph", "further level of a step", plain, named)?;
    compare(rounds, "metrics", "snapshot", || metrics(false), || metrics(true))?;
    // The last, for it cannot be taken back: off is only the first round's.
    let off = bare()?;
    compare(rounds, "inspectable", "step", || Ok(off), || steps(RunnerBuilder::inspectable, leaf))
}

/// Prints what each is without a feature and with it, both measured in turn.
fn compare(
    rounds: usize,
    feature: &str,
    per: &str,
    off: impl Fn() -> Result<f64>,
    on: impl Fn() -> Result<f64>,
) -> Result<()> {
    let samples = (0..rounds.max(1)).map(|_| Ok((off()?, on()?)));
    let (off, on): (Vec<f64>, Vec<f64>) = samples.collect::<Result<Vec<_>>>()?.into_iter().unzip();
    let (off, on) = (median(off), median(on));
    println!("{{\"feature\": \"{feature}\", \"per\": \"{per}\", \"off_ns\": {off:.1}, \"on_ns\": {on:.1}}}");
    Ok(())
}

/// The one in the middle.
pub fn median(mut samples: Vec<f64>) -> f64 {
    samples.sort_by(f64::total_cmp);
    samples[samples.len() / 2]
}

/// Nanoseconds a step of tasks that run this.
fn steps<F>(options: fn(RunnerBuilder) -> RunnerBuilder, task: fn() -> F) -> Result<f64>
where
    F: Future<Output = ()> + 'static,
{
    let mut runner = options(Runner::builder()).build();
    let nanoseconds = runner.run(async move {
        let tasks: Vec<_> = (0..TASKS).map(|_| create_task(task())).collect();
        sleep(Duration::ZERO).await;
        let began = cpu_ns();
        gather(tasks).await?;
        Ok::<_, Error>((cpu_ns() - began) as f64 / (TASKS * YIELDS) as f64)
    })?;
    runner.close()?;
    Ok(nanoseconds)
}

/// Nanoseconds a snapshot of the loop's figures.
fn metrics(on: bool) -> Result<f64> {
    const SNAPSHOTS: usize = 100_000;
    asyncio::run(async move {
        let event_loop = get_running_loop()?;
        let began = cpu_ns();
        for _ in 0..SNAPSHOTS {
            if on {
                std::hint::black_box(event_loop.metrics());
            }
        }
        Ok::<_, Error>((cpu_ns() - began) as f64 / SNAPSHOTS as f64)
    })
}
