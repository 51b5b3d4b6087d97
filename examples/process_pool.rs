//! Primes, counted on all processors while a line shows how far it is: <https://docs.python.org/3/library/concurrent.futures.html#processpoolexecutor>

use std::io::{Write, stderr};
use std::time::{Duration, Instant};

use asyncio::{ProcessPoolExecutor, Result};

const PIECES: u32 = 64;
const PIECE: u32 = 30_000;

/// Runs in a worker: another process, which the loop does not wait for.
#[asyncio::remote]
fn count_primes(from: u32, to: u32) -> Result<usize> {
    let is_prime =
        |number: &u32| *number > 1 && (2..).take_while(|d| d * d <= *number).all(|d| !number.is_multiple_of(d));
    Ok((from..to).filter(is_prime).count())
}

#[asyncio::main]
async fn main() -> Result<()> {
    let pool = ProcessPoolExecutor::new();
    let begin = Instant::now();
    let calls = (0..PIECES).map(|piece| count_primes.on(&pool)(piece * PIECE, (piece + 1) * PIECE));
    let (mut done, mut primes) = (0, 0);
    let mut pieces = asyncio::as_completed(calls);
    while let Some(counted) = pieces.next().await {
        primes += counted?.await?;
        done += 1;
        progress(done, begin.elapsed());
    }
    eprintln!();
    println!("{primes} primes below {}, counted by {} processes", PIECES * PIECE, pool.max_workers());
    Ok(())
}

fn progress(done: usize, elapsed: Duration) {
    let bar = "#".repeat(done * 32 / PIECES as usize);
    eprint!("\r[{bar:<32}] {done}/{PIECES} in {:.1} s", elapsed.as_secs_f64());
    // A line without an end stays in the buffer otherwise.
    let _ = stderr().flush();
}
