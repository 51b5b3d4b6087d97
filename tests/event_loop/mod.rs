//! The event loop: <https://docs.python.org/3/library/asyncio-eventloop.html>

mod abstract_loop;
mod accepting;
mod calls;
mod closing;
mod connections;
mod current_loop;
mod errors;
mod exception_handler;
#[cfg(target_os = "linux")]
mod happy_eyeballs;
mod listening;
#[cfg(unix)]
mod named_pipes;
mod other_protocols;
mod readers;
mod resolving;
mod running;
mod servers;
mod signals;
mod sockets;
mod threads;
mod tick;
mod timers;
mod unix_sockets;
mod until_complete;
