// error: cannot apply unary operator `-` to type `usize`

fn main() {
    asyncio::Semaphore::new(-1);
}
