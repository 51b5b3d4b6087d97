//! The thread that minds a pool's workers: an event loop of its own, with a task for each worker.
//!
//! It starts with the first call. A worker starts when a call waits and none is idle; the one that was used last is
//! used next, since its memory is warm. The thread lives as long as its workers do, on Linux because the system kills
//! them when it ends.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc::SyncSender;

use super::call::read_answer;
use super::child::{Called, Coming, Obituary, Process, Worker};
use super::exchange::{Left, exchange};
use super::shared::{Shared, State, fail};
use crate::event_loop::{EventLoop, LoopHandle};
use crate::exceptions::{Error, Result, catch};
use crate::executor::RemoteJob;
use crate::sync::Event;

/// So many workers in a row may be lost before they have made a call; then something keeps them from working.
const PATIENCE: u32 = 16;

thread_local! {
    /// The manager whose thread this is: closures that come from other threads find it here.
    static MANAGER: RefCell<Option<Rc<Manager>>> = const { RefCell::new(None) };
}

struct Manager {
    shared: Arc<Shared>,
    event_loop: EventLoop,
    /// Workers that wait for a call, the one that was used last at the end.
    idle: RefCell<Vec<Rc<Seat>>>,
    /// Workers that are not there yet; each will take a call.
    coming: Cell<usize>,
    /// Workers that were lost before they had made a call, in a row.
    lost: Cell<u32>,
    /// The last attempt to start one has failed. As long as nothing has changed, the next one would.
    cannot_start: Cell<bool>,
    /// The processes with calls that run, by the number of the call.
    running: RefCell<HashMap<u64, Rc<Process>>>,
    calls: Cell<u64>,
    /// The pool was closed, and the last worker has ended.
    over: Event,
}

/// Where an idle worker gets its next call.
#[derive(Default)]
struct Seat {
    job: Cell<Option<RemoteJob>>,
    /// There is one, or there will be none.
    called: Event,
}

/// The place of a worker among those of the pool. Whatever ends the task that minds it, it is free again.
struct Place {
    manager: Rc<Manager>,
    coming: Cell<bool>,
    /// There was a process.
    started: Cell<bool>,
}

impl Place {
    /// The worker is there, or will never be.
    fn came(&self) {
        if self.coming.replace(false) {
            self.manager.coming.set(self.manager.coming.get() - 1);
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.came();
        if self.started.get() {
            self.manager.cannot_start.set(false);
        }
        let mut state = self.manager.shared.lock();
        state.workers = state.workers.saturating_sub(1);
        drop(state);
        // A destructor of the user's has panicked: the calls that wait must not wait for that worker.
        if std::thread::panicking() {
            let manager = self.manager.clone();
            let _ = self.manager.event_loop.call_soon(move || manager.look());
        }
    }
}

/// The entry of a call among those that run.
struct Running<'a> {
    manager: &'a Manager,
    call: u64,
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.manager.running.borrow_mut().remove(&self.call);
    }
}

/// What the thread does from its beginning to its end.
pub(super) fn run(shared: &Arc<Shared>, started: &SyncSender<Result<LoopHandle>>) {
    let event_loop = match EventLoop::new() {
        Ok(event_loop) => event_loop,
        // Whoever waits for the answer is there: it is the thread that has started this one.
        Err(error) => return drop(started.send(Err(error))),
    };
    let _ = started.send(Ok(event_loop.handle()));
    let manager = Rc::new(Manager {
        shared: shared.clone(),
        event_loop: event_loop.clone(),
        idle: RefCell::default(),
        coming: Cell::default(),
        lost: Cell::default(),
        cannot_start: Cell::default(),
        running: RefCell::default(),
        calls: Cell::default(),
        over: Event::new(),
    });
    MANAGER.set(Some(manager.clone()));
    let over = manager.over.clone();
    let ended =
        catch(|| event_loop.run_until_complete(async move { over.wait().await }).and_then(|()| event_loop.close()));
    MANAGER.set(None);
    // Its descriptors are closed before anybody hears that it is over.
    drop((manager, event_loop));
    match ended {
        Ok(Ok(())) => {}
        Ok(Err(error)) => {
            crate::log::failure(&format_args!("ASY0023: the thread of a process pool ended early: {error}"))
        }
        Err(panic) => crate::log::failure(&format_args!("ASY0023: the thread of a process pool ended early: {panic}")),
    }
    shared.over();
}

