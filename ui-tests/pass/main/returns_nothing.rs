#![deny(warnings, missing_docs, unused_qualifications)]
//! The smallest program.

#[asyncio::main]
async fn main() {
    asyncio::sleep(std::time::Duration::ZERO).await;
}
