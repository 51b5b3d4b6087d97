//! Functions in other processes: for what computes for long, and for what may crash.
//!
//! | asyncio | file |
//! |---|---|
//! | `ProcessPoolExecutor` | `pool.rs`; `shared.rs` has what its handles share |
//! | `#[asyncio::remote]` | `function.rs`; a call of one in `call.rs`, its bytes in `pack.rs` |
//! | which function a name means | `registry.rs` |
//! | the thread that minds the workers, and a worker as it sees it | `manager.rs`, `child.rs`, `exchange.rs`, `last_lines.rs` |
//! | the worker's own side, and how it comes there | `worker.rs`, `entry.rs` |
//! | what goes between the two | `frame.rs` |
//!
//! ```text
//!   thumb.on(&pool)(…) ── job ──▶ shared queue ──▶ manager (a thread, an event loop) ══ socket ══ worker 1
//!        ▲                                              │   one call at a time each   ══ socket ══ worker 2
//!        └──────────────── future ◀── answer ───────────┘
//! ```
//!
//! A worker never has more than one call, so a worker that dies takes no other call with it, and each call is answered
//! once: by the answer, or by the worker's end.

mod call;
mod child;
mod entry;
mod exchange;
mod frame;
mod function;
mod last_lines;
mod manager;
mod pack;
mod pool;
mod registry;
mod shared;
mod worker;

pub use call::{RemoteCall, RemoteFuture, answer};
pub use entry::serve_if_worker;
pub(crate) use entry::serve_if_worker_in_test;
pub use function::{Remote, RemoteFunction, remote_deadline};
pub use pack::{Packer, Travels, Unpacker};
pub use pool::{ProcessPoolExecutor, ProcessPoolExecutorBuilder};
pub use registry::Entry;
