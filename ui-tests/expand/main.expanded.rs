fn main() -> ::asyncio::__private::std::process::ExitCode {
    async fn main() -> asyncio::Result<()> {
        asyncio::sleep(Duration::from_secs(1)).await;
        Ok(())
    }
    ::asyncio::__private::run_main(::asyncio::__private::MainOptions::new().debug(true), &"main", main)
}
