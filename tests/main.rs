//! The chapters of asyncio's documentation, as tests in the public API. This is their table of contents.

mod coroutines_and_tasks;
mod event_loop;
mod running_concurrently;
mod scopes;
mod support;
mod task_groups;
mod testing;
mod threads;
mod transports_and_protocols;
