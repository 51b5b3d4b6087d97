//! One call by one worker: what it was sent, what came back, and who hears of it.

use super::child::{Called, Obituary, Worker};
use crate::exceptions::Error;
use crate::executor::{Lease, RemoteJob};

/// How a call ended, for the worker.
pub(super) enum Left {
    /// It can go on.
    Whole(Worker),
    Gone,
    /// It was gone before it had the call, which another one can make.
    Unsent(RemoteJob, Obituary),
}

/// Has a worker make a call, and gives the answer, or the lack of one, to whoever waits.
pub(super) async fn exchange(mut worker: Worker, mut job: RemoteJob, lease: Lease) -> Left {
    let function = job.function().clone();
    let arguments = match job.arguments() {
        Ok(arguments) => arguments,
        Err(error) => {
            lease.fail(error);
            return Left::Whole(worker);
        }
    };
    match worker.call(&function, arguments).await {
        Called::Answered(answer) => {
            lease.answer(answer);
            Left::Whole(worker)
        }
        Called::Lost => {
            let obituary = worker.obituary().await;
            lease.fail(Error::broken_process_pool(format!("while it ran {function}, {obituary}")));
            Left::Gone
        }
        Called::NeverReached => {
            let obituary = worker.obituary().await;
            // It may be what was cancelled that has ended the worker.
            if job.lease().is_some() { Left::Unsent(job, obituary) } else { Left::Gone }
        }
    }
}
