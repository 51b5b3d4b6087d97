// error: a test takes no arguments: write `async fn answers()`

#[asyncio::test]
async fn answers(expected: u8) {
    assert_eq!(6 * 7, expected);
}

fn main() {}
