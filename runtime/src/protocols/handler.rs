//! `async fn` handlers: each call becomes a task, and the connection waits for it.
//!
//! The task borrows the protocol from its first step to its end, so that a handler has `&mut self` across its awaits.
//! Whatever falls due for the protocol meanwhile waits for the end of the task: the transport is held. If it has written
//! more than the peer reads, above the high limit, nothing more is received until the low limit is reached: the peer gets
//! no answers that it does not take, and the program does not pile them up.

use std::any::type_name;

use super::ProtocolHandle;
use super::bound::in_use;
use crate::exceptions::{Error, Result};
use crate::task::{AnyTask, Task};
use crate::transports::{ExtraInfo, Transport};

/// What has become of a callback that an `async fn` may handle.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Started {
    /// None does.
    Not,
    /// It has run to its end already.
    Done,
    /// It runs, and the transport is held; or what it has written waits for the peer to read. Nothing more is to be
    /// handed over now.
    Running,
}

/// Runs a handler of `P` as a task. Its first step is made at once, so that one that awaits nothing costs no tick.
///
/// # Errors
///
/// The handler's own, if it has failed already.
pub fn start<P, F>(transport: &Transport, callback: &'static str, handler: F) -> Result<Started>
where
    P: 'static,
    F: AsyncFnOnce(&mut P, &Transport) -> Result<()> + 'static,
{
    let endpoint = transport.endpoint();
    let Some(handle) = endpoint.and_then(ProtocolHandle::<P>::of) else { return Err(not_here::<P>(callback)) };
    let connection = transport.clone();
    let body = async move { handle.run(&connection, handler).await };
    let task = Task::builder().name(name::<P>(transport, callback)).eager_start(true).create_task(body)?;
    // The handler may have put TLS between.
    let transport = transport.outermost();
    if task.cancelled() {
        transport.close();
        return Ok(Started::Done);
    }
    if task.done() {
        let started = if transport.stop_until_room() { Started::Running } else { Started::Done };
        return task.into_result().map(|()| started);
    }
    transport.set_held(true);
    task.add_done_callback(move |task| ended(&transport.outermost(), callback, task));
    Ok(Started::Running)
}

impl<P: 'static> ProtocolHandle<P> {
    #[expect(clippy::await_holding_refcell_ref, reason = "nobody else is to have the protocol meanwhile")]
    async fn run(
        self,
        transport: &Transport,
        handler: impl AsyncFnOnce(&mut P, &Transport) -> Result<()>,
    ) -> Result<()> {
        let Ok(mut protocol) = self.cell().try_borrow_mut() else { return Err(in_use::<P>()) };
        handler(&mut protocol, transport).await
    }
}

/// `Chat.line_received of 127.0.0.1:50000`
fn name<P>(transport: &Transport, callback: &str) -> String {
    let path = type_name::<P>();
    let head = path.split('<').next().unwrap_or(path);
    let short = head.rsplit("::").next().unwrap_or(head);
    match transport.get_extra_info("peername") {
        Some(ExtraInfo::Address(peer)) => format!("{short}.{callback} of {peer}"),
        Some(ExtraInfo::UnixAddress(peer)) => format!("{short}.{callback} of {peer}"),
        _ => format!("{short}.{callback}"),
    }
}

fn ended(transport: &Transport, callback: &'static str, task: &AnyTask) {
    match task.exception() {
        Ok(None) => {}
        Ok(Some(error)) => {
            let (message, fatal) = failure(callback);
            transport.callback_failed(message, error, fatal);
        }
        // By whom ever: what came in was not handled, and nothing can be that comes after it.
        Err(_) => transport.close(),
    }
    transport.stop_until_room();
    transport.set_held(false);
}

/// How the failure of a callback is reported, and whether it ends the connection.
fn failure(callback: &str) -> (&'static str, bool) {
    match callback {
        "connection_made" => ("protocol.connection_made() call failed", false),
        "eof_received" => ("Fatal error: protocol.eof_received() call failed.", true),
        "line_received" => ("Fatal error: protocol.line_received() call failed.", true),
        "frame_received" => ("Fatal error: protocol.frame_received() call failed.", true),
        "buffer_updated" => ("Fatal error: protocol.buffer_updated() call failed.", true),
        _ => ("Fatal error: protocol.data_received() call failed.", true),
    }
}

/// An async handler cannot be called like a method, by a protocol around it for example.
#[cold]
pub fn not_here<P>(callback: &str) -> Error {
    let protocol = type_name::<P>();
    Error::runtime_error(format!(
        "{callback} of {protocol} is an async fn, which the connection itself starts; no other protocol can call it: \
         make {protocol} the connection's own protocol, or {callback} a plain fn"
    ))
}
