//! What tests of asynchronous programs need: time that does not pass by itself.
//!
//! [`#[asyncio::test(virtual_time)]`](macro@crate::test) gives a test a loop on a [`VirtualClock`].

mod virtual_clock;

pub use virtual_clock::VirtualClock;
