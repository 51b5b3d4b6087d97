// error: required because it appears within the type `Task<()>`

#[asyncio::main]
async fn main() {
    let task = asyncio::create_task(async { println!("work") });
    std::thread::spawn(move || task.cancel());
}
