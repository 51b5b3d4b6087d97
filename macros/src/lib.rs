//! The attribute macros of the `asyncio` crate, which exports them; use them from there.
//!
//! Each macro reads the signature and leaves the body's tokens as they are, so that a mistake in a body is told once, by the
//! compiler, on its own line. The code that comes out names nothing but `::asyncio` and what is private to it.
//!
//! In here, each macro is a room of its own: what the user wrote becomes a model (`parse`), the model is checked
//! (`validate`), and then turned into code (`expand`), with mistakes too, as far as it goes, so that a mistake in an
//! attribute does not bring others after it.

mod args;
mod coroutine;
mod entry;
mod errors;
mod finally;
mod gather;
mod item;
#[path = "main/mod.rs"] // said in full, since `mod main;` alone is taken for the root of a program
mod main;
mod place;
mod protocol;
mod remote;
mod select;
mod suggest;
mod test;
#[cfg(test)]
mod tests;

use proc_macro::TokenStream;

/// Makes an `async fn main` the place where the program starts. Python: `asyncio.run(main())`.
///
/// The function runs as the main task of a new event loop, which is shut down in order when it ends. It returns nothing, an
/// exit code, or a `Result` of these with any error: an `Err` is printed with its causes, and the program ends with code 1.
/// A panic ends it with code 101, Ctrl-C with code 130, both after the other tasks have been cancelled and cleaned up.
///
/// # Arguments
///
/// - `debug` or `debug = …`: whether the loop runs in debug mode; without it, the environment decides.
/// - `strict` or `strict = …`: whether the loop asks the system for events between any two batches of callbacks.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// #[asyncio::main(debug)]
/// async fn main() -> asyncio::Result<()> {
///     asyncio::sleep(Duration::from_millis(1)).await;
///     println!("hello");
///     Ok(())
/// }
/// ```
///
/// # Expansion
///
/// ```text
/// fn main() -> ExitCode {
///     async fn main() -> asyncio::Result<()> {
///         asyncio::sleep(Duration::from_millis(1)).await;
///         println!("hello");
///         Ok(())
///     }
///     run_main(MainOptions::new().debug(true), &"main", main)
/// }
/// ```
///
/// Attributes of the language (`cfg`, lints, docs) go on the outer function, attribute macros go inside.
#[proc_macro_attribute]
pub fn main(arguments: TokenStream, item: TokenStream) -> TokenStream {
    main::main(arguments.into(), item.into()).into()
}

/// Makes an `async fn` a test that runs on an event loop of its own. Python: `unittest.IsolatedAsyncioTestCase`.
///
/// The test fails when the function panics or returns an `Err`, and also when a failure reached the loop's exception handler
/// and nobody looked at it: a task that failed and was not awaited, say. It goes together with `#[should_panic]`,
/// `#[ignore]`, `#[cfg(…)]`; `#[test]` is not needed.
///
/// # Arguments
///
/// - `timeout = "5s"` (`"250ms"`, `"1m"`): how long the test may take before it is cancelled and fails.
/// - `virtual_time`: the loop's clock jumps to the next timer when there is nothing else to do; an hour of sleep takes no
///   time. It does not jump over a job in a thread; see the guide's chapter on testing.
/// - `debug` or `debug = …`: whether the loop runs in debug mode.
/// - `seed = 7`: tasks that are ready run in a random order, by this number; `seeds = 100`: the test runs once for each of
///   so many seeds. The one that fails is printed, and `ASYNCIO_SEED=…` in the environment runs that alone.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// #[asyncio::test(timeout = "5s", virtual_time)]
/// async fn an_hour_passes() -> asyncio::Result<()> {
///     asyncio::sleep(Duration::from_secs(3600)).await;
///     Ok(())
/// }
/// ```
///
/// # Expansion
///
/// ```text
/// #[test]
/// fn an_hour_passes() -> asyncio::Result<()> {
///     async fn an_hour_passes() -> asyncio::Result<()> {
///         asyncio::sleep(Duration::from_secs(3600)).await;
///         Ok(())
///     }
///     let options = TestOptions::new().timeout(Duration::new(5, 0)).virtual_time(true);
///     run_test(options, &"an_hour_passes", an_hour_passes)
/// }
/// ```
#[proc_macro_attribute]
pub fn test(arguments: TokenStream, item: TokenStream) -> TokenStream {
    test::test(arguments.into(), item.into()).into()
}

/// Makes a coroutine function of an `async fn`: its calls are values that know their name and where they were made. Python:
/// `async def`.
///
/// A plain `async fn` can be awaited and cancelled as well. A coroutine adds a line to call graphs and to the reports about
/// tasks that hang, is reported with its call site in debug mode when it was never awaited, and may use [`finally!`].
///
/// It stands on functions and methods, in traits and their impls too, with any arguments, generics and lifetimes. Arguments
/// are moved in, used or not, and dropped when the coroutine ends. Write the attribute with its path, always: a `use
/// asyncio::coroutine;` cannot compile, since the language has an attribute of that name.
///
/// A function that calls itself does so through `Box::pin`. One that never returns cannot say `-> !`; it says
/// `-> std::convert::Infallible`.
///
/// # Examples
///
/// ```
/// struct Greeter {
///     greeting: String,
/// }
///
/// impl Greeter {
///     #[asyncio::coroutine]
///     async fn greet(&self, name: &str) -> String {
///         format!("{} {name}", self.greeting)
///     }
/// }
///
/// #[asyncio::main]
/// async fn main() {
///     let greeter = Greeter { greeting: "hello".to_owned() };
///     let greeting = greeter.greet("world"); // nothing runs yet
///     assert_eq!(greeting.name(), "greet");
///     assert_eq!(greeting.await, "hello world");
/// }
/// ```
///
/// # Expansion
///
/// ```text
/// #[track_caller]
/// fn greet(&self, name: &str) -> asyncio::Coroutine<impl Future<Output = String>> {
///     coroutine("greet", Location::caller(), async move {
///         let name = name;                                         // moved in, used or not
///         if let Some(result) = None::<String> { return result; }  // fixes the type of what follows
///         { format!("{} {name}", self.greeting) }
///     })
/// }
/// ```
///
/// [`finally!`]: macro@finally
#[proc_macro_attribute]
pub fn coroutine(arguments: TokenStream, item: TokenStream) -> TokenStream {
    coroutine::coroutine(arguments.into(), item.into()).into()
}

