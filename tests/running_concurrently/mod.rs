//! Several things at once: gather, wait, as_completed, staggered races, select.

mod as_completed;
mod gather;
mod kept;
mod late_failures;
mod requests;
mod select;
mod staggered;
mod three_moments;
mod wait;
