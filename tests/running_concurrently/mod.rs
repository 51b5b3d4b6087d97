//! Several things at once: gather, wait, as_completed, staggered races, select.

mod gather;
mod select;
