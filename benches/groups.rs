//! `peer groups ROUNDS`: what `gather` and `TaskGroup` cost beside starting tasks and awaiting them by hand; a JSON line.

use asyncio::{Result, TaskGroup, create_task, gather};

use crate::cpu_ns;
use crate::inspection::median;

const CHILDREN: usize = 10_000;

async fn child() -> Result<usize> {
    Ok(1)
}

async fn by_hand() -> Result<usize> {
    let tasks: Vec<_> = (0..CHILDREN).map(|_| create_task(child())).collect();
    let mut sum = 0;
    for task in tasks {
        sum += task.await?;
    }
    Ok(sum)
}

async fn by_gather() -> Result<usize> {
    Ok(gather((0..CHILDREN).map(|_| child()).collect::<Vec<_>>()).await?.into_iter().sum())
}

async fn by_group() -> Result<usize> {
    let tasks = TaskGroup::run(async |group| (0..CHILDREN).map(|_| group.create_task(child())).collect()).await;
    let tasks: Vec<_> = tasks?;
    let mut sum = 0;
    for task in tasks {
        sum += task.into_result()?;
    }
    Ok(sum)
}

/// CPU nanoseconds for each child.
async fn cost(ways: impl AsyncFn() -> Result<usize>) -> Result<f64> {
    let began = cpu_ns();
    assert_eq!(ways().await?, CHILDREN);
    Ok((cpu_ns() - began) as f64 / CHILDREN as f64)
}

/// Prints the medians; the three are measured in turn.
pub async fn run(rounds: usize) -> Result<()> {
    let (mut hand, mut gathered, mut grouped) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rounds.max(1) {
        hand.push(cost(by_hand).await?);
        gathered.push(cost(by_gather).await?);
        grouped.push(cost(by_group).await?);
    }
    let (hand, gathered, grouped) = (median(hand), median(gathered), median(grouped));
    println!("{{\"by_hand_ns\": {hand:.1}, \"gather_ns\": {gathered:.1}, \"task_group_ns\": {grouped:.1}}}");
    Ok(())
}
