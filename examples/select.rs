//! The first of several futures, and a future that is kept:
//! <https://docs.python.org/3/library/asyncio-task.html#asyncio.wait>

use std::time::Duration;

use asyncio::sleep;

#[asyncio::main]
async fn main() {
    let mut job = std::pin::pin!(work());
    let mut ticks = 0;
    let result = loop {
        asyncio::select! {
            // Lent, so it goes on in the next round.
            keep result = &mut job => break result,
            () = sleep(Duration::from_millis(100)) => {
                ticks += 1;
                println!("tick {ticks}");
            }
        }
    };
    println!("{result}");

    // The loser is cancelled as a task is: what it does about it is awaited before the arm runs.
    let winner = asyncio::select! {
        () = slow() => "slow",
        () = sleep(Duration::from_millis(50)) => "the deadline",
    };
    println!("{winner} was first");
}

#[asyncio::coroutine]
async fn work() -> &'static str {
    sleep(Duration::from_millis(350)).await;
    "the job is done"
}

#[asyncio::coroutine]
async fn slow() {
    asyncio::finally! {
        println!("slow: hangs up in good order");
        sleep(Duration::from_millis(50)).await;
    }
    sleep(Duration::from_secs(3600)).await;
}
