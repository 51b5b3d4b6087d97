//! What a program says when something goes wrong: `cargo run --example what_happens deadlock`.
//! <https://docs.python.org/3/library/asyncio-dev.html>

use std::time::Duration;

use asyncio::{Error, Lock, Result, Runner, sleep, timeout};

#[asyncio::coroutine]
async fn transfer(from: Lock, to: Lock) -> Result<()> {
    let _from = from.hold().await?;
    sleep(Duration::from_millis(10)).await;
    let _to = to.hold().await?;
    Ok(())
}

/// Waits until Ctrl-C, and then takes its time.
#[asyncio::coroutine]
async fn saves() -> Result<()> {
    asyncio::finally! {
        println!("cleaning up");
        sleep(Duration::from_secs(2)).await;
        println!("cleaned up");
    }
    println!("working");
    sleep(Duration::from_secs(3600)).await;
    Ok(())
}

async fn deadlock() -> Result<()> {
    let (alice, bob) = (Lock::new(), Lock::new());
    let back = asyncio::create_task(transfer(bob.clone(), alice.clone())).named("bob to alice");
    let there = asyncio::create_task(transfer(alice, bob)).named("alice to bob");
    there.await?;
    back.await
}

#[asyncio::coroutine]
async fn fails() -> Result<()> {
    sleep(Duration::from_millis(1)).await;
    Err(Error::value_error("the disk is full"))
}

#[asyncio::coroutine]
async fn blocks() {
    sleep(Duration::from_millis(1)).await;
    std::thread::sleep(Duration::from_millis(600));
}

async fn lost() {
    drop(asyncio::create_task(fails()).named("the writer"));
    sleep(Duration::from_millis(10)).await;
}

async fn late() -> Result<()> {
    let (alice, bob) = (Lock::new(), Lock::new());
    let _busy = bob.hold().await?;
    timeout(Duration::from_millis(50), transfer(alice, bob)).await
}

async fn panics() {
    let task = asyncio::create_task(async { assert_eq!(1 + 1, 3) });
    println!("{}", task.await.expect_err("it panicked"));
}

fn main() {
    let case = std::env::args().nth(1).unwrap_or_else(|| "lost".to_owned());
    let stuck = Error::runtime_error("the program hangs");
    let builder = Runner::builder().on_deadlock(stuck).watchdog(Duration::from_millis(200));
    let mut runner = builder.debug(case == "forgotten" || case == "slow").build();
    let outcome = match case.as_str() {
        "interrupted" => runner.run(saves()),
        "deadlock" => runner.run(deadlock()),
        "timeout" => runner.run(late()),
        "lost" => runner.run(lost()),
        "panic" => runner.run(panics()),
        "blocked" | "slow" => runner.run(blocks()),
        "forgotten" => runner.run(async { drop(fails()) }),
        other => Err(Error::value_error(format!("there is no case {other:?}"))),
    };
    if let Err(error) = outcome {
        println!("main ended with {error}");
    }
}
