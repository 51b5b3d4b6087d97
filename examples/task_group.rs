//! Tasks that belong together: <https://docs.python.org/3/library/asyncio-task.html#task-groups>

use std::time::Duration;

use asyncio::{Error, TaskGroup};

#[asyncio::main]
async fn main() -> asyncio::Result<()> {
    let total = TaskGroup::run(async |group| {
        let one = group.create_task(fetch("one", 100))?;
        let two = group.create_task(fetch("two", 200))?;
        Ok(one.await? + two.await?)
    })
    .await?;
    println!("all have ended: {total} bytes\n");

    let outcome = TaskGroup::run(async |group| {
        group.create_task(fetch("slow", 60_000))?;
        group.create_task(async { Err::<(), _>(Error::value_error("no such host")) })?;
        Ok(())
    })
    .await;
    if let Err(error) = outcome {
        println!("one has failed, so the others were cancelled:\n{error}");
    }
    Ok(())
}

#[asyncio::coroutine]
async fn fetch(name: &'static str, milliseconds: u64) -> asyncio::Result<usize> {
    asyncio::finally! {
        println!("{name} is left");
    }
    asyncio::sleep(Duration::from_millis(milliseconds)).await;
    Ok(name.len())
}
