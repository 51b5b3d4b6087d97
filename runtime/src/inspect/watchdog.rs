//! A thread that notices a loop which is stuck in a callback.
//!
//! The loop counts the callbacks that it has finished; the thread sleeps, and looks whether the number has changed. What
//! runs is read as another process would read it, for the loop itself cannot answer.

use std::rc::Rc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::ProcessTasks;
use super::frames::NativeFrames;
use crate::event_loop::{Figures, Inner};
use crate::sys::{Doing, doing, thread_number};

/// The thread; it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Watchdog {
    end: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Watchdog {
    pub(crate) fn start(inner: &Rc<Inner>, limit: Duration) -> Self {
        inner.watch_closely();
        let (end, ended) = mpsc::channel();
        let (figures, number, frames) = (inner.figures().clone(), thread_number(), NativeFrames::of_this_thread());
        let watch = move || {
            let mut stuck = Stuck { since: Instant::now(), finished: 0, told: false };
            // Four looks within the limit: a report comes a quarter of it late at the most.
            while ended.recv_timeout(limit / 4) == Err(RecvTimeoutError::Timeout) {
                if stuck.look(&figures, limit) {
                    tell(number, stuck.since.elapsed(), &frames);
                }
            }
        };
        let thread = thread::Builder::new().name("asyncio-watchdog".to_owned()).spawn(watch);
        if let Err(error) = &thread {
            crate::log::warning(format_args!("ASY0026: the watchdog of an event loop has no thread: {error}"));
        }
        Self { end: Some(end), thread: thread.ok() }
    }
}

/// What was seen of a loop.
struct Stuck {
    since: Instant,
    finished: u64,
    told: bool,
}

impl Stuck {
    /// True: it is stuck, and nobody was told of that yet.
    fn look(&mut self, figures: &Figures, limit: Duration) -> bool {
        let finished = figures.finished.load(Ordering::Relaxed);
        if finished != self.finished || figures.busy.load(Ordering::Relaxed) == 0 {
            *self = Self { since: Instant::now(), finished, told: false };
        }
        let stuck = self.since.elapsed() >= limit && !self.told;
        self.told |= stuck;
        stuck
    }
}

#[cold]
fn tell(thread: usize, since: Duration, frames: &NativeFrames) {
    let running = ProcessTasks::read(std::process::id()).map(|tasks| tasks.running_on(thread));
    let what = match running {
        Ok(Some(task)) => format!("{task} runs all the while"),
        Ok(None) => "a callback that is no task runs all the while".to_owned(),
        Err(error) => format!("what runs cannot be seen: {error}"),
    };
    // At this moment; it may have been elsewhere before.
    let call = match doing(std::process::id(), thread) {
        Some(Doing::Call(call)) => format!(", now in the system call {call}"),
        Some(Doing::Runs) => String::from(", now on a processor"),
        None => String::new(),
    };
    let (seconds, frames) = (since.as_secs_f64(), frames.report());
    crate::log::warning(format_args!(
        "ASY0009: the event loop has not finished a callback for {seconds:.1} s: {what}{call}; move what blocks into a thread with \
         asyncio::to_thread(…){frames}"
    ));
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        drop(self.end.take());
        if let Some(thread) = self.thread.take() {
            // It does not panic, and if it did there is nothing to be done.
            let _ = thread.join();
        }
    }
}
