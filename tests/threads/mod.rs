//! Chapter "Running in threads": blocking functions off the loop, and coroutines for other threads.

mod asyncgens;
mod cancellation;
mod concurrent_futures;
mod counter;
mod gate;
mod pools;
mod run_coroutine_threadsafe;
mod run_in_executor;
mod shutdown;
mod spawn;
mod to_thread;
