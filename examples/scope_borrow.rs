//! Children that borrow from the function around them; Python's counterpart is a task group:
//! <https://docs.python.org/3/library/asyncio-task.html#task-groups>

use std::cell::RefCell;
use std::time::Duration;

#[asyncio::main]
async fn main() -> asyncio::Result<()> {
    let hosts = vec![String::from("alpha"), String::from("be"), String::from("gamma ray")];
    // No Arc, no Mutex, no clone: one thread, and nothing outlives the scope.
    let answers = RefCell::new(Vec::new());
    asyncio::scope(async |s| {
        for host in &hosts {
            s.spawn(async {
                let answer = ping(host).await;
                answers.borrow_mut().push(answer);
            });
        }
        Ok(())
    })
    .await?;
    println!("in the order of their answers: {:?}", answers.borrow());

    let longest = asyncio::scope(async |s| {
        let first = s.spawn(async { Ok::<_, asyncio::Error>(&hosts[0]) });
        let last = s.spawn(async { Ok::<_, asyncio::Error>(&hosts[2]) });
        let (first, last) = (first.await?, last.await?);
        Ok(if first.len() > last.len() { first } else { last })
    })
    .await?;
    println!("the longest is {longest:?}");
    Ok(())
}

#[asyncio::coroutine]
async fn ping(host: &str) -> String {
    asyncio::sleep(Duration::from_millis(30 * host.len() as u64)).await;
    format!("{host} is there")
}
