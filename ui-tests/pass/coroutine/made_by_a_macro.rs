#![deny(warnings)]

macro_rules! getter {
    ($name:ident, $value:ident: $type:ty, $body:block) => {
        #[asyncio::coroutine]
        async fn $name($value: $type) -> $type $body
    };
}

getter!(twice, number: u8, { number * 2 });

#[asyncio::main]
async fn main() {
    assert_eq!(twice(2).await, 4);
}
