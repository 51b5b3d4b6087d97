// error: the main function has no `where` clause: remove it

#[asyncio::main]
async fn main()
where
    u8: Copy,
{
}
