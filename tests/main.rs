//! The chapters of asyncio's documentation, as tests in the public API. This is their table of contents.

mod coroutines_and_tasks;
mod event_loop;
mod queues;
mod running_concurrently;
mod scopes;
mod support;
mod synchronization;
mod task_groups;
mod transports_and_protocols;
