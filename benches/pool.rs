//! `peer pool`: calls of functions in a worker process, one after the other.

use std::time::Instant;

use asyncio::{ProcessPoolExecutor, Result};

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

fn pool() -> Result<ProcessPoolExecutor> {
    ProcessPoolExecutor::builder().max_workers(1).build()
}

/// Round trips of empty calls; one line: microseconds each, the median and the mean.
pub(crate) async fn round_trips(count: u64) -> Result<()> {
    let pool = pool()?;
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
    let pool = pool()?;
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
