//! How a process becomes a worker: the same program, started again, whose `main` asks first of all whether it is one.
//!
//! `#[asyncio::main]` and `#[asyncio::test]` ask by themselves. A pool starts workers only where somebody has asked, so a
//! `main` that never does is told so, instead of running a second time as a worker.

use std::sync::OnceLock;
use std::thread;

use super::worker;
use crate::exceptions::{Error, Result};
use crate::sys::worker::{is_worker, note_program};
use crate::sys::{Order, Stream};

/// The way to the place that asks.
enum Entry {
    /// `main` asks.
    Main,
    /// A test asks that the harness runs when it is told this name, and no other.
    Test(String),
}

static ENTRY: OnceLock<Entry> = OnceLock::new();

/// Makes this process a worker, if a [`ProcessPoolExecutor`](crate::ProcessPoolExecutor) has started it as one; it never
/// returns then. Python: `multiprocessing.freeze_support()`.
///
/// For a `main` of one's own: its first line, before it reads its arguments or starts a thread.
/// [`#[asyncio::main]`](macro@crate::main) and [`#[asyncio::test]`](macro@crate::test) call it by themselves.
///
/// # Examples
///
/// ```
/// use asyncio::ProcessPoolExecutor;
///
/// #[asyncio::remote]
/// fn double(number: u32) -> asyncio::Result<u32> {
///     Ok(number * 2)
/// }
///
/// fn main() -> asyncio::Result<()> {
///     asyncio::serve_if_worker();
///
///     let pool = ProcessPoolExecutor::builder().max_workers(1).build()?;
///     assert_eq!(pool.submit(double.call(21))?.result(None)?, 42);
///     pool.shutdown()
/// }
/// ```
#[doc(alias = "freeze_support")]
pub fn serve_if_worker() {
    // For a worker's own pools as well.
    note_program();
    ENTRY.get_or_init(|| Entry::Main);
    if is_worker() {
        worker::serve();
    }
}

/// As [`serve_if_worker`], for a test that the standard harness runs: in a thread of its name.
pub(crate) fn serve_if_worker_in_test() {
    note_program();
    let thread = thread::current();
    // Elsewhere than in the harness's own threads nobody knows how to come here again.
    if let Some(name) = thread.name().filter(|name| *name != "main") {
        ENTRY.get_or_init(|| Entry::Test(name.to_owned()));
    }
    if is_worker() {
        worker::serve();
    }
}

/// Adds what a worker has to be told to find its way.
pub(super) fn show_the_way(order: &mut Order) {
    if let Some(Entry::Test(name)) = ENTRY.get() {
        let words = [name.as_str(), "--exact", "--include-ignored", "--nocapture", "--test-threads=1"];
        order.args.extend(words.map(Into::into));
        // The harness announces its one test there.
        order.streams[1] = Stream::Null;
    }
}

/// An error in a program whose workers would run `main` again.
pub(super) fn check() -> Result<()> {
    if ENTRY.get().is_some() {
        return Ok(());
    }
    Err(Error::runtime_error(
        "a process pool starts this program again as its workers, and this main() does not ask whether it is one; write \
         #[asyncio::main] or #[asyncio::test], or asyncio::serve_if_worker() as the first line of main()",
    ))
}
