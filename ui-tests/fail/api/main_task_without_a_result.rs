// error: write `async { Ok::<_, asyncio::Error>(….await) }`

fn main() {
    let answer = asyncio::run(async { 42 });
    println!("{answer:?}");
}
