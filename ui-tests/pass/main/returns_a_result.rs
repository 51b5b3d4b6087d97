#![deny(warnings)]

#[asyncio::main(debug = true, strict)]
async fn main() -> asyncio::Result<()> {
    let loop_ = asyncio::get_running_loop()?;
    assert!(loop_.get_debug());
    Ok(())
}
