//! Ending a process with all its descendants: <https://docs.python.org/3/library/asyncio-subprocess.html#asyncio.subprocess.Process.terminate>
//!
//! A shell starts two programs, one of which does not listen to SIGTERM, and takes too long. The time limit drops the
//! process, and the loop ends its whole group: SIGTERM first, and SIGKILL to who is left.

use std::time::Duration;

use asyncio::subprocess::PIPE;
use asyncio::{Error, create_subprocess_shell};

const FAMILY: &str = "sleep 100 & sh -c 'trap \"\" TERM; while :; do sleep 0.1; done' & echo $$; wait";

#[asyncio::coroutine]
async fn work() -> asyncio::Result<i32> {
    let child = create_subprocess_shell(FAMILY).stdout(PIPE).terminate_on_drop(Duration::from_millis(200));
    let mut process = child.await?;
    let line = process.stdout.as_mut().expect("it is a pipe").readline().await?;
    println!("the shell of {} programs is there", if line.is_empty() { 0 } else { 2 });
    process.wait().await
}

#[asyncio::main]
async fn main() -> asyncio::Result<()> {
    match asyncio::timeout(Duration::from_millis(300), work()).await {
        Err(Error::TimeoutError(_)) => println!("they took too long, and are ended"),
        other => println!("ended by themselves: {other:?}"),
    }
    // Meanwhile the loop waits for them.
    asyncio::sleep(Duration::from_millis(300)).await;

    let process = create_subprocess_shell("sleep 100 & sleep 100 & wait").process_group(0).await?;
    println!("another family ended with {}", process.terminate_tree(Duration::from_secs(5)).await?);
    Ok(())
}
