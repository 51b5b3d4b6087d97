//! The chapter *Subprocesses*.

mod communicating;
mod descriptors;
mod dropping;
mod ends;
mod environment;
mod loops;
mod protocols;
mod signals;
mod streams;
mod trees;

use std::path::Path;
use std::time::Duration;

/// What the system says of a process: its state, and its parent. `None` if there is none with this number.
#[cfg(target_os = "linux")]
fn status(pid: u32) -> Option<char> {
    let status = std::fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("stat")).ok()?;
    status.rsplit_once(") ")?.1.chars().next()
}

/// Waits until there is no such process, not even a zombie.
#[cfg(target_os = "linux")]
async fn gone(pid: u32) {
    while status(pid).is_some() {
        asyncio::sleep(Duration::from_millis(1)).await;
    }
}

/// Waits until it has ended: a zombie that is somebody else's to reap counts too.
#[cfg(target_os = "linux")]
async fn ended(pid: u32) {
    while status(pid).is_some_and(|state| state != 'Z') {
        asyncio::sleep(Duration::from_millis(1)).await;
    }
}
