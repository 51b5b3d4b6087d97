//! The time, each second, by callbacks: <https://docs.python.org/3/library/asyncio-eventloop.html#display-the-current-date-with-call-later>
//!
//! A callback that schedules itself again, until its end has come.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use asyncio::EventLoop;

const SECOND: Duration = Duration::from_secs(1);

fn main() -> asyncio::Result<()> {
    let event_loop = EventLoop::new()?;
    let end = event_loop.time() + 3 * SECOND;
    let first = event_loop.clone();
    event_loop.call_soon(move || display_time(&first, end))?;
    event_loop.run_forever()?;
    event_loop.close()
}

fn display_time(event_loop: &EventLoop, end: Duration) {
    println!("{}", time_of_day());
    if event_loop.time() + SECOND >= end {
        return event_loop.stop();
    }
    let next = event_loop.clone();
    if let Err(error) = event_loop.call_later(SECOND, move || display_time(&next, end)) {
        eprintln!("the next call cannot be scheduled: {error}");
        event_loop.stop();
    }
}

fn time_of_day() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    format!("{:02}:{:02}:{:02} UTC", now / 3600 % 24, now / 60 % 60, now % 60)
}
