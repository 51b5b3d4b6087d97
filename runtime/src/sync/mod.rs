//! Synchronisation between the tasks of one loop: locks, events, conditions, semaphores, barriers.
//!
//! All of them are clonable handles that stay on their thread, as a loop's tasks do: a clone is the same lock, so it
//! is moved into a task where Python would share a reference. None of them crosses threads; for that there is `std`.
//!
//! | what | file |
//! |---|---|
//! | who waits, in which order | `wait_queue.rs`, under all the others and under the queues |
//! | to which loop a thing belongs | `bound.rs` |
//! | `acquire()`, `hold()` and the guard | `acquire.rs` |
//! | the things themselves | `lock.rs`, `event.rs`, `condition/`, `semaphore.rs`, `bounded.rs`, `barrier.rs` |

mod acquire;
mod barrier;
mod bound;
mod bounded;
mod condition;
mod event;
mod lock;
mod semaphore;
mod wait_queue;

pub use acquire::{Acquirable, Acquire, Guard, Hold};
pub use barrier::{Barrier, BarrierWait};
pub use bounded::BoundedSemaphore;
pub use condition::{Condition, ConditionWait, Truth};
pub use event::{Event, EventWait};
pub use lock::Lock;
pub use semaphore::Semaphore;

pub(crate) use bound::Bound;
pub(crate) use wait_queue::{Place, WaitQueue};
