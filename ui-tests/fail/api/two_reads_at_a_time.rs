// error: cannot borrow `reader` as mutable more than once at a time
#[asyncio::main]
async fn main() -> asyncio::Result<()> {
    let mut reader = asyncio::StreamReader::new();
    let first = reader.read(1);
    let second = reader.readline();
    first.await?;
    second.await.map(drop)
}
