// error: nothing is read until it is awaited: write `.await`
#![deny(unused_must_use)]

#[asyncio::main]
async fn main() {
    let mut reader = asyncio::StreamReader::new();
    reader.readline();
}
