// error: required because it appears within the type `Lock`

fn main() {
    let lock = asyncio::Lock::new();
    std::thread::spawn(move || lock.locked());
}
