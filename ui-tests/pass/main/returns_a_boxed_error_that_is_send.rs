#![deny(warnings)]

use std::error::Error;

#[asyncio::main]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let number: u8 = "42".parse()?;
    asyncio::sleep(std::time::Duration::ZERO).await;
    assert_eq!(number, 42);
    Ok(())
}
