// error: `NonNull<asyncio::task::header::Header>` cannot be sent between threads safely

#[asyncio::main]
async fn main() {
    let task = asyncio::create_task(async { println!("work") });
    std::thread::spawn(move || task.cancel());
}
