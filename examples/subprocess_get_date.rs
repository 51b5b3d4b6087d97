//! A subprocess by streams: <https://docs.python.org/3/library/asyncio-subprocess.html#examples>

use asyncio::create_subprocess_exec;
use asyncio::subprocess::PIPE;

#[asyncio::coroutine]
async fn get_date() -> asyncio::Result<String> {
    let mut process = create_subprocess_exec("date").stdout(PIPE).await?;
    let stdout = process.stdout.as_mut().expect("it is a pipe");
    let line = stdout.readline().await?;
    process.wait().await?;
    Ok(String::from_utf8_lossy(&line).trim_end().to_owned())
}

#[asyncio::main]
async fn main() -> asyncio::Result<()> {
    println!("Current date: {}", get_date().await?);
    Ok(())
}
