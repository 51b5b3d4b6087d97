#![deny(warnings)]

use std::process::ExitCode;

#[asyncio::main(debug = cfg!(any()))]
async fn main() -> asyncio::Result<ExitCode> {
    assert!(!asyncio::get_running_loop()?.get_debug());
    Ok(ExitCode::SUCCESS)
}
