//! A job that leaves the process: which function, with which bytes, and who may answer it.
//!
//! A [`RemoteJob`] is what an engine keeps: a pool of processes here, a cluster elsewhere. Whoever works on it holds a
//! [`Lease`], the right to answer; a later lease takes the right away from an earlier one. So a worker that was given up
//! and answers after all does no harm, and the caller gets one answer, whatever happens.

use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::job::{Answer, Errand, Job, Work};
use super::parcel::Parcel;
use crate::exceptions::{Error, Result, catch};
use crate::future::ConcurrentFuture;

/// Which function a call means: its path, and a number that stands for the types of its arguments and result.
///
/// Two builds of a program agree on it as long as the function keeps its place and its signature.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FunctionId {
    name: Cow<'static, str>,
    signature: u64,
}

impl FunctionId {
    /// What [`name`](Self::name) and [`signature`](Self::signature) of another one are.
    pub fn new(name: impl Into<Cow<'static, str>>, signature: u64) -> Self {
        Self { name: name.into(), signature }
    }

    /// The function's path: `program::images::thumb`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The number of its signature.
    pub fn signature(&self) -> u64 {
        self.signature
    }
}

impl fmt::Display for FunctionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// A call with its arguments, before it is known where it will run.
pub(crate) trait Invocation<T>: Send {
    /// Calls the function here.
    fn run(self: Box<Self>) -> Result<T>;

    /// Turns the arguments into bytes.
    fn pack(self: Box<Self>) -> Result<Parcel>;
}

/// Reads an answer.
pub(crate) type Unpack<T> = fn(Parcel) -> Result<T>;

/// The job of a call, and the future of its result.
pub(crate) fn remote_job<T: Send + 'static>(
    function: FunctionId,
    invocation: Box<dyn Invocation<T>>,
    unpack: Unpack<T>,
    errand: Errand,
) -> (Job, ConcurrentFuture<T>) {
    let future = ConcurrentFuture::new();
    let work = RemoteWork { function, invocation, unpack, answer: Answer(future.clone()) };
    (Job::new(Box::new(work), errand.into_origin()), future)
}

struct RemoteWork<T: Send + 'static> {
    function: FunctionId,
    invocation: Box<dyn Invocation<T>>,
    unpack: Unpack<T>,
    answer: Answer<T>,
}

impl<T: Send + 'static> Work for RemoteWork<T> {
    fn run(self: Box<Self>) {
        let Self { invocation, answer, .. } = *self;
        if matches!(answer.0.set_running_or_notify_cancel(), Ok(true)) {
            answer.give(catch(|| invocation.run()).unwrap_or_else(|panic| Err(panic.into())));
        }
    }

    fn fail(self: Box<Self>, error: Error) {
        let Self { answer, .. } = *self;
        answer.give(Err(error));
    }

    fn into_remote(self: Box<Self>) -> Result<RemoteJob, Box<dyn Work + Send>> {
        let Self { function, invocation, unpack, answer } = *self;
        let answering = Typed { unpack, answer };
        let state = DeskState { lease: 0, answering: Some(Box::new(answering)) };
        let arguments = Arguments::Unpacked(Box::new(|| invocation.pack()));
        Ok(RemoteJob { function, arguments, desk: Arc::new(Desk(Mutex::new(state))) })
    }
}

/// A call for another process, as an [`Executor`](crate::Executor) that has one gets it from
/// [`Job::into_remote`](crate::Job::into_remote).
///
/// The one that holds it [leases](Self::lease) it to a worker, sends function and arguments there, and gives the answer
/// to the lease. When the worker is lost, the job can be leased to another one. Dropped without an answer it is
/// cancelled; if somebody has worked on it, it fails with `BrokenProcessPool`.
///
/// # Examples
///
/// An executor that calls the function in this process, but by bytes as another one would:
///
/// ```
/// use asyncio::{Executor, Job};
///
/// struct ByBytes;
///
/// impl Executor for ByBytes {
///     fn execute(&self, job: Job) -> asyncio::Result<()> {
///         let mut job = job.into_remote().map_err(|_| asyncio::Error::value_error("calls of remote functions only"))?;
///         let Some(lease) = job.lease() else { return Ok(()) }; // cancelled meanwhile
///         let function = job.function().clone();
///         let bytes = job.arguments()?.to_bytes();
///         std::thread::spawn(move || {
///             let answer = asyncio::Parcel::from_bytes(&bytes).map(|arguments| function.call(arguments));
///             match answer {
///                 Ok(answer) => lease.answer(answer),
///                 Err(error) => lease.fail(error),
///             }
///         });
///         Ok(())
///     }
/// }
///
/// #[asyncio::remote]
/// fn double(number: u32) -> asyncio::Result<u32> {
///     Ok(number * 2)
/// }
///
/// # fn main() -> asyncio::Result<()> {
/// assert_eq!(ByBytes.submit(double.call(21))?.result(None)?, 42);
/// # Ok(())
/// # }
/// ```
pub struct RemoteJob {
    function: FunctionId,
    arguments: Arguments,
    desk: Arc<Desk>,
}

