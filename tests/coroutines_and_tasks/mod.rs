//! Coroutines and tasks: <https://docs.python.org/3/library/asyncio-task.html>

#[cfg(feature = "anyhow")]
mod anyhow;
mod cancelling;
mod catch_cancelled;
mod cleanup;
mod closing;
mod contexts;
mod creating;
mod eager;
mod factories;
mod foreign_futures;
mod introspection;
mod lost_failures;
mod panics;
mod relay;
mod shield;
mod sleep;
mod swallowing;
mod two_panics;
mod uncancelling;
mod wait_for;
mod wakers;
