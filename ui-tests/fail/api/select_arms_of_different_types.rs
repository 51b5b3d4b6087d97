// error: `match` arms have incompatible types

#[asyncio::main]
async fn main() {
    let winner = asyncio::select! {
        () = asyncio::sleep(std::time::Duration::ZERO) => 1,
        () = asyncio::sleep(std::time::Duration::MAX) => "two",
    };
    let _: i32 = winner;
}
