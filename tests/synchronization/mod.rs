//! The chapter *Synchronization primitives*.

mod barrier;
mod cancelled_at_every_tick;
mod condition;
mod condition_cancelled;
mod event;
mod lock;
mod loops;
mod semaphore;
mod waiters;
