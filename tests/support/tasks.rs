//! What tests of tasks say often.

use std::future::poll_fn;
use std::time::Duration;

use asyncio::AnyTask;
use futures::FutureExt;

use crate::support::journal::Journal;

/// Longer than any test, in virtual time.
pub(crate) const HOUR: Duration = Duration::from_secs(3600);

pub(crate) const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub(crate) const fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Lets everything that is due run once.
pub(crate) async fn tick() {
    asyncio::sleep(Duration::ZERO).await;
}

pub(crate) async fn ticks(number: usize) {
    for _ in 0..number {
        tick().await;
    }
}

/// The task that runs the test.
pub(crate) fn me() -> AnyTask {
    asyncio::current_task().unwrap().expect("it is called in a task")
}

/// Notes in a journal that it was dropped.
pub(crate) struct Dropped {
    journal: Journal,
    entry: &'static str,
}

impl Dropped {
    pub(crate) fn noted(journal: &Journal, entry: &'static str) -> Self {
        Self { journal: journal.clone(), entry }
    }
}

impl Drop for Dropped {
    fn drop(&mut self) {
        self.journal.note(self.entry);
    }
}

/// How often this task is polled within a time in which nobody has a reason to wake it: first and last, if all is well.
pub(crate) async fn polls_within(duration: Duration) -> usize {
    let (sender, mut over) = futures::channel::oneshot::channel();
    let end = move || sender.send(()).expect("it is awaited below");
    asyncio::get_running_loop().unwrap().call_later(duration, end).unwrap();
    let mut polls = 0;
    poll_fn(|context| {
        polls += 1;
        over.poll_unpin(context)
    })
    .await
    .expect("the end is sent");
    polls
}

/// Panics where a value of type `()` is wanted, so that a task of it has a type.
pub(crate) fn panics(text: &str) {
    panic!("{text}");
}
