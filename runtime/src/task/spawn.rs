//! The spawn traits of the futures crates, so that code written against them can start tasks here.

use std::panic::Location;

use futures_task::{FutureObj, LocalFutureObj, LocalSpawn, Spawn, SpawnError};

use super::create::{TaskOptions, spawn_on};
use crate::event_loop::{EventLoop, LoopHandle, current_inner};

impl LocalSpawn for EventLoop {
    #[track_caller]
    fn spawn_local_obj(&self, future: LocalFutureObj<'static, ()>) -> Result<(), SpawnError> {
        match spawn_on(self.inner(), future, TaskOptions::default(), Location::caller()) {
            Ok(task) => {
                drop(task);
                Ok(())
            }
            Err(_) => Err(SpawnError::shutdown()),
        }
    }

    fn status_local(&self) -> Result<(), SpawnError> {
        if self.is_closed() { Err(SpawnError::shutdown()) } else { Ok(()) }
    }
}

impl Spawn for LoopHandle {
    /// Starts a task from any thread; a loop that is closed before it gets there drops the future.
    #[track_caller]
    fn spawn_obj(&self, future: FutureObj<'static, ()>) -> Result<(), SpawnError> {
        let location = Location::caller();
        let spawn = move || {
            current_inner(|inner| {
                let inner = inner.expect("a callback runs on its running loop");
                // The loop runs, so it is not closed.
                drop(spawn_on(inner, future, TaskOptions::default(), location));
            });
        };
        self.call_soon_threadsafe(spawn).map_err(|_| SpawnError::shutdown())
    }

    fn status(&self) -> Result<(), SpawnError> {
        if self.is_closed() { Err(SpawnError::shutdown()) } else { Ok(()) }
    }
}
