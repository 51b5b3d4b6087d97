//! One worker as its pool sees it: a process, a socket, and what it says on its standard error.

use std::cell::Cell;
use std::fmt;
use std::future::Future;
use std::io;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use super::entry;
use super::frame::{Assembly, Message, Sending};
use super::last_lines::LastLines;
use crate::event_loop::EventLoop;
use crate::exceptions::{Error, Result};
use crate::executor::{FunctionId, Parcel};
use crate::signals::Signal;
use crate::sync::Event;
use crate::sys::{self, Child, Direction, UserSocket};
use crate::timeouts::timeout;
use crate::wait::sleep;

/// How long a worker may take until it is there. Nothing but a `main` that does other things first takes so long.
const START: Duration = Duration::from_secs(60);

/// How long a worker may take to end that has nothing left to do.
const END: Duration = Duration::from_secs(5);

/// So many reads of one answer, and the other workers have their turn: one that writes as fast as this reads must not
/// stop them.
const READS: usize = 16;

/// The process. The pool keeps it as well, to kill it.
pub(super) struct Process {
    child: Child,
    exited: Event,
    /// It was, and has perhaps not noticed yet.
    killed: Cell<bool>,
    event_loop: EventLoop,
}

impl Process {
    /// Kills it, with all that it has started and that has stayed in its group.
    pub(super) fn kill(&self) {
        self.killed.set(true);
        // Its first member has not been reaped, so the group is its own. If nobody is left there is nothing to do.
        let _ = self.child.signal_group(Signal::SIGKILL.as_raw());
        // It may have gone to another group.
        let _ = self.child.signal(Signal::SIGKILL.as_raw());
    }

    pub(super) fn pid(&self) -> u32 {
        self.child.pid()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.event_loop.remove_reader(&self.child.fd());
        if self.child.returncode().is_none() {
            self.kill();
        }
    }
}

/// Whether a worker that was started is there.
pub(super) enum Coming {
    There,
    /// It has ended, or speaks nonsense.
    Ended,
    /// It lives and has said nothing, for so long.
    Late(Duration),
}

/// What came of a call.
pub(super) enum Called {
    Answered(Parcel),
    /// The worker is gone, or speaks nonsense; the function may have run.
    Lost,
    /// The worker was gone before it had the beginning of the call, so nothing has run.
    NeverReached,
}

pub(super) struct Worker {
    process: Rc<Process>,
    socket: Option<UserSocket>,
    assembly: Assembly,
    stderr: Rc<LastLines>,
    event_loop: EventLoop,
}

impl Worker {
    /// Starts one. It has not said that it is there yet.
    pub(super) fn start(event_loop: &EventLoop) -> Result<Self> {
        let at = |error| Error::os_error_at(error, "a worker of a process pool");
        let (socket, far) = sys::worker::pair().map_err(at)?;
        let (stderr, far_stderr) = sys::pipe(Direction::Read).map_err(at)?;
        let mut order = sys::worker::order(far, far_stderr).map_err(at)?;
        entry::show_the_way(&mut order);
        let child = Child::spawn(&mut order).map_err(at)?;
        let process =
            Rc::new(Process { child, exited: Event::new(), killed: Cell::default(), event_loop: event_loop.clone() });
        let (fd, exited, watching) = (process.child.fd(), process.exited.clone(), event_loop.clone());
        event_loop.add_reader(&fd, move || {
            watching.remove_reader(&fd);
            exited.set();
        })?;
        let stderr = LastLines::of(stderr, event_loop)?;
        Ok(Self { process, socket: Some(socket), assembly: Assembly::new(), stderr, event_loop: event_loop.clone() })
    }

    pub(super) fn process(&self) -> &Rc<Process> {
        &self.process
    }

    /// Waits until it says that it is there.
    pub(super) async fn comes(&mut self) -> Coming {
        let coming = async { Ok::<_, Error>(self.exchange(None, &Cell::default()).await) };
        match timeout(START, coming).await {
            Ok(Some(Message::Hello)) => Coming::There,
            Ok(_) => Coming::Ended,
            Err(_) => Coming::Late(START),
        }
    }

    /// Has it call a function.
    pub(super) async fn call(&mut self, function: &FunctionId, arguments: &Parcel) -> Called {
        let begun = Cell::new(false);
        match self.exchange(Some(Sending::call(function, arguments)), &begun).await {
            Some(Message::Answer(answer)) => Called::Answered(answer),
            None if !begun.get() => Called::NeverReached,
            None | Some(Message::Hello | Message::Call(..)) => Called::Lost,
        }
    }

