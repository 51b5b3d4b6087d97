//! A call of a remote function: what it takes along, how it runs here or becomes bytes, and the future of its result.

use std::cell::Cell;
use std::fmt;
use std::future::{Future, IntoFuture};
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use super::function::{Remote, Value, left};
use super::pack::{Packer, Travels, Unpacker};
use crate::context::Shipment;
use crate::event_loop::{EventLoop, current_inner};
use crate::exceptions::{Described, Error, Result, catch};
use crate::executor::{
    Errand, Executor, ExecutorFutureAwait, FunctionId, IntoJob, Invocation, Job, Parcel, remote_job, run_in_executor_at,
};
use crate::future::ConcurrentFuture;
use crate::task::TaskOutput;
use crate::timeouts::nearest;
use crate::trace::WaitsFor;

/// What goes along with the arguments: the caller's deadline, and its context variables that do so.
pub(super) struct Going {
    deadline: Option<Instant>,
    shipment: Shipment,
}

impl Going {
    /// That of the caller, now.
    pub(super) fn now() -> Self {
        let left = nearest().and_then(|when| {
            let now = current_inner(|inner| inner.map(|inner| inner.time()))?;
            Some(when.saturating_sub(now))
        });
        // A deadline beyond what the clock can count is none. One that came with a call goes on with the next.
        let own = left.and_then(|left| Instant::now().checked_add(left));
        let deadline = match (own, deadline()) {
            (Some(own), Some(outer)) => Some(own.min(outer)),
            (own, outer) => own.or(outer),
        };
        Self { deadline, shipment: Shipment::pack() }
    }

    fn pack(self, packer: &mut Packer) -> Result<()> {
        packer.push::<Option<Duration>>(self.deadline.map(left))?;
        packer.push(self.shipment)
    }

    fn unpack(unpacker: &mut Unpacker) -> Result<Self> {
        let left: Option<Duration> = unpacker.take()?;
        Ok(Self { deadline: left.and_then(|left| Instant::now().checked_add(left)), shipment: unpacker.take()? })
    }

    /// Calls `f` with this around it.
    fn around<R>(self, f: impl FnOnce() -> R) -> R {
        let _put_back = PutBack(DEADLINE.replace(self.deadline));
        self.shipment.unpack(f)
    }
}

thread_local! {
    static DEADLINE: Cell<Option<Instant>> = const { Cell::new(None) };
}

struct PutBack(Option<Instant>);

impl Drop for PutBack {
    fn drop(&mut self) {
        DEADLINE.set(self.0);
    }
}

/// The deadline of the call that runs on this thread.
pub(super) fn deadline() -> Option<Instant> {
    DEADLINE.get()
}

/// A call of a [remote function](crate::RemoteFunction), ready for an executor.
///
/// An executor that has no processes calls the function in a thread.
#[must_use = "a call is made by an executor: give it to submit() or run_in_executor()"]
pub struct RemoteCall<T: Send + 'static> {
    function: FunctionId,
    invocation: Box<dyn Invocation<T>>,
    unpack: fn(Parcel) -> Result<T>,
}

impl<T: Send + 'static> RemoteCall<T> {
    pub(super) fn new<F>(function: FunctionId, call: F, arguments: F::Arguments, going: Going) -> Self
    where
        F: Remote<Output: TaskOutput<Value = T>>,
        T: Travels,
    {
        Self { function, invocation: Box::new(Bound { call, arguments, going }), unpack: read_answer::<T> }
    }

    /// Turns the arguments into bytes.
    pub(super) fn pack(self) -> Result<(FunctionId, Parcel)> {
        Ok((self.function, self.invocation.pack()?))
    }
}

impl<T: Travels> RemoteCall<Vec<T>> {
    /// Several calls that one worker makes, one after the other; the first failure is that of all.
    pub(super) fn of_chunk<F>(function: FunctionId, call: F, items: Vec<F::Arguments>, going: Going) -> Self
    where
        F: Remote<Output: TaskOutput<Value = T>>,
    {
        Self { function, invocation: Box::new(Chunk { call, items, going }), unpack: read_answers::<T> }
    }
}

impl<T: Send + 'static> IntoJob for RemoteCall<T> {
    type Value = T;

    fn into_job(self, errand: Errand) -> (Job, ConcurrentFuture<T>) {
        remote_job(self.function, self.invocation, self.unpack, errand)
    }
}

impl<T: Send + 'static> fmt::Debug for RemoteCall<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteCall").field("function", &self.function).finish_non_exhaustive()
    }
}

/// One call with its arguments.
struct Bound<F: Remote> {
    call: F,
    arguments: F::Arguments,
    going: Going,
}

impl<F: Remote> Invocation<Value<F>> for Bound<F> {
    fn run(self: Box<Self>) -> Result<Value<F>> {
        let Self { call, arguments, going } = *self;
        going.around(|| call.apply(arguments).into_result())
    }

    fn pack(self: Box<Self>) -> Result<Parcel> {
        let mut packer = Packer::default();
        self.going.pack(&mut packer)?;
        packer.push::<Option<u64>>(None)?;
        F::pack(self.arguments, &mut packer)?;
        Ok(packer.finish())
    }
}

