//! Standard input and output as streams.
//!
//! `stdin_lines` writes each line of its input in capitals, until the input ends.

#[asyncio::main]
async fn main() -> asyncio::Result<()> {
    let mut input = asyncio::open_stdin().await?;
    let output = asyncio::open_stdout().await?;
    loop {
        let line = input.readline().await?;
        if line.is_empty() {
            break;
        }
        output.write(String::from_utf8_lossy(&line).to_uppercase());
        // Waits while nobody takes what was written.
        output.drain().await?;
    }
    output.close();
    output.wait_closed().await
}
