#![deny(warnings)]

mod app {
    #[asyncio::main]
    #[allow(clippy::unused_async)]
    pub(super) async fn start() -> asyncio::Result<()> {
        Ok(())
    }
}

fn main() -> std::process::ExitCode {
    app::start()
}
