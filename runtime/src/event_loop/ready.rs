//! What is due: steps of tasks, callbacks, and sources that have something to report.

use std::rc::Rc;

use super::Source;
use crate::handle::{Call, Runnable};
use crate::sys::Ring;

/// One thing that is due.
pub(crate) enum Ready {
    Step(Runnable),
    Call(Rc<dyn Call>),
    Source(Rc<dyn Source>),
}

/// A burst of more than this does not keep its room while the loop sleeps.
const KEPT_CAPACITY: usize = 4096;

/// What is due, oldest first.
pub(super) type ReadyQueue = Ring<Ready>;

/// Changes the order of the steps among the first `count`; all else keeps its place. `below` draws a number.
pub(super) fn shuffle_steps(queue: &ReadyQueue, count: usize, below: impl Fn(usize) -> usize) {
    let mut all: Vec<Ready> = std::iter::from_fn(|| queue.pop()).collect();
    let steps: Vec<usize> = (0..count.min(all.len())).filter(|place| matches!(all[*place], Ready::Step(_))).collect();
    for last in (1..steps.len()).rev() {
        all.swap(steps[last], steps[below(last + 1)]);
    }
    all.into_iter().for_each(|ready| queue.push(ready));
}

/// Gives back the room of a burst that is over. For when the loop is about to sleep.
pub(super) fn shrink(queue: &ReadyQueue) {
    if queue.capacity() > KEPT_CAPACITY {
        queue.release();
    }
}
