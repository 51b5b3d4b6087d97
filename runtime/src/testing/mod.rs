//! What tests of asynchronous programs need: time that does not pass by itself, an order that is chosen by a seed, a look
//! at what is left.
//!
//! [`#[asyncio::test]`](macro@crate::test) gives a test a loop of its own; with `virtual_time` on a [`VirtualClock`], with
//! `seeds = 100` once for each of a hundred orders in which ready tasks may run.

mod harness;
mod leaks;
mod memory;
mod probe;
mod static_resolver;
mod virtual_clock;

pub use leaks::assert_no_leaks;
pub use memory::{Chunks, MemoryPeer, MemoryTransports};
pub use probe::{UntilIdle, seed, until_idle};
pub use static_resolver::StaticResolver;
pub use virtual_clock::VirtualClock;

#[doc(hidden)]
pub use harness::{TestOptions, run_seeds, run_test};