/// There is something new for the manager of this thread.
pub(super) fn look() {
    // The manager's tasks may be polled by this very call's neighbours only, so nothing is borrowed here.
    let manager = MANAGER.with_borrow(Clone::clone);
    if let Some(manager) = manager {
        manager.cannot_start.set(false);
        manager.look();
    }
}

/// Kills the worker that runs this call.
fn kill(call: u64) {
    let process = MANAGER.with_borrow(|manager| manager.as_ref()?.running.borrow().get(&call).cloned());
    if let Some(process) = process {
        process.kill();
    }
}

impl Manager {
    /// Gives calls to workers that are idle, starts some if there are more calls, and sees whether it is over.
    fn look(self: &Rc<Self>) {
        let mut state = self.shared.looks();
        while !state.jobs.is_empty() {
            let Some(seat) = self.idle.borrow_mut().pop() else { break };
            seat.job.set(state.jobs.pop_front());
            seat.called.set();
        }
        let wanted = state.jobs.len().saturating_sub(self.coming.get());
        let room = self.shared.plan.max_workers.saturating_sub(state.workers);
        let start = if self.cannot_start.get() { 0 } else { wanted.min(room) };
        state.workers += start;
        let is_over = finished(&state);
        let goes_on = state.workers > 0;
        drop(state);
        for _ in 0..start {
            self.coming.set(self.coming.get() + 1);
            let place = Place { manager: self.clone(), coming: Cell::new(true), started: Cell::default() };
            let started = self.event_loop.create_task(self.clone().mind(place));
            // Refused only by a loop that is closed, which this one is not while it runs this.
            drop(started.expect("the loop runs"));
        }
        if is_over {
            self.idle.take().iter().for_each(|seat| seat.called.set());
            if !goes_on {
                self.over.set();
            }
        }
    }

    /// One worker from its start to its end.
    async fn mind(self: Rc<Self>, place: Place) {
        self.work(&place).await;
        drop(place);
        self.look();
    }

    async fn work(self: &Rc<Self>, place: &Place) {
        let came = self.start(place).await;
        place.came();
        let Some(mut worker) = came else { return };
        let mut done = 0;
        while self.shared.plan.max_tasks_per_child.is_none_or(|most| done < most) {
            let job = match self.next(&worker).await {
                Next::Job(job) => job,
                Next::End => break,
                Next::Gone => {
                    let obituary = worker.obituary().await;
                    if done == 0 {
                        self.has_lost(&obituary);
                    }
                    return;
                }
            };
            match self.serve(worker, job).await {
                Left::Whole(whole) => worker = whole,
                Left::Gone => return self.lost.set(0),
                Left::Unsent(job, obituary) => {
                    self.give_back(job);
                    return self.has_lost(&obituary);
                }
            }
            done += 1;
            self.lost.set(0);
            // What kept others from starting may be over.
            if self.cannot_start.take() {
                self.look();
            }
        }
        worker.dismiss().await;
    }

    /// A worker has ended before it had made a call. Once that is a matter of chance.
    fn has_lost(&self, obituary: &Obituary) {
        self.lost.set(self.lost.get() + 1);
        if self.lost.get() > PATIENCE {
            self.shared.break_down(&Error::broken_process_pool(format!("no worker lives to make a call: {obituary}")));
        }
    }

    /// A call that has not begun is the next one again.
    fn give_back(&self, job: RemoteJob) {
        let mut state = self.shared.lock();
        match state.broken.clone() {
            None => state.jobs.push_front(job),
            Some(error) => {
                drop(state);
                fail([job].into(), &error);
            }
        }
    }

