//! Running commands: <https://docs.python.org/3/library/asyncio-subprocess.html>
//!
//! Two commands at the same time; of each its exit code and what it wrote.

use asyncio::create_subprocess_shell;
use asyncio::subprocess::PIPE;

#[asyncio::coroutine]
async fn run(cmd: &'static str) -> asyncio::Result<()> {
    let mut process = create_subprocess_shell(cmd).stdout(PIPE).stderr(PIPE).await?;
    let (stdout, stderr) = process.communicate().await?;
    println!("[{cmd:?} exited with {}]", process.wait().await?);
    for (name, output) in [("stdout", stdout), ("stderr", stderr)] {
        let output = output.unwrap_or_default();
        if !output.is_empty() {
            print!("[{name}]\n{}", String::from_utf8_lossy(&output));
        }
    }
    Ok(())
}

#[asyncio::main]
async fn main() -> asyncio::Result<()> {
    asyncio::gather!(run("ls /no/such/directory"), run("sleep 0.1; echo hello")).await?;
    Ok(())
}