    /// Sends something, and waits for what comes next. `None`: it is gone, or speaks nonsense. `begun`: the first slice
    /// of what is sent is with the system, for the worker to read.
    async fn exchange(&mut self, sending: Option<Sending<'_>>, begun: &Cell<bool>) -> Option<Message> {
        let Self { process, socket, assembly, event_loop, .. } = self;
        let socket = socket.as_ref()?;
        let talk = async {
            if let Some(sending) = &sending {
                for slice in sending.slices() {
                    event_loop.sock_sendall(socket, slice).await?;
                    begun.set(true);
                }
            }
            loop {
                for _ in 0..READS {
                    let count = event_loop.sock_recv_into(socket, assembly.room()).await?;
                    let message = assembly.filled(count).map_err(|_| io::Error::from(io::ErrorKind::InvalidData))?;
                    if message.is_some() || count == 0 {
                        return Ok::<_, Error>(message);
                    }
                }
                sleep(Duration::ZERO).await;
            }
        };
        let talked = {
            let talk = pin!(talk);
            match first(talk, pin!(process.exited.wait())).await {
                First::One(message) => Some(message.ok().flatten()),
                First::Other(_) => None,
            }
        };
        match talked {
            Some(message) => message,
            None => last_words(socket, assembly),
        }
    }

    /// Waits until it ends by itself, which it does not as long as the pool has work for it, or until `other` is ready.
    pub(super) async fn ends_before(&self, other: impl Future) -> bool {
        matches!(first(pin!(self.process.exited.wait()), pin!(other)).await, First::One(_))
    }

    /// Whether it has ended, or is about to: one that was killed may have answered just before.
    pub(super) fn has_ended(&self) -> bool {
        self.process.exited.is_set() || self.process.killed.get()
    }

    /// Has it end, as there is nothing left to do, and waits for that.
    pub(super) async fn dismiss(mut self) {
        drop(self.socket.take());
        if timeout(END, self.process.exited.wait()).await.is_err() {
            self.process.kill();
        }
        self.reap().await;
    }

    /// Waits for the end of one that does not work any more, and says how it came.
    pub(super) async fn obituary(mut self) -> Obituary {
        drop(self.socket.take());
        self.process.kill();
        let returncode = self.reap().await;
        Obituary { pid: self.process.pid(), returncode, stderr: self.stderr.to_string() }
    }

    async fn reap(&mut self) -> Option<i32> {
        // It was killed or has ended, so this takes a moment.
        let _ = self.process.exited.wait().await;
        self.stderr.finish();
        self.process.child.try_wait().ok().flatten()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.stderr.close();
    }
}

/// What a worker sent that has ended. The socket need not be at its end: what it has started may hold it open.
fn last_words(socket: &UserSocket, assembly: &mut Assembly) -> Option<Message> {
    loop {
        let count = sys::receive(socket, assembly.room()).ok().filter(|count| *count > 0)?;
        if let Some(message) = assembly.filled(count).ok()? {
            return Some(message);
        }
    }
}

/// How a worker ended.
pub(super) struct Obituary {
    pid: u32,
    /// As [`Child::returncode`]; `None` if somebody else has reaped it.
    returncode: Option<i32>,
    stderr: String,
}

impl Obituary {
    /// Whether a signal has ended it, and not the worker itself.
    pub(super) fn was_killed(&self) -> bool {
        self.returncode.is_some_and(|code| code < 0)
    }
}

impl fmt::Display for Obituary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { pid, returncode, stderr } = self;
        match returncode {
            None => write!(f, "worker process {pid} ended; {stderr}"),
            Some(code) if *code < 0 => match Signal::new(-code) {
                Ok(signal) => write!(f, "worker process {pid} was ended by signal {} ({signal}); {stderr}", -code),
                Err(_) => write!(f, "worker process {pid} was ended by signal {}; {stderr}", -code),
            },
            Some(code) => write!(f, "worker process {pid} ended with exit code {code}; {stderr}"),
        }
    }
}

/// What was ready first.
enum First<A, B> {
    One(A),
    Other(B),
}

/// Waits for the first of two; if both are ready, it is `one`.
async fn first<A: Future, B: Future>(mut one: Pin<&mut A>, mut other: Pin<&mut B>) -> First<A::Output, B::Output> {
    std::future::poll_fn(move |cx: &mut Context<'_>| {
        if let Poll::Ready(output) = one.as_mut().poll(cx) {
            return Poll::Ready(First::One(output));
        }
        other.as_mut().poll(cx).map(First::Other)
    })
    .await
}
