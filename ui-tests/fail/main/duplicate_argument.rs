// error: the argument `strict` stands here twice: remove one

#[asyncio::main(strict, debug, strict = false)]
async fn main() {}
