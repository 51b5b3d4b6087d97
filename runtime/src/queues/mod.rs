//! Queues between the tasks of one loop: first in first out, last in first out, lowest first.
//!
//! | what | file |
//! |---|---|
//! | `Queue`, and what its clones share | `queue.rs`, `state.rs` |
//! | what waits: `get()`, `put()`, `join()`, a stream | `get.rs`, `put.rs`, `join.rs`, `stream.rs` |
//! | in which order items come out | `storage.rs`, `kinds.rs` |

mod error;
mod get;
mod join;
mod kinds;
mod put;
mod queue;
mod state;
mod storage;
mod stream;

pub use error::PutError;
pub use get::Get;
pub use join::Join;
pub use kinds::{LifoQueue, PriorityQueue};
pub use put::Put;
pub use queue::Queue;
pub use storage::QueueStorage;
pub use stream::QueueStream;
