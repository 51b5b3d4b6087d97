//! Functions in other processes: `ProcessPoolExecutor` and `#[asyncio::remote]`. Its workers are this binary, started
//! again by the tests that have a pool; so it is one of its own.

mod calls;
mod cancelling;
mod deaths;
mod engines;
mod failures;
mod maps;
mod pools;
mod shutdown;
mod travelling;

use std::time::Duration;

use asyncio::{ProcessPoolExecutor, Result};

const LONG: Duration = Duration::from_secs(20);

fn pool(max_workers: usize) -> ProcessPoolExecutor {
    ProcessPoolExecutor::builder().max_workers(max_workers).build().unwrap()
}

/// The number of the process that runs it.
#[asyncio::remote]
fn process_id() -> Result<u32> {
    Ok(std::process::id())
}

#[asyncio::remote]
fn double(number: u32) -> Result<u32> {
    Ok(number * 2)
}

/// Leaves a file behind as a sign that it runs, and does not end by itself.
#[asyncio::remote]
fn runs_for_ever(sign: String) -> Result<()> {
    std::fs::write(sign, std::process::id().to_string())?;
    loop {
        std::thread::park();
    }
}

/// A path for a sign that is not there yet.
fn sign(name: &str) -> String {
    let path = std::env::temp_dir().join(format!("asyncio-{}-{name}", std::process::id()));
    let _ = std::fs::remove_file(&path);
    path.to_str().unwrap().to_owned()
}

/// Waits until the sign is there; the process that left it.
async fn seen(sign: &str) -> u32 {
    loop {
        if let Some(process) = std::fs::read_to_string(sign).ok().and_then(|text| text.parse().ok()) {
            std::fs::remove_file(sign).unwrap();
            return process;
        }
        asyncio::sleep(Duration::from_millis(1)).await;
    }
}

/// Waits until the process is gone.
async fn gone(process: u32) {
    while lives(process) {
        asyncio::sleep(Duration::from_millis(1)).await;
    }
}

/// Whether there is such a process; one that has ended counts until it is reaped.
fn lives(process: u32) -> bool {
    #[expect(unsafe_code, reason = "std signals its own children only")]
    // SAFETY: numbers; signal 0 is none.
    unsafe {
        libc::kill(i32::try_from(process).unwrap(), 0) == 0
    }
}
