//! `assert_no_leaks`: that a program puts back what it took.

use std::fmt::Write;
use std::future::IntoFuture;

use super::until_idle;
use crate::event_loop::get_running_loop;
use crate::task::AnyTask;

/// Awaits something, and checks that it leaves no task, no timer and no descriptor behind with the loop.
///
/// What there was before does not count. It looks, before and after, when nothing is ready any more: what is left then is
/// kept by something.
///
/// # Panics
///
/// If something is left: the message names the tasks with the lines that made them, and says how many timers and watched
/// descriptors there are too many. Also if no loop runs on this thread.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// # fn main() -> asyncio::Result<()> {
/// asyncio::run(async {
///     let sum = asyncio::testing::assert_no_leaks(async {
///         let one = asyncio::timeout(Duration::from_secs(60), async { Ok::<_, asyncio::Error>(1) }).await?;
///         Ok::<_, asyncio::Error>(one + 1)
///     });
///     assert_eq!(sum.await?, 2);
///     Ok::<_, asyncio::Error>(())
/// })
/// # }
/// ```
pub async fn assert_no_leaks<F: IntoFuture>(future: F) -> F::Output {
    until_idle().await;
    let before = Census::take();
    let output = future.into_future().await;
    until_idle().await;
    let after = Census::take();
    if let Some(leaks) = after.more_than(&before) {
        panic!("{leaks}");
    }
    output
}

/// What a loop has.
struct Census {
    tasks: Vec<AnyTask>,
    timers: usize,
    descriptors: usize,
}

impl Census {
    fn take() -> Self {
        let event_loop = get_running_loop()
            .unwrap_or_else(|error| panic!("assert_no_leaks: {error}; call it inside asyncio::run(…)"));
        let (timers, descriptors) = event_loop.inner().holdings();
        Self { tasks: event_loop.all_tasks(), timers, descriptors }
    }

    fn more_than(&self, before: &Self) -> Option<String> {
        let mut text = String::new();
        for task in self.tasks.iter().filter(|task| !before.tasks.contains(task)) {
            // Writing to a string cannot fail.
            let _ = write!(text, "\n- {task:?}");
        }
        if self.timers > before.timers {
            let _ = write!(text, "\n- timers: {}", self.timers - before.timers);
        }
        if self.descriptors > before.descriptors {
            let _ = write!(text, "\n- watched descriptors: {}", self.descriptors - before.descriptors);
        }
        (!text.is_empty()).then(|| format!("left behind with the event loop:{text}"))
    }
}