/// Runs a block when the rest of a coroutine has ended, however it ended. Python: `try: … finally: …`.
///
/// It stands in the outermost block of a `#[asyncio::coroutine]`, above the statements that it cleans up after. They may end
/// with a value, with `?`, with `return`, with a panic, or by a cancel; then the block runs, and may await and use what was
/// declared before it; then the coroutine goes on to end as it was about to. A second cancel interrupts the block. Several
/// of them nest, and the last one runs first.
///
/// Anywhere else it is a compile error; `asyncio::with_cleanup(&mut state, async |s| …, async |s| …)` is the same as a
/// function.
///
/// # Cancellation
///
/// The block runs when the task is cancelled. It cannot run when the future is dropped by hand, since nothing can await
/// there.
///
/// # Examples
///
/// ```
/// use std::cell::RefCell;
///
/// #[asyncio::coroutine]
/// async fn work(log: &RefCell<Vec<&'static str>>, fail: bool) -> asyncio::Result<()> {
///     asyncio::finally! {
///         asyncio::sleep(std::time::Duration::ZERO).await;
///         log.borrow_mut().push("cleaned up");
///     }
///     if fail {
///         return Err(asyncio::Error::value_error("no"));
///     }
///     log.borrow_mut().push("done");
///     Ok(())
/// }
///
/// #[asyncio::main]
/// async fn main() {
///     let log = RefCell::default();
///     assert!(work(&log, false).await.is_ok());
///     assert!(work(&log, true).await.is_err());
///     assert_eq!(log.into_inner(), ["done", "cleaned up", "cleaned up"]);
/// }
/// ```
///
/// # Expansion
///
/// ```text
/// let outcome = guarded(Location::caller(), async {
///     if fail {
///         return Err(asyncio::Error::value_error("no"));
///     }
///     log.borrow_mut().push("done");
///     Ok(())
/// }).await;
/// {
///     asyncio::sleep(std::time::Duration::ZERO).await;
///     log.borrow_mut().push("cleaned up");
/// }
/// outcome.resume().await
/// ```
#[proc_macro]
pub fn finally(_cleanup: TokenStream) -> TokenStream {
    // Where it is allowed, `#[asyncio::coroutine]` has taken it out before it could expand.
    finally::elsewhere().into()
}

/// Runs things of different types at once, and gives all their results as a tuple. Python: `asyncio.gather()`.
///
/// Each argument becomes a task at once, unless it is one, so it must own what it works on; for children that borrow see
/// `asyncio::scope`. Awaiting the whole gives `Result<(A, B, …)>`, with the first error as soon as there is one, while the
/// others run on. With `return_exceptions = true` as the last argument it waits for all of them, and gives
/// `(Result<A>, Result<B>, …)`. For many things of one type there is the function of the same name.
///
/// # Examples
///
/// ```
/// # fn main() -> asyncio::Result<()> {
/// asyncio::run(async {
///     let name = async { Ok::<_, asyncio::Error>("Ada") };
///     let year = async { "1815".parse::<u16>().map_err(asyncio::Error::other) };
///     assert_eq!(asyncio::gather!(name, year).await?, ("Ada", 1815));
///
///     let bad = async { "x".parse::<u16>().map_err(asyncio::Error::other) };
///     let (name, year) = asyncio::gather!(async { Ok::<_, asyncio::Error>("?") }, bad, return_exceptions = true).await;
///     assert!(name.is_ok() && year.is_err());
///     Ok::<_, asyncio::Error>(())
/// })
/// # }
/// ```
///
/// # Expansion
///
/// ```text
/// gather((child(name), (child(year), ()))).map(|(name, (year, ()))| (name, year))
/// ```
#[proc_macro]
pub fn gather(input: TokenStream) -> TokenStream {
    gather::gather(input.into()).into()
}

#[doc = include_str!("select/select.md")]
#[proc_macro]
pub fn select(input: TokenStream) -> TokenStream {
    select::select(input.into()).into()
}

#[doc = include_str!("protocol/protocol.md")]
#[proc_macro_attribute]
pub fn protocol(arguments: TokenStream, item: TokenStream) -> TokenStream {
    protocol::protocol(arguments.into(), item.into()).into()
}

#[doc = include_str!("remote/remote.md")]
#[proc_macro_attribute]
pub fn remote(arguments: TokenStream, item: TokenStream) -> TokenStream {
    remote::remote(arguments.into(), item.into()).into()
}
