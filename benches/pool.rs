//! `peer pool`: calls of functions in a worker process, one after the other.

use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use asyncio::{Error, ProcessPoolExecutor, Result};

#[asyncio::remote]
fn nothing() {}

#[asyncio::remote]
fn length(data: Vec<u8>) -> Result<usize> {
    Ok(data.len())
}

#[asyncio::remote]
fn same(data: Vec<u8>) -> Result<Vec<u8>> {
    Ok(data)
}

fn pool(workers: usize) -> Result<ProcessPoolExecutor> {
    ProcessPoolExecutor::builder().max_workers(workers).build()
}

/// Round trips of empty calls; one line: microseconds each, the median and the mean.
pub(crate) async fn round_trips(count: u64) -> Result<()> {
    let pool = pool(1)?;
    nothing.on(&pool)().await?;
    let mut times = Vec::new();
    for _ in 0..count {
        let begin = Instant::now();
        nothing.on(&pool)().await?;
        times.push(begin.elapsed().as_secs_f64() * 1e6);
    }
    times.sort_by(f64::total_cmp);
    let mean = times.iter().sum::<f64>() / count as f64;
    println!("{{\"case\": \"pool\", \"median_us\": {:.1}, \"mean_us\": {mean:.1}}}", times[times.len() / 2]);
    Ok(())
}

/// Arguments of so many mebibytes, and the same as results; one line: GiB a second, the medians.
pub(crate) async fn large(count: u64, mebibytes: usize) -> Result<()> {
    let pool = pool(1)?;
    let size = mebibytes << 20;
    let (mut to, mut back) = (Vec::new(), Vec::new());
    let speed = |begin: Instant| size as f64 / begin.elapsed().as_secs_f64() / f64::from(1 << 30);
    for _ in 0..count {
        // Memory that was written to, as data is; making it is not measured.
        let data = vec![1; size];
        let begin = Instant::now();
        assert_eq!(length.on(&pool)(data).await?, size);
        to.push(speed(begin));
        let data = vec![1; size];
        let begin = Instant::now();
        assert_eq!(same.on(&pool)(data).await?.len(), size);
        back.push(speed(begin));
    }
    for speeds in [&mut to, &mut back] {
        speeds.sort_by(f64::total_cmp);
    }
    let (to, back) = (to[to.len() / 2], back[back.len() / 2]);
    println!(
        "{{\"case\": \"pool\", \"mib\": {mebibytes}, \"there_gib_s\": {to:.2}, \"there_and_back_gib_s\": {back:.2}}}"
    );
    Ok(())
}

/// What others feel of such arguments, there and back: empty calls of another worker, and the caller's loop, on which
/// something is due every millisecond. One line: the median and the longest call, and the most that the loop was late.
pub(crate) async fn beside(count: u64, mebibytes: usize) -> Result<()> {
    let pool = pool(2)?;
    let done = Rc::new(Cell::new(false));
    let large = asyncio::create_task(one_after_the_other(pool.clone(), count, mebibytes << 20, done.clone()));
    let ticks = asyncio::create_task(lateness(done.clone()));
    let mut times = Vec::new();
    while !done.get() {
        let begin = Instant::now();
        nothing.on(&pool)().await?;
        times.push(begin.elapsed());
    }
    large.await?;
    times.sort();
    let micros = |time: Duration| time.as_secs_f64() * 1e6;
    let (median, longest, late) = (micros(times[times.len() / 2]), micros(times[times.len() - 1]), ticks.await?);
    println!(
        "{{\"case\": \"pool\", \"mib\": {mebibytes}, \"empty_beside_median_us\": {median:.1}, \"longest_us\": \
         {longest:.0}, \"loop_late_us\": {:.0}}}",
        micros(late)
    );
    Ok(())
}

async fn one_after_the_other(pool: ProcessPoolExecutor, count: u64, size: usize, done: Rc<Cell<bool>>) -> Result<()> {
    for _ in 0..count {
        // Making such memory and giving it back takes longer than anything measured here.
        let data = asyncio::to_thread(move || Ok::<_, Error>(vec![1; size])).await?;
        let answer = same.on(&pool)(data).await?;
        asyncio::to_thread(move || drop(answer)).await?;
    }
    done.set(true);
    Ok(())
}

async fn lateness(done: Rc<Cell<bool>>) -> Result<Duration> {
    let mut late = Duration::ZERO;
    while !done.get() {
        let due = Instant::now() + Duration::from_millis(1);
        asyncio::sleep(Duration::from_millis(1)).await;
        late = late.max(due.elapsed());
    }
    Ok(late)
}