    /// A worker that is ready for calls. `None`: there is none, and what follows from that has happened.
    async fn start(&self, place: &Place) -> Option<Worker> {
        let mut worker = match Worker::start(&self.event_loop) {
            Ok(worker) => worker,
            Err(error) => {
                self.could_not_start(&error);
                return None;
            }
        };
        place.started.set(true);
        match worker.comes().await {
            Coming::There => {}
            Coming::Ended => {
                let obituary = worker.obituary().await;
                if obituary.was_killed() {
                    self.has_lost(&obituary);
                } else {
                    let broken = format!("a worker did not start: {obituary}");
                    self.shared.break_down(&Error::broken_process_pool(broken));
                }
                return None;
            }
            Coming::Late(limit) => {
                let pid = worker.process().pid();
                worker.obituary().await;
                self.shared.break_down(&Error::broken_process_pool(format!(
                    "worker process {pid} did not say that it is there within {} s; is serve_if_worker() the first \
                     line of main()?",
                    limit.as_secs(),
                )));
                return None;
            }
        }
        let Some((function, arguments)) = &self.shared.plan.initializer else { return Some(worker) };
        let why = match worker.call(function, arguments).await {
            Called::Answered(answer) => match read_answer::<()>(answer) {
                Ok(()) => return Some(worker),
                Err(error) => {
                    worker.dismiss().await;
                    error.to_string()
                }
            },
            Called::Lost | Called::NeverReached => worker.obituary().await.to_string(),
        };
        let broken = format!("the initializer of the pool's processes failed: {why}");
        crate::log::failure(&format_args!("ASY0023: {broken}"));
        self.shared.break_down(&Error::broken_process_pool(broken));
        None
    }

    /// As long as another worker is there, or may still come, the calls wait for that one.
    fn could_not_start(&self, error: &Error) {
        self.cannot_start.set(true);
        let mut state = self.shared.lock();
        // The one that could not start is still among both.
        if self.coming.get() > 1 || state.workers > self.coming.get() {
            return;
        }
        let jobs = std::mem::take(&mut state.jobs);
        drop(state);
        fail(jobs, error);
    }

    async fn next(&self, worker: &Worker) -> Next {
        if worker.has_ended() {
            return Next::Gone;
        }
        let seat = {
            let mut state = self.shared.lock();
            if let Some(job) = state.jobs.pop_front() {
                return Next::Job(job);
            }
            if finished(&state) {
                return Next::End;
            }
            let seat = Rc::<Seat>::default();
            self.idle.borrow_mut().push(seat.clone());
            seat
        };
        if worker.ends_before(seat.called.wait()).await {
            self.idle.borrow_mut().retain(|other| !Rc::ptr_eq(other, &seat));
            if let Some(job) = seat.job.take() {
                self.give_back(job);
            }
            return Next::Gone;
        }
        seat.job.take().map_or(Next::End, Next::Job)
    }

    /// Has a worker make a call, and gives its answer to whoever waits.
    async fn serve(&self, worker: Worker, mut job: RemoteJob) -> Left {
        let Some(lease) = job.lease() else { return Left::Whole(worker) };
        if let Err(error) = job.arguments() {
            lease.fail(error);
            return Left::Whole(worker);
        }
        let call = self.calls.get();
        self.calls.set(call + 1);
        self.running.borrow_mut().insert(call, worker.process().clone());
        let running = Running { manager: self, call };
        let event_loop = self.event_loop.handle();
        job.when_cancelled(move || {
            // A loop that is closed has no workers any more.
            let _ = event_loop.call_soon_threadsafe(move || kill(call));
        });
        let left = exchange(worker, job, lease).await;
        drop(running);
        left
    }
}

enum Next {
    Job(RemoteJob),
    /// There will be none.
    End,
    /// The worker has ended while it was idle.
    Gone,
}

/// Whether workers that have nothing to do may go.
fn finished(state: &State) -> bool {
    (state.closed || state.broken.is_some()) && state.jobs.is_empty()
}
