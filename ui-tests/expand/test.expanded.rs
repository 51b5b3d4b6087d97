#[should_panic(expected = "too late")]
#[::asyncio::__private::core::prelude::v1::test]
fn gives_up_in_time() {
    async fn gives_up_in_time() {
        asyncio::sleep(Duration::from_secs(3600)).await;
        panic!("too late");
    }
    ::asyncio::__private::run_test(
        ::asyncio::__private::TestOptions::new()
            .timeout(::asyncio::__private::core::time::Duration::new(5, 0))
            .virtual_time(true),
        &"gives_up_in_time",
        gives_up_in_time,
    )
}
