// error: the trait bound `Job: Ord` is not satisfied

struct Job;

fn main() {
    let queue = asyncio::PriorityQueue::new();
    queue.put_nowait(Job).ok();
}
