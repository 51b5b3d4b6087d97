#[doc = " Says hello."]
#[track_caller]
#[allow(clippy::async_yields_async)]
pub fn greet(
    name: &str,
    times: usize,
    __argument2: (char, char),
) -> ::asyncio::Coroutine<impl ::asyncio::__private::core::future::Future<Output = Result<String>>> {
    ::asyncio::__private::coroutine(&"greet", ::asyncio::__private::core::panic::Location::caller(), async move {
        let name = name;
        let mut times = times;
        let __argument2 = __argument2;
        let (left, right) = __argument2;
        if let ::asyncio::__private::core::option::Option::Some(__result) =
            ::asyncio::__private::core::option::Option::None::<Result<String>>
        {
            return __result;
        }
        match () {
            () => {
                times += 1;
                compose(name, times, left, right).await
            }
        }
    })
}
trait Greeter {
    #[track_caller]
    #[allow(clippy::async_yields_async)]
    fn name(&self) -> ::asyncio::Coroutine<impl ::asyncio::__private::core::future::Future<Output = String>>;
    #[track_caller]
    #[allow(clippy::async_yields_async)]
    fn leave(self: Rc<Self>) -> ::asyncio::Coroutine<impl ::asyncio::__private::core::future::Future<Output = ()>> {
        ::asyncio::__private::coroutine(&"leave", ::asyncio::__private::core::panic::Location::caller(), async move {
            let _ = &self;
            if let ::asyncio::__private::core::option::Option::Some(__result) =
                ::asyncio::__private::core::option::Option::None::<()>
            {
                return __result;
            }
            match () {
                () => {}
            }
        })
    }
}
