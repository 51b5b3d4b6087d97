//! What `start_server` calls for a new client, and the task that comes of it.

use std::future::Future;
use std::panic::Location;
use std::rc::Rc;

use super::reader::StreamReader;
use super::shared::Shared;
use super::writer::{StreamWriter, report_unclosed};
use crate::event_loop::{ExceptionContext, Inner, current_inner};
use crate::exceptions::Error;
use crate::task::{AnyTask, TaskOptions, TaskOutput, spawn_on};
use crate::transports::Transport;

/// Who is called for each client.
pub(super) trait Serve {
    fn serve(&self, reader: StreamReader, writer: StreamWriter);
}

/// The callback, and where the server was started.
pub(super) struct Callback<F> {
    function: Rc<F>,
    location: &'static Location<'static>,
}

impl<F> Callback<F> {
    pub(super) fn new(function: F, location: &'static Location<'static>) -> Self {
        Self { function: Rc::new(function), location }
    }
}

impl<F, R> Serve for Callback<F>
where
    F: AsyncFn(StreamReader, StreamWriter) -> R + 'static,
    R: TaskOutput + 'static,
{
    fn serve(&self, reader: StreamReader, writer: StreamWriter) {
        let client =
            Client { shared: writer.shared().clone(), transport: writer.transport().clone(), location: self.location };
        // The future may borrow what the closure has captured.
        let function = self.function.clone();
        client.spawn(async move { function(reader, writer).await });
    }
}

/// A client that has connected.
struct Client {
    shared: Rc<Shared>,
    transport: Transport,
    location: &'static Location<'static>,
}

impl Client {
    /// The task is known by the peer's address.
    fn spawn<F>(self, future: F)
    where
        F: Future<Output: TaskOutput> + 'static,
    {
        let name = match self.transport.peername() {
            Some(peer) => Some(format!("client {peer}")),
            None => self.transport.unix_sockname().map(|server| format!("client of {server}")),
        };
        let options = TaskOptions { name, ..TaskOptions::default() };
        let location = self.location;
        let spawned = inner().map(|inner| spawn_on(&inner, future, options, location));
        match spawned {
            Some(Ok(task)) => {
                self.shared.outgoing.served.set(true);
                task.as_any().add_done_callback(move |task| self.ended(task));
            }
            Some(Err(error)) => self.failed(error, None),
            // Protocols are called by a running loop.
            None => self.transport.close(),
        }
    }

    /// The client's task has ended, and with it the two sides, unless it gave them away.
    fn ended(self, task: &AnyTask) {
        self.shared.outgoing.served.set(false);
        if task.cancelled() {
            self.transport.close();
            return;
        }
        match task.exception() {
            Ok(Some(error)) => self.failed(error, Some(task)),
            _ if self.shared.outgoing.dropped_open.get() => report_unclosed(&self.transport),
            _ => {}
        }
    }

    fn failed(&self, error: Error, task: Option<&AnyTask>) {
        let mut report = ExceptionContext::new("Unhandled exception in client_connected_cb")
            .code("ASY0015")
            .exception(error)
            .source(self.location)
            .with("transport", self.transport.clone());
        if let Some(peer) = self.transport.peername() {
            report = report.with("peername", peer);
        }
        if let Some(task) = task {
            report = report.with("task", task.clone());
        }
        if let Some(inner) = inner() {
            inner.call_exception_handler(report);
        }
        self.transport.close();
    }
}

fn inner() -> Option<Rc<Inner>> {
    current_inner(|inner| inner.cloned())
}
