//! One tick: other threads' calls, the kernel, timers, and then exactly what was due when the batch began.
//!
//! ```text
//!   inbox ──▶ ┐
//!   kernel ─▶ ├─▶ ready queue ──▶ batch: run as many as there were ──▶ stop() looked at ──▶ again
//!   timers ─▶ ┘        ▲                          │
//!                      └──── what they schedule ──┘
//! ```
//!
//! What a batch schedules runs in the next one, so a callback that schedules itself never keeps I/O waiting. The
//! kernel is asked when nothing else is due, and else as often as [`Pace`](super::pace) says; strict mode asks before
//! every batch.

use std::rc::Rc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::{Inner, Ready, figures, ready};
use crate::constants::MAXIMUM_SELECT_TIMEOUT;
use crate::exceptions::{Result, catch};
use crate::handle::{Handle, TimerAction};

impl Inner {
    /// One tick.
    pub(super) fn run_once(self: &Rc<Self>) -> Result<()> {
        self.take_inbox();
        let mut due = self.ready.len();
        if due == 0 || self.pace.is_due() {
            self.look(due == 0)?;
            due = self.ready.len();
        }
        self.run_batch(due);
        Ok(())
    }

    /// Asks the kernel and the clock. Sleeps if nothing is due.
    fn look(&self, idle: bool) -> Result<()> {
        let next = self.timers.borrow().next();
        self.figures.looked(self.timers.borrow().len(), self.sources.len());
        let sleep = idle && !self.stopping.get();
        let (mut now, mut stalled) = (None, false);
        if !sleep {
            let before = self.nanos();
            if !self.stall.slept.replace(false) {
                self.figures.was_busy(before.saturating_sub(self.pace.last_look()));
            }
            self.pace.busy(before);
            self.driver.wait(Some(Duration::ZERO))?;
            now = Some(before);
        } else if let Some(next) = next {
            self.sleep_until(Duration::from_nanos(next))?;
        } else {
            stalled = self.sleep_without_deadline()?;
        }
        self.take_inbox();
        self.take_events();
        if let Some(interrupted) = self.interrupt.borrow().clone() {
            interrupted();
        }
        if stalled {
            self.stalled();
        }
        let now = match now {
            Some(now) => now,
            None if next.is_some() => self.nanos(),
            // Nobody waits for a time, and the loop was idle: the pace starts anew with the next busy look.
            None => self.pace.last_look(),
        };
        self.expire(now);
        self.pace.looked(now);
        Ok(())
    }

    fn sleep_until(&self, when: Duration) -> Result<()> {
        if self.clock.jumps() {
            // Time that is about to jump must not overtake what has happened already.
            self.driver.wait(Some(Duration::ZERO))?;
            if self.driver.found_any() || !self.shared.inbox.is_empty() {
                return Ok(());
            }
            if !self.may_jump(when)? {
                return Ok(());
            }
            let timeout = self.clock.wait_until(when);
            return if timeout.is_zero() { Ok(()) } else { self.sleep(Some(timeout)) };
        }
        self.sleep(Some(self.clock.wait_until(when)))
    }

    pub(super) fn sleep(&self, timeout: Option<Duration>) -> Result<()> {
        ready::shrink(&self.ready);
        self.batch.set(0);
        if !self.shared.inbox.park() {
            return Ok(self.driver.wait(Some(Duration::ZERO))?);
        }
        let result = self.driver.wait(timeout.map(|timeout| timeout.min(MAXIMUM_SELECT_TIMEOUT)));
        self.shared.inbox.unpark();
        Ok(result?)
    }

    #[inline(always)]
    pub(super) fn take_inbox(&self) {
        if !self.shared.inbox.is_empty() {
            self.deliver_all();
        }
    }

    #[cold]
    fn deliver_all(&self) {
        for posted in self.shared.inbox.take_all() {
            figures::add(&self.figures.calls, 1);
            self.deliver(posted);
        }
    }

    fn take_events(&self) {
        let reports = self.sources.report_all(&self.driver, |source| self.ready.push(Ready::Source(source)));
        figures::add(&self.figures.events, reports);
    }

    /// Moves what is due to the end of the ready queue, earliest first.
    fn expire(&self, now: u64) {
        loop {
            // Not held while waking: a foreign waker may do anything.
            let due = self.timers.borrow_mut().pop_due(now);
            figures::add(&self.figures.timers_fired, u64::from(due.is_some()));
            match due {
                Some(TimerAction::Call(call)) => self.push(Ready::Call(call)),
                Some(TimerAction::Wake(waker)) => waker.wake(),
                None => break,
            }
        }
    }

