//! Coroutines and tasks: <https://docs.python.org/3/library/asyncio-task.html>

mod cancelling;
mod catch_cancelled;
mod cleanup;
mod contexts;
mod creating;
mod eager;
mod factories;
mod introspection;
mod relay;
mod shield;
mod sleep;
mod swallowing;
mod uncancelling;
mod wait_for;
