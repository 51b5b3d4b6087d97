// error: required because it appears within the type `Queue<i32>`

fn main() {
    let queue = asyncio::Queue::new();
    std::thread::spawn(move || queue.put_nowait(1));
}
