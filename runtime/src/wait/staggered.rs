//! `staggered_race`: the same thing tried in several ways, each begun a little later than the one before.

use std::future::Future as StdFuture;
use std::time::Duration;

use super::return_when::{ReturnWhen, wait};
use super::with_cleanup;
use crate::event_loop::get_running_loop;
use crate::exceptions::{Error, Result};
use crate::future::Watched;
use crate::task::{Task, TaskOutput, create_task};

/// How a [`staggered_race`] ended.
#[derive(Debug)]
pub struct StaggeredRace<T> {
    /// What the winner gave, and its place among those that were passed; `None` if all failed.
    pub winner: Option<(T, usize)>,
    /// What became of each that was begun; `None` for the winner. Those that were cancelled have `CancelledError`.
    pub exceptions: Vec<Option<Error>>,
}

/// Begins these one after the other, and takes the first that succeeds. Python: `asyncio.staggered.staggered_race()`.
///
/// The next one begins when the one before it has failed, or `delay` after that began; with `None` only after it has
/// failed. When one succeeds, the others are cancelled, and the call returns once they have ended.
///
/// # Errors
///
/// `RuntimeError` if no loop runs. That all have failed is no error: it stands in the outcome.
///
/// # Cancellation
///
/// Cancels all that run, and leaves when they have ended.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// # fn main() -> asyncio::Result<()> {
/// asyncio::run(async {
///     let attempt = |good: bool| move || async move { if good { Ok("there") } else { Err(asyncio::Error::other("no")) } };
///     let race = asyncio::staggered_race([attempt(false), attempt(true)], Duration::from_millis(250)).await?;
///     assert_eq!(race.winner, Some(("there", 1)));
///     assert!(race.exceptions[0].is_some() && race.exceptions[1].is_none());
///     Ok::<_, asyncio::Error>(())
/// })
/// # }
/// ```
pub async fn staggered_race<I, S, F>(
    starts: I,
    delay: impl Into<Option<Duration>>,
) -> Result<StaggeredRace<<F::Output as TaskOutput>::Value>>
where
    I: IntoIterator<Item = S>,
    S: FnOnce() -> F,
    F: StdFuture<Output: TaskOutput> + 'static,
{
    let mut starts = starts.into_iter();
    let delay = delay.into();
    get_running_loop()?;
    let mut begun = Vec::new();
    let winner = with_cleanup(
        &mut begun,
        async |begun| race(begun, || starts.next().map(|start| create_task(start())), delay).await,
        async |begun: &mut Vec<Task<_>>| {
            for task in begun.iter() {
                task.cancel();
            }
            // Refuses only an empty list.
            let _ = wait(begun.iter()).await;
            // What became of them is part of the outcome, or the caller has left: nobody else is to hear of it.
            begun.iter().for_each(|task| drop(task.failure()));
        },
    )
    .await?;
    let mut value = None;
    let exceptions = begun.into_iter().enumerate().map(|(index, task)| match task.into_result() {
        Ok(won) if winner == Some(index) => {
            value = Some((won, index));
            None
        }
        // A second one that succeeded while it was being cancelled: it came too late.
        Ok(_) => None,
        Err(error) => Some(error),
    });
    let exceptions = exceptions.collect();
    Ok(StaggeredRace { winner: value, exceptions })
}

/// Runs until one has succeeded or all have failed; gives the place of the one that did.
async fn race<T: 'static>(
    begun: &mut Vec<Task<T>>,
    mut next: impl FnMut() -> Option<Task<T>>,
    delay: Option<Duration>,
) -> Result<Option<usize>> {
    let event_loop = get_running_loop()?;
    let mut more = true;
    let mut begun_at = event_loop.time();
    loop {
        if let Some(winner) = begun.iter().position(|task| task.done() && !task.cancelled() && !task.has_failed()) {
            return Ok(Some(winner));
        }
        let now = event_loop.time();
        let due = match begun.last() {
            None => true,
            Some(last) => last.done() || delay.is_some_and(|delay| now.saturating_sub(begun_at) >= delay),
        };
        if more && due {
            let started = next();
            more = started.is_some();
            begun.extend(started);
            begun_at = now;
        }
        let running: Vec<&Task<T>> = begun.iter().filter(|task| !task.done()).collect();
        if running.is_empty() && !more {
            return Ok(None);
        }
        if !running.is_empty() {
            let left = delay.filter(|_| more).map(|delay| delay.saturating_sub(now.saturating_sub(begun_at)));
            wait(running).return_when(ReturnWhen::FirstCompleted).timeout(left).await?;
        }
    }
}