    /// Runs as many as are due now. What they schedule stands behind them and waits for the next batch; if something
    /// unwinds through here, what is left stays in the queue.
    #[inline]
    fn run_batch(self: &Rc<Self>, due: usize) {
        self.pace.ran(due);
        self.figures.batch(due);
        self.batch.set(due);
        if self.shuffle.is_on() {
            ready::shuffle_steps(&self.ready, due, |end| self.shuffle.below(end));
        }
        if self.closely.get() {
            return self.run_closely(due);
        }
        for _ in 0..due {
            let Some(ready) = self.ready.pop() else { break };
            self.run(ready);
        }
        if !self.ends.is_empty() {
            self.end_batch();
        }
    }

    /// The same, where somebody wants to know of each that has run: debug mode, a histogram, a watchdog.
    #[cold]
    fn run_closely(self: &Rc<Self>, due: usize) {
        self.figures.busy.store(1, Ordering::Relaxed);
        // Where one ends the next begins: one look at the clock each.
        let mut began = if self.histogram.get() { self.nanos() } else { 0 };
        for _ in 0..due {
            let Some(ready) = self.ready.pop() else { break };
            if self.debug.get() {
                self.run_timed(ready);
            } else {
                self.run(ready);
                if self.histogram.get() {
                    let ended = self.nanos();
                    self.figures.took(ended.saturating_sub(began));
                    began = ended;
                }
            }
            figures::add(&self.figures.finished, 1);
        }
        self.figures.busy.store(0, Ordering::Relaxed);
        if !self.ends.is_empty() {
            self.end_batch();
        }
    }

    #[inline(always)]
    pub(super) fn run(self: &Rc<Self>, ready: Ready) {
        match ready {
            Ready::Step(step) => step.run(),
            Ready::Call(call) => {
                figures::add(&self.figures.others, 1);
                if let Err(panic) = call.invoke() {
                    self.callback_failed(call, panic);
                }
            }
            Ready::Source(source) => {
                figures::add(&self.figures.others, 1);
                self.expect_prompt();
                if let Err(panic) = catch(|| source.run()) {
                    self.source_failed(panic);
                }
                self.run_prompt();
            }
        }
    }

    /// Debug mode: the same, with a look at the clock.
    fn run_timed(self: &Rc<Self>, ready: Ready) {
        let description = match &ready {
            Ready::Step(step) => step.describe(),
            Ready::Call(call) => format!("{:?}", Handle::of(call.clone())),
            Ready::Source(source) => source.describe(),
        };
        let location = match &ready {
            Ready::Step(step) => Some(step.location()),
            Ready::Call(call) => Some(call.location()),
            Ready::Source(_) => None,
        };
        let is_source = matches!(ready, Ready::Source(_));
        let began = self.clock.now();
        self.running.set(location);
        self.run(ready);
        let took = self.clock.now().saturating_sub(began);
        self.figures.took(nanos(took));
        if took >= self.slow_callback_duration.get() {
            crate::log::warning(format_args!(
                "ASY0002: Executing {description} took {:.3} seconds",
                took.as_secs_f64()
            ));
        }
        if is_source {
            if let Some(prompt) = self.take_prompt() {
                figures::add(&self.figures.callbacks, 1);
                self.run_timed(prompt);
            }
        }
    }

    /// Asks the kernel before the next batch, whatever is ready.
    pub(crate) fn ask_at_once(&self) {
        self.pace.look_at_once();
    }

    /// What the order of ready tasks began with, if it is a random one.
    pub(crate) fn seed(&self) -> Option<u64> {
        self.shuffle.seed()
    }

    /// One more waits for the loop to be idle, or one less.
    pub(crate) fn count_idlers(&self, change: isize) {
        self.idlers.set(self.idlers.get().saturating_add_signed(change));
    }

    /// Whether nobody runs in this batch, waits for the next or is held by somebody, but those who wait for just that.
    pub(crate) fn is_idle(&self) -> bool {
        let idlers = self.idlers.get();
        let queued = self.ready.len();
        self.batch.get() <= idlers && queued < idlers && self.held.get() == 0 && self.shared.inbox.is_empty()
    }

    /// A step is due that somebody else will run: it does not stand in the ready queue.
    pub(crate) fn hold(&self) {
        self.held.set(self.held.get() + 1);
    }

    /// That step runs, or never will.
    pub(crate) fn unhold(&self) {
        self.held.set(self.held.get().saturating_sub(1));
    }

    /// How many timers and watched descriptors there are.
    pub(crate) fn holdings(&self) -> (usize, usize) {
        (self.timers.borrow().len(), self.sources.len())
    }

    pub(crate) fn nanos(&self) -> u64 {
        nanos(self.clock.now())
    }
}

/// Nanoseconds in a word: five centuries, which is further than any deadline.
pub(super) fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
