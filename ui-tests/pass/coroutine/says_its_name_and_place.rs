#![deny(warnings)]

#[asyncio::coroutine]
async fn greet() {}

trait Greeter {
    #[asyncio::coroutine]
    async fn wave(&self) {}
}

impl Greeter for u8 {}

#[asyncio::main]
async fn main() {
    let call = greet();
    let line = line!() - 1;
    assert_eq!((call.name(), call.location().line()), ("greet", line));
    assert!(call.location().file().ends_with("says_its_name_and_place.rs"));
    call.await;

    let call = 7.wave();
    let line = line!() - 1;
    assert_eq!((call.name(), call.location().line()), ("wave", line));
    call.await;
}
