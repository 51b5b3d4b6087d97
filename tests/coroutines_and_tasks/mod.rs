//! Coroutines and tasks: <https://docs.python.org/3/library/asyncio-task.html>

mod cancelling;
mod creating;
mod relay;
mod swallowing;
mod uncancelling;
