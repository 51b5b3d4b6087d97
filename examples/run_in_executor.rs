//! Blocking functions in the default executor and in a pool: <https://docs.python.org/3/library/asyncio-eventloop.html#executing-code-in-thread-or-process-pools>

use std::fs::File;
use std::io::Read;

use asyncio::ThreadPoolExecutor;

#[asyncio::main]
async fn main() -> asyncio::Result<()> {
    let event_loop = asyncio::get_running_loop()?;

    // 1. In the default executor.
    let bytes = event_loop.run_in_executor(None, blocking_io)?.await?;
    println!("default executor: {} bytes", bytes.len());

    // 2. In a pool of one's own. The sum runs while the loop goes on.
    let pool = ThreadPoolExecutor::builder().max_workers(2).thread_name_prefix("sums").build()?;
    let sum = event_loop.run_in_executor(Some(&pool), || Ok::<_, asyncio::Error>(cpu_bound()))?;
    println!("a pool of one's own: {}", sum.await?);

    // 3. In a pool of processes, for what computes for long: it needs the feature `process-pool`.
    #[cfg(feature = "process-pool")]
    {
        let pool = asyncio::ProcessPoolExecutor::builder().max_workers(2).build()?;
        let sum = event_loop.run_in_executor(Some(&pool), cpu_bound_elsewhere.call())?;
        println!("a pool of processes: {}", sum.await?);
    }
    Ok(())
}

/// File operations block.
fn blocking_io() -> std::io::Result<[u8; 100]> {
    let mut bytes = [0; 100];
    File::open(concat!(env!("CARGO_MANIFEST_DIR"), "/LICENSE-APACHE"))?.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// What computes for long blocks as well.
fn cpu_bound() -> u64 {
    (0..5_000_000_u64).map(|number| number * number).fold(0, u64::wrapping_add)
}

/// What another process can call.
#[cfg(feature = "process-pool")]
#[asyncio::remote]
fn cpu_bound_elsewhere() -> asyncio::Result<u64> {
    Ok(cpu_bound())
}
