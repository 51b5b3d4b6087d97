#[track_caller]
#[allow(clippy::async_yields_async)]
fn transfer(
    from: &Account,
    to: &Account,
    sum: u64,
) -> ::asyncio::Coroutine<impl ::asyncio::__private::core::future::Future<Output = Result<()>>> {
    ::asyncio::__private::coroutine(&"transfer", ::asyncio::__private::core::panic::Location::caller(), async move {
        let from = from;
        let to = to;
        let sum = sum;
        if let ::asyncio::__private::core::option::Option::Some(__result) =
            ::asyncio::__private::core::option::Option::None::<Result<()>>
        {
            return __result;
        }
        match () {
            () => {
                let lock = from.lock().await?;
                let __outcome =
                    ::asyncio::__private::guarded(::asyncio::__private::core::panic::Location::caller(), async {
                        if let ::asyncio::__private::core::option::Option::Some(__result) =
                            ::asyncio::__private::core::option::Option::None::<Result<()>>
                        {
                            return __result;
                        }
                        from.withdraw(sum).await?;
                        to.deposit(sum).await
                    })
                    .await;
                match () {
                    () => {
                        lock.release().await;
                    }
                }
                __outcome.resume().await
            }
        }
    })
}
