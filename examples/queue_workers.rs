//! asyncio-queue, "Examples": <https://docs.python.org/3/library/asyncio-queue.html#examples>
//!
//! Three workers share the jobs of a queue.

use std::time::{Duration, Instant};

use asyncio::Queue;

#[asyncio::coroutine]
async fn worker(name: String, queue: Queue<Duration>) -> asyncio::Result<()> {
    loop {
        // A job: to sleep for so long.
        let sleep_for = queue.get().await?;
        asyncio::sleep(sleep_for).await;
        // The queue counts what is done, for `join`.
        queue.task_done()?;
        println!("{name} has slept for {:.2} seconds", sleep_for.as_secs_f64());
    }
}

#[asyncio::main]
async fn main() -> asyncio::Result<()> {
    let queue = Queue::new();
    // Twenty jobs of 5 to 100 milliseconds.
    let jobs = (0..20).map(|n| Duration::from_millis(5 + n * 7 % 20 * 5));
    let mut total = Duration::ZERO;
    for sleep_for in jobs {
        total += sleep_for;
        queue.put_nowait(sleep_for)?;
    }
    let workers: Vec<_> = (0..3).map(|n| asyncio::create_task(worker(format!("worker-{n}"), queue.clone()))).collect();

    let started = Instant::now();
    queue.join().await?;
    let slept = started.elapsed();

    // Nobody needs the workers any more: the end of the queue ends them.
    queue.shutdown(false);
    for worker in workers {
        assert!(matches!(worker.await, Err(asyncio::Error::QueueShutDown)));
    }
    println!("====");
    println!("3 workers slept in parallel for {:.2} seconds", slept.as_secs_f64());
    println!("total expected sleep time: {:.2} seconds", total.as_secs_f64());
    Ok(())
}
