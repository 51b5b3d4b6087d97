//! Subprocesses: started by the loop, talked to through pipes, and reaped when they end.
//!
//! ```text
//!   create_subprocess_exec ──▶ Process ── stdin: StreamWriter, stdout, stderr: StreamReader ──┐
//!                                │ streams                                                    │
//!   loop.subprocess_exec ──▶ SubprocessTransport ── pipe transports 0, 1, 2 ◀─────────────────┘
//!          ▲                     │
//!          └─ SubprocessProtocol ◀── Running ◀── a descriptor that is readable once the child has ended
//! ```
//!
//! - `connection_made` comes first, `connection_lost` last: after the child's exit and the end of all its pipes.
//! - `pipe_data_received` of a pipe comes before its `pipe_connection_lost`; `process_exited` may come before, after or
//!   between. Each of the latter two comes once.
//! - No thread, and no `waitpid` of other people's children: the loop watches each child by a descriptor of its own. So
//!   every loop in every thread can start children, whoever handles SIGCHLD.
//! - A child is reaped by the loop as soon as it ends, whoever has forgotten it by then. One that still runs when the loop
//!   is closed is killed, as Python's transports do when they are collected.

mod child;
mod communicate;
mod create;
mod exec;
mod options;
mod pipe_end;
mod process;
mod protocol;
mod start;
mod stdio;
mod streams;
mod transport;
mod tree;
mod wait;

pub use crate::sys::PreExec;
pub use communicate::{Communicate, Communicating};
pub use create::{CreateSubprocess, Exec, Shell};
pub use exec::{create_subprocess_exec, create_subprocess_shell};
pub use process::Process;
pub use protocol::SubprocessProtocol;
pub use stdio::Stdio;
pub use transport::SubprocessTransport;
pub use tree::TerminateTree;
pub use wait::WaitProcess;

/// A new pipe to the child. Python: `asyncio.subprocess.PIPE`.
pub const PIPE: Stdio = Stdio::PIPE;
/// For `stderr`: wherever `stdout` goes. Python: `asyncio.subprocess.STDOUT`.
pub const STDOUT: Stdio = Stdio::STDOUT;
/// `/dev/null`. Python: `asyncio.subprocess.DEVNULL`.
pub const DEVNULL: Stdio = Stdio::DEVNULL;
/// The same as this program's own. Python: `None`.
pub const INHERIT: Stdio = Stdio::INHERIT;
