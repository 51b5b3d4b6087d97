//! Waiting: for time, for a deadline on something else, and behind a shield.

mod catch;
mod cleanup;
mod shield;
mod sleep;
mod wait_for;

pub use catch::{CatchCancelled, catch_cancelled};
pub use cleanup::{Guarded, Outcome, guarded, with_cleanup};
pub use shield::{Shield, shield};
pub use sleep::{Sleep, sleep};
pub use wait_for::wait_for;
