// error: the main function takes no arguments: write `async fn main()`

#[asyncio::main]
async fn main(arguments: Vec<String>) {
    println!("{arguments:?}");
}
