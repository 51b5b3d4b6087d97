// `finally!`: what follows it is guarded, and then comes the clean-up.

#[asyncio::coroutine]
async fn transfer(from: &Account, to: &Account, sum: u64) -> Result<()> {
    let lock = from.lock().await?;
    asyncio::finally! {
        lock.release().await;
    }
    from.withdraw(sum).await?;
    to.deposit(sum).await
}
