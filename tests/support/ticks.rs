//! One tick after the other, for tests that look between them.

use std::time::Duration;

/// Lets everything that is due run once. Python: `await asyncio.sleep(0)`.
pub(crate) async fn tick() {
    asyncio::sleep(Duration::ZERO).await;
}

/// As many ticks.
pub(crate) async fn ticks(count: usize) {
    for _ in 0..count {
        tick().await;
    }
}

/// Ticks until nothing that a test of this size does can still be on its way.
pub(crate) async fn quiet() {
    ticks(50).await;
}
