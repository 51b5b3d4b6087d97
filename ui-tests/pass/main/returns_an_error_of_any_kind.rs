#![deny(warnings)]

use std::error::Error;

fn main() {
    use std::process::ExitCode;
    let code = |code: ExitCode| format!("{code:?}");
    assert_eq!(code(boxed()), code(ExitCode::SUCCESS));
    assert_eq!(code(own()), code(ExitCode::FAILURE));
    assert_eq!(code(text()), code(ExitCode::FAILURE));
}

#[asyncio::main]
async fn boxed() -> Result<(), Box<dyn Error>> {
    let number: u8 = "42".parse()?;
    asyncio::sleep(std::time::Duration::ZERO).await;
    assert_eq!(number, 42);
    Ok(())
}

#[derive(Debug)]
struct Mine;

impl std::fmt::Display for Mine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("mine")
    }
}

impl Error for Mine {}

#[asyncio::main]
async fn own() -> Result<(), Mine> {
    Err(Mine)
}

#[asyncio::main]
async fn text() -> Result<(), String> {
    Err("text".to_owned())
}
