// error: `#[asyncio::test]` runs an async function: write `async fn answers`

#[asyncio::test]
fn answers() {
    assert_eq!(6 * 7, 42);
}

fn main() {}
