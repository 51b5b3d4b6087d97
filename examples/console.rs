//! The tasks of a running program in tokio-console: <https://github.com/tokio-rs/console>
//!
//! `RUSTFLAGS="--cfg console_without_tokio_unstable" cargo run --features console --example console`, and in another
//! terminal `tokio-console`. The flag tells console-subscriber that the tasks are not tokio's.

use std::time::Duration;

use asyncio::sleep;

#[asyncio::coroutine]
async fn works(pause: Duration) {
    loop {
        sleep(pause).await;
    }
}

#[asyncio::main]
async fn main() -> asyncio::Result<()> {
    if !cfg!(console_without_tokio_unstable) {
        return Err(asyncio::Error::runtime_error(
            "built without the flag that console-subscriber asks for; run it with \
             RUSTFLAGS=\"--cfg console_without_tokio_unstable\"",
        ));
    }
    console_subscriber::init();
    for milliseconds in [10, 100, 1000] {
        let worker = asyncio::create_task(works(Duration::from_millis(milliseconds)));
        drop(worker.named(format!("every {milliseconds} ms")));
    }
    works(Duration::from_secs(5)).await;
    Ok(())
}
