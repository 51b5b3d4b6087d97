#![deny(warnings, missing_docs)]
//! Required methods, default bodies, impls.

use std::future::Future;

/// Greets.
pub trait Greet {
    /// Required.
    #[asyncio::coroutine]
    async fn name(&self) -> String;

    /// With a default body.
    #[asyncio::coroutine]
    async fn greet(&self, greeting: &str) -> String {
        format!("{greeting} {}", self.name().await)
    }

    /// Not for trait objects.
    #[asyncio::coroutine]
    async fn leave(self)
    where
        Self: Sized,
    {
    }
}

struct World;

impl Greet for World {
    #[asyncio::coroutine]
    async fn name(&self) -> String {
        "world".to_owned()
    }
}

fn greet<'a, G: Greet>(whom: &'a G) -> asyncio::Coroutine<impl Future<Output = String> + use<'a, G>> {
    whom.greet("hello")
}

#[asyncio::main]
async fn main() {
    assert_eq!(greet(&World).await, "hello world");
    World.leave().await;
}
