//! Waiting: for time, for a deadline on something else, and behind a shield.

mod as_completed;
mod catch;
mod children;
mod cleanup;
mod gather;
mod gathered;
mod return_when;
mod shield;
mod sleep;
mod staggered;
mod wait_for;

pub use as_completed::{AsCompleted, Next, as_completed};
pub use catch::{CatchCancelled, catch_cancelled};
pub(crate) use children::Children;
pub use cleanup::{Guarded, Outcome, guarded, with_cleanup};
pub(crate) use gather::child_at;
pub use gather::{Gather, GatherResults, gather};
pub use gathered::Gathered;
pub use return_when::{ReturnWhen, Wait, wait};
pub use shield::{Shield, shield};
pub use sleep::{Sleep, sleep};
pub use staggered::{StaggeredRace, staggered_race};
pub use wait_for::wait_for;
