//! The state of a task: flags with their rules, and the transitions that keep them. Pure.
//!
//! ```text
//!   schedule        begin             end (pending)
//!   ───────▶ SCHEDULED ───▶ RUNNING ──────────────▶ suspended ──schedule──▶ …
//!                              │ end (done)
//!                              └──────────────────▶ DONE [CANCELLED] [FAILED [UNSEEN]]
//! ```

use std::cell::Cell;

use crate::exceptions::{Error, Result};

/// In the ready queue. Set by `schedule` only, cleared when the step begins.
const SCHEDULED: u16 = 1;
/// Being polled, or being dropped after a poll. Excludes a second step.
const RUNNING: u16 = 1 << 1;
/// The first step has begun.
const STARTED: u16 = 1 << 2;
/// The outcome is stored, the future is gone. Never cleared; excludes SCHEDULED and RUNNING.
const DONE: u16 = 1 << 3;
/// Ended by a cancel. Only with DONE.
const CANCELLED: u16 = 1 << 4;
/// Nobody has looked at the failure. Only with FAILED.
const UNSEEN: u16 = 1 << 5;
/// Failed. Only with DONE and without CANCELLED.
const FAILED: u16 = 1 << 7;
/// Being dropped while pending is nobody's loss.
const SILENT: u16 = 1 << 6;
/// Somebody else holds the future and runs the steps. Never cleared.
const LENT: u16 = 1 << 8;

#[derive(Debug, Default)]
pub(super) struct TaskState(Cell<u16>);

/// How a task ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    Finished,
    Failed,
    Cancelled,
}

impl Ending {
    #[inline]
    pub(super) fn of<T>(outcome: &Result<T>) -> Self {
        match outcome {
            Ok(_) => Self::Finished,
            Err(error) => Self::of_error(error),
        }
    }

    pub(super) fn of_error(error: &Error) -> Self {
        match error {
            Error::CancelledError(_) => Self::Cancelled,
            _ => Self::Failed,
        }
    }
}

impl TaskState {
    fn has(&self, flag: u16) -> bool {
        self.0.get() & flag != 0
    }

    fn set(&self, flag: u16) {
        self.0.set(self.0.get() | flag);
    }

    fn unset(&self, flag: u16) {
        self.0.set(self.0.get() & !flag);
    }

    /// True: put the task into the ready queue.
    #[inline]
    pub(super) fn schedule(&self) -> bool {
        if self.has(SCHEDULED | DONE) {
            return false;
        }
        self.set(SCHEDULED);
        true
    }

    /// A step comes out of the ready queue, and it is not the first. False: ask [`begin`](Self::begin).
    #[inline]
    pub(super) fn resume(&self) -> bool {
        let flags = self.0.get();
        let resumes = flags & (DONE | RUNNING | STARTED) == STARTED;
        if resumes {
            self.0.set(flags & !SCHEDULED | RUNNING);
        }
        resumes
    }

    /// A step comes out of the ready queue. False: there is nothing to run.
    #[inline]
    pub(super) fn begin(&self) -> bool {
        self.unset(SCHEDULED);
        if self.has(DONE | RUNNING) {
            return false;
        }
        self.set(RUNNING | STARTED);
        true
    }

    /// The step is over and the future is suspended.
    #[inline]
    pub(super) fn suspend(&self) {
        self.unset(RUNNING);
    }

    /// The outcome is stored.
    #[inline]
    pub(super) fn finish(&self, ending: Ending) {
        let unseen = match ending {
            Ending::Finished => 0,
            Ending::Cancelled => CANCELLED,
            Ending::Failed => FAILED | UNSEEN,
        };
        self.0.set((self.0.get() & !(RUNNING | SCHEDULED)) | DONE | unseen);
    }

    pub(super) fn is_started(&self) -> bool {
        self.has(STARTED)
    }

    pub(super) fn is_scheduled(&self) -> bool {
        self.has(SCHEDULED)
    }

    pub(super) fn is_running(&self) -> bool {
        self.has(RUNNING)
    }

    #[inline]
    pub(super) fn is_done(&self) -> bool {
        self.has(DONE)
    }

    pub(super) fn is_cancelled(&self) -> bool {
        self.has(CANCELLED)
    }

    pub(super) fn is_failed(&self) -> bool {
        self.has(FAILED)
    }

    pub(super) fn is_unseen(&self) -> bool {
        self.has(UNSEEN)
    }

    /// Somebody has looked at the outcome.
    #[inline]
    pub(super) fn seen(&self) {
        self.unset(UNSEEN);
    }

    /// Its being dropped while pending is not to be reported.
    pub(super) fn silence(&self) {
        self.set(SILENT);
    }

    /// Its future is somebody else's.
    pub(super) fn lend(&self) {
        self.set(LENT);
    }

    #[inline]
    pub(super) fn is_lent(&self) -> bool {
        self.has(LENT)
    }

    pub(super) fn is_silent(&self) -> bool {
        self.has(SILENT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_is_queued_once_and_never_after_its_end() {
        let state = TaskState::default();
        assert!(state.schedule());
        assert!(!state.schedule());
        assert!(!state.resume() && state.begin());
        assert!(!state.resume() && !state.begin(), "a step does not run in itself");
        state.suspend();
        assert!(state.schedule());
        assert!(state.resume());
        assert!(state.schedule(), "a wake while it runs counts for the next batch");
        state.finish(Ending::Failed);
        assert!(state.is_unseen() && !state.schedule() && !state.resume() && !state.begin());
        state.seen();
        assert!(!state.is_unseen());
    }

    #[test]
    fn a_silent_task_may_be_dropped_but_its_failure_counts() {
        let state = TaskState::default();
        state.silence();
        assert!(state.is_silent() && state.begin());
        state.finish(Ending::Failed);
        assert!(state.is_unseen());
    }
}
