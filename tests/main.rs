//! The chapters of asyncio's documentation, as tests in the public API. This is their table of contents.

mod call_graph;
mod context_vars;
mod coroutines_and_tasks;
mod deadlocks;
mod debug_mode;
mod event_loop;
mod futures;
mod queues;
mod runners;
mod running_concurrently;
mod scopes;
mod streams;
mod subprocesses;
mod support;
mod synchronization;
mod task_groups;
mod testing;
mod threads;
mod timeouts;
mod tls;
mod transports_and_protocols;
