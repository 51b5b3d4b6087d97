// error: remove `#[test]`: `#[asyncio::test]` makes this function a test already

#[asyncio::test]
#[test]
async fn answers() {}

fn main() {}
