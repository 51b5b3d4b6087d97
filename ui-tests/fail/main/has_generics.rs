// error: the main function has no generic parameters: write `async fn main()`

#[asyncio::main]
async fn main<T: Default>() {
    let _ = T::default();
}