/// Several calls, one after the other.
struct Chunk<F: Remote> {
    call: F,
    items: Vec<F::Arguments>,
    going: Going,
}

impl<F: Remote> Invocation<Vec<Value<F>>> for Chunk<F> {
    fn run(self: Box<Self>) -> Result<Vec<Value<F>>> {
        let Self { call, items, going } = *self;
        going.around(|| items.into_iter().map(|arguments| call.apply(arguments).into_result()).collect())
    }

    fn pack(self: Box<Self>) -> Result<Parcel> {
        let mut packer = Packer::default();
        self.going.pack(&mut packer)?;
        packer.push(Some(self.items.len() as u64))?;
        self.items.into_iter().try_for_each(|arguments| F::pack(arguments, &mut packer))?;
        Ok(packer.finish())
    }
}

/// Calls a function with arguments that came as bytes. What happens is in the answer, a panic too.
pub fn answer<F: Remote>(function: F, arguments: Parcel) -> Parcel {
    let mut packer = Packer::default();
    match catch(|| called(function, arguments, &mut packer)).unwrap_or_else(|panic| Err(panic.into())) {
        Ok(()) => packer.finish(),
        Err(error) => failure(&error),
    }
}

fn called<F: Remote>(function: F, arguments: Parcel, packer: &mut Packer) -> Result<()> {
    let mut unpacker = Unpacker::new(arguments);
    let going = Going::unpack(&mut unpacker)?;
    let count: Option<u64> = unpacker.take()?;
    packer.push(SUCCESS)?;
    if let Some(count) = count {
        packer.push(count)?;
    }
    going.around(|| {
        for _ in 0..count.unwrap_or(1) {
            let arguments = F::unpack(&mut unpacker)?;
            packer.push(function.apply(arguments).into_result()?)?;
        }
        Ok(())
    })
}

/// What the first byte of an answer says.
const SUCCESS: u8 = 0;
const FAILURE: u8 = 1;

/// The answer that is an error.
pub(super) fn failure(error: &Error) -> Parcel {
    let mut packer = Packer::default();
    let described = packer.push(FAILURE).and_then(|()| packer.push(Described::from(error)));
    described.expect("numbers and texts always become bytes");
    packer.finish()
}

fn begin(parcel: Parcel) -> Result<Unpacker> {
    let mut unpacker = Unpacker::new(parcel);
    match unpacker.take::<u8>()? {
        SUCCESS => Ok(unpacker),
        FAILURE => Err(unpacker.take::<Described>()?.into()),
        _ => Err(Error::value_error("what came back is no answer of a remote function")),
    }
}

/// The result in an answer.
pub(super) fn read_answer<T: Travels>(parcel: Parcel) -> Result<T> {
    begin(parcel)?.take()
}

/// The results in the answer of a chunk, after their number.
fn read_answers<T: Travels>(parcel: Parcel) -> Result<Vec<T>> {
    let mut unpacker = begin(parcel)?;
    let count: u64 = unpacker.take()?;
    (0..count).map(|_| unpacker.take()).collect()
}

/// A call of a remote function that was made on an executor.
///
/// # Cancellation
///
/// Cancelling a task that waits here, or dropping this, cancels the call: one that has not begun never will, and a
/// [`ProcessPoolExecutor`](crate::ProcessPoolExecutor) kills the worker that runs it and starts another.
#[must_use = "dropping it cancels the call; await it"]
pub struct RemoteFuture<T: Send + 'static> {
    stage: Stage<T>,
}

enum Stage<T: Send + 'static> {
    Refused(Error),
    Waiting(ExecutorFutureAwait<T>),
    Done,
}

impl<T: Send + 'static> RemoteFuture<T> {
    pub(super) fn begin(executor: &dyn Executor, call: RemoteCall<T>, location: &'static Location<'static>) -> Self {
        let submit = |event_loop: &EventLoop| run_in_executor_at(event_loop, executor, call, location);
        let submitted = crate::event_loop::get_running_loop().and_then(|event_loop| submit(&event_loop));
        Self { stage: submitted.map_or_else(Stage::Refused, |future| Stage::Waiting(future.into_future())) }
    }
}

impl<T: Send + 'static> Future for RemoteFuture<T> {
    type Output = Result<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<T>> {
        let poll = match &mut self.stage {
            Stage::Waiting(waiting) => Pin::new(waiting).poll(cx),
            Stage::Refused(error) => Poll::Ready(Err(error.clone())),
            Stage::Done => panic!("a remote call was polled after it had ended"),
        };
        match &self.stage {
            Stage::Waiting(waiting) if poll.is_pending() => waiting.waits_for(WaitsFor::Call),
            _ => self.stage = Stage::Done,
        }
        poll
    }
}

impl<T: Send + 'static> Drop for RemoteFuture<T> {
    fn drop(&mut self) {
        if let Stage::Waiting(waiting) = &self.stage {
            waiting.abandon();
        }
    }
}

impl<T: Send + 'static> fmt::Debug for RemoteFuture<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stage = match self.stage {
            Stage::Refused(_) => "refused",
            Stage::Waiting(_) => "waiting",
            Stage::Done => "done",
        };
        write!(f, "RemoteFuture({stage})")
    }
}
