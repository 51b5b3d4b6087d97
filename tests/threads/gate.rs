//! A door in a thread: a job says that it has come there, and waits until it may go on. No sleeps.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use asyncio::ConcurrentFuture;

/// The test's side. Dropping it opens the door.
pub(super) struct Gate {
    pub(super) arrived: ConcurrentFuture<()>,
    open: Sender<()>,
}

/// The job's side.
pub(super) struct Door {
    arrived: ConcurrentFuture<()>,
    open: Receiver<()>,
}

pub(super) fn gate() -> (Gate, Door) {
    let (sender, receiver) = channel();
    let arrived = ConcurrentFuture::new();
    (Gate { arrived: arrived.clone(), open: sender }, Door { arrived, open: receiver })
}

impl Gate {
    /// Waits, as a task, until the job is there.
    pub(super) async fn reached(&self) {
        asyncio::wrap_future(self.arrived.clone()).unwrap().await.unwrap();
    }

    /// Waits, as a thread, until the job is there.
    pub(super) fn reached_blocking(&self) {
        self.arrived.result(Duration::from_secs(20)).unwrap();
    }

    pub(super) fn open(self) {
        drop(self.open);
    }
}

impl Door {
    /// Says that the job is here, and waits. Half a minute is for ever here: a test that fails must end.
    pub(super) fn pass(self) {
        self.arrived.set_result(()).unwrap();
        let _ = self.open.recv_timeout(Duration::from_secs(30));
    }
}
