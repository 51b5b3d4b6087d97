//! The time, each second, by a coroutine: <https://docs.python.org/3/library/asyncio-task.html#sleeping>
//!
//! What `call_later` does with callbacks, written as a loop.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

const SECOND: Duration = Duration::from_secs(1);

#[asyncio::main]
async fn main() -> asyncio::Result<()> {
    display_time(3 * SECOND).await
}

#[asyncio::coroutine]
async fn display_time(duration: Duration) -> asyncio::Result<()> {
    let event_loop = asyncio::get_running_loop()?;
    let end = event_loop.time() + duration;
    loop {
        println!("{}", time_of_day());
        if event_loop.time() + SECOND >= end {
            return Ok(());
        }
        asyncio::sleep(SECOND).await;
    }
}

fn time_of_day() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    format!("{:02}:{:02}:{:02} UTC", now / 3600 % 24, now / 60 % 60, now % 60)
}
