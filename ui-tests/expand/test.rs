// A test: the user's function stays whole inside a plain `#[test]`.

#[asyncio::test(timeout = "5s", virtual_time)]
#[should_panic(expected = "too late")]
async fn gives_up_in_time() {
    asyncio::sleep(Duration::from_secs(3600)).await;
    panic!("too late");
}