enum Arguments {
    Unpacked(Box<dyn FnOnce() -> Result<Parcel> + Send>),
    Packed(Parcel),
    Failed(Error),
}

impl RemoteJob {
    /// The function that is called.
    pub fn function(&self) -> &FunctionId {
        &self.function
    }

    /// The arguments as bytes, made at the first call of this; with the context variables and the deadline that go along.
    ///
    /// # Errors
    ///
    /// What the `Serialize` of an argument fails with.
    pub fn arguments(&mut self) -> Result<&Parcel> {
        if let Arguments::Unpacked(_) = self.arguments {
            let gone = Arguments::Failed(Error::runtime_error("the arguments were packed before, and that failed"));
            if let Arguments::Unpacked(pack) = std::mem::replace(&mut self.arguments, gone) {
                let packed = catch(pack).unwrap_or_else(|panic| Err(panic.into()));
                self.arguments = packed.map_or_else(Arguments::Failed, Arguments::Packed);
            }
        }
        match &self.arguments {
            Arguments::Packed(parcel) => Ok(parcel),
            Arguments::Failed(error) => Err(error.clone()),
            Arguments::Unpacked(_) => unreachable!("they were packed above"),
        }
    }

    /// The right to answer, which a former lease loses. `None`: the call was cancelled or is answered.
    pub fn lease(&self) -> Option<Lease> {
        let mut state = self.desk.lock();
        if !state.answering.as_ref().is_some_and(|answering| answering.begin()) {
            return None;
        }
        state.lease += 1;
        Some(Lease { number: state.lease, desk: self.desk.clone() })
    }

    /// Calls `f` when the call is cancelled, on the thread that does so; at once if it was, never if it is answered.
    pub fn when_cancelled(&self, f: impl FnOnce() + Send + 'static) {
        let subscribe = self.desk.lock().answering.as_ref().map(|answering| answering.cancels());
        if let Some(subscribe) = subscribe {
            subscribe(Box::new(f));
        }
    }
}

impl fmt::Debug for RemoteJob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteJob").field("function", &self.function).finish_non_exhaustive()
    }
}

/// The right to answer a call, once.
///
/// Dropping it answers nothing; see [`RemoteJob`].
#[must_use = "the caller waits for the answer"]
pub struct Lease {
    number: u64,
    desk: Arc<Desk>,
}

impl Lease {
    /// Gives what [`FunctionId::call`] gave, the function's failure included. False: a later lease has the right now, or
    /// the call was cancelled.
    pub fn answer(self, answer: Parcel) -> bool {
        self.give(Ok(answer))
    }

    /// Says that there will be no answer, and why. False as in [`answer`](Self::answer).
    pub fn fail(self, error: Error) -> bool {
        self.give(Err(error))
    }

    fn give(self, outcome: Result<Parcel>) -> bool {
        let mut state = self.desk.lock();
        if state.lease != self.number {
            return false;
        }
        let answering = state.answering.take();
        // Reading the answer and waking whoever waits run code of the user's.
        drop(state);
        answering.is_some_and(|answering| answering.give(outcome))
    }
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lease").field("number", &self.number).finish_non_exhaustive()
    }
}

/// Where a call is answered.
struct Desk(Mutex<DeskState>);

struct DeskState {
    /// The lease that counts; the first one is 1.
    lease: u64,
    /// Until it is answered.
    answering: Option<Box<dyn Answering>>,
}

impl Desk {
    fn lock(&self) -> MutexGuard<'_, DeskState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        let state = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let (Some(answering), true) = (state.answering.take(), state.lease > 0) {
            answering
                .give(Err(Error::broken_process_pool("the executor lost the call: it dropped the lease unanswered")));
        }
    }
}

/// Calls the function once the call is cancelled.
type Subscribe = Box<dyn FnOnce(Box<dyn FnOnce() + Send>)>;

/// The caller's side, whatever the type of the result.
trait Answering: Send {
    fn begin(&self) -> bool;
    fn cancels(&self) -> Subscribe;
    fn give(self: Box<Self>, outcome: Result<Parcel>) -> bool;
}

struct Typed<T: Send + 'static> {
    unpack: Unpack<T>,
    answer: Answer<T>,
}

impl<T: Send + 'static> Answering for Typed<T> {
    fn begin(&self) -> bool {
        self.answer.0.begin_elsewhere()
    }

    fn cancels(&self) -> Subscribe {
        let future = self.answer.0.clone();
        Box::new(move |f| {
            future.when_done(move |future| {
                if future.cancelled() {
                    f();
                }
            });
        })
    }

    fn give(self: Box<Self>, outcome: Result<Parcel>) -> bool {
        let Self { unpack, answer } = *self;
        if answer.0.done() {
            return false;
        }
        let outcome = outcome.and_then(|parcel| catch(|| unpack(parcel)).unwrap_or_else(|panic| Err(panic.into())));
        answer.give(outcome)
    }
}
