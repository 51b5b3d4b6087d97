// error: a coroutine cannot have the type `!`: write `std::convert::Infallible`

#[asyncio::coroutine]
async fn forever() -> ! {
    loop {
        std::future::pending::<()>().await;
    }
}

fn main() {}
