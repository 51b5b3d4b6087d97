//! Deadlines: <https://docs.python.org/3/library/asyncio-task.html#timeouts>

use std::time::Duration;

use asyncio::{Timeout, sleep, timeout, wait_for};

const HOUR: Duration = Duration::from_secs(3600);

#[asyncio::main]
async fn main() -> asyncio::Result<()> {
    match timeout(Duration::from_millis(100), sleep(HOUR)).await {
        Ok(()) => println!("that was quick"),
        Err(error) if error.is_timeout() => println!("timeout: {error}"),
        Err(error) => return Err(error),
    }

    let value = wait_for(async { Ok::<_, asyncio::Error>("in time") }, Duration::from_secs(1)).await?;
    println!("wait_for: {value}");

    // A deadline that is moved while it runs.
    let deadline = Timeout::new(None);
    let now = asyncio::get_running_loop()?.time();
    let body = async {
        deadline.reschedule(now + Duration::from_millis(100))?;
        sleep(HOUR).await;
        Ok::<_, asyncio::Error>(())
    };
    let outcome = deadline.clone().run(body).await;
    println!("rescheduled: {}, expired: {}", outcome.is_err(), deadline.expired());
    Ok(())
}
