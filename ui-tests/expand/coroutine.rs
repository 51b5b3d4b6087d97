// Coroutines: a value with a name and a place of birth, that owns its arguments.

#[asyncio::coroutine]
/// Says hello.
pub async fn greet(name: &str, mut times: usize, (left, right): (char, char)) -> Result<String> {
    times += 1;
    compose(name, times, left, right).await
}

trait Greeter {
    #[asyncio::coroutine]
    async fn name(&self) -> String;

    #[asyncio::coroutine]
    async fn leave(self: Rc<Self>) {}
}
