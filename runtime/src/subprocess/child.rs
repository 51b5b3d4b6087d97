//! `Running`: one child, from its start to the last callback about it.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::panic::Location;
use std::rc::{Rc, Weak};

use super::options::{Ending, Started};
use super::pipe_end::PipeEnd;
use super::protocol::SubprocessEndpoint;
use super::transport::SubprocessTransport;
use crate::context::{self, Context};
use crate::event_loop::{ExceptionContext, Inner, Source, SourceKey};
use crate::exceptions::{Error, Result, catch};
use crate::signals::Signal;
use crate::sync::WaitQueue;
use crate::sys::{Child, Direction, Interest, OwnedFile, Pipe, Readiness};
use crate::transports::{Entered, Live, LiveKey, Network, Stream, Transport};

/// A child of a loop's. The loop holds it until it has ended, and each of its pipes until that is closed.
pub(super) struct Running {
    this: Weak<Self>,
    net: Rc<Network>,
    child: Child,
    /// `None` once everything was told.
    endpoint: RefCell<Option<Rc<dyn SubprocessEndpoint>>>,
    /// In which the callbacks run; taken out while they do.
    context: Cell<Option<Context>>,
    source: Cell<Option<SourceKey>>,
    live: Cell<Option<LiveKey>>,
    pipes: RefCell<[Option<Transport>; 3]>,
    /// How many pipes are not closed.
    open: Cell<usize>,
    /// `connection_made` was called.
    pub(super) made: Cell<bool>,
    queued: Cell<bool>,
    closing: Cell<bool>,
    /// The last callback is scheduled, or nobody is called any more.
    finished: Cell<bool>,
    /// Who waits for its end, or for `connection_made`.
    pub(super) waiters: WaitQueue,
    pub(super) leads_group: bool,
    pub(super) ending: Ending,
    /// Its group is being ended.
    pub(super) ends_tree: Cell<bool>,
}

impl Running {
    pub(super) fn new(inner: &Rc<Inner>, started: Started, endpoint: Rc<dyn SubprocessEndpoint>) -> Result<Rc<Self>> {
        let Started { child, leads_group, ending, .. } = started;
        let running = Rc::new_cyclic(|this| Self {
            this: this.clone(),
            net: Network::of(inner),
            child,
            endpoint: RefCell::new(Some(endpoint)),
            context: Cell::new(context::snapshot()),
            source: Cell::new(None),
            live: Cell::new(None),
            pipes: RefCell::default(),
            open: Cell::new(0),
            made: Cell::new(false),
            queued: Cell::new(false),
            closing: Cell::new(false),
            finished: Cell::new(false),
            waiters: WaitQueue::new(),
            leads_group,
            ending,
            ends_tree: Cell::new(false),
        });
        let key = inner.add_source(running.child.fd(), Interest::Read, running.clone())?;
        running.source.set(Some(key));
        running.live.set(Some(running.net.enter(running.this.clone())));
        Ok(running)
    }

    /// Schedules `connection_made`, before anything that the pipes could tell.
    pub(super) fn tell_start(self: &Rc<Self>) {
        let running = self.clone();
        self.inner().call_soon_internal(move || {
            running.tell("connection_made", |endpoint, transport| endpoint.connection_made(transport));
            running.made.set(true);
            running.waiters.wake_all();
        });
    }

    /// Makes transports of our ends of the pipes.
    pub(super) fn connect(self: &Rc<Self>, ends: [Option<OwnedFile>; 3]) -> Result<()> {
        for ((fd, end), place) in (0..).zip(ends).zip(0..) {
            let Some(end) = end else { continue };
            let direction = if fd == 0 { Direction::Write } else { Direction::Read };
            let pipe = Pipe::fresh(end, direction)?;
            let stream = Stream::new(&self.net, pipe, None, PipeEnd::new(self.clone(), fd), None)?;
            self.pipes.borrow_mut()[place] = Some(stream.transport());
            self.open.set(self.open.get() + 1);
            stream.start(None);
        }
        Ok(())
    }

    pub(super) fn inner(&self) -> &Rc<Inner> {
        self.net.inner()
    }

    pub(super) fn child(&self) -> &Child {
        &self.child
    }

    pub(super) fn pipe(&self, fd: i32) -> Option<Transport> {
        self.pipes.borrow().get(usize::try_from(fd).ok()?)?.clone()
    }

    pub(super) fn is_closing(&self) -> bool {
        self.closing.get() || self.finished.get()
    }

    pub(super) fn endpoint(&self) -> Option<Rc<dyn SubprocessEndpoint>> {
        self.endpoint.borrow().clone()
    }

    pub(super) fn set_endpoint(&self, endpoint: Rc<dyn SubprocessEndpoint>) {
        if !self.finished.get() {
            let former = self.endpoint.replace(Some(endpoint));
            drop(former);
        }
    }

    pub(super) fn signal(&self, signal: i32) -> Result<()> {
        self.child
            .signal(signal)
            .map_err(|error| Error::os_error_at(error, format_args!("process {}", self.child.pid())))
    }

    pub(super) fn close(&self) {
        if self.is_closing() || self.closing.replace(true) {
            return;
        }
        let pipes = self.pipes.borrow().clone();
        pipes.iter().flatten().for_each(Transport::close);
        if self.child.returncode().is_none() {
            if self.inner().get_debug() {
                crate::log::warning(format_args!("ASY0010: a process that runs is closed, and killed: {self:?}"));
            }
            // It has ended by itself, or may not be killed by us, as one with other rights.
            let _ = self.child.signal(Signal::SIGKILL.as_raw());
        }
    }

    /// The child has ended, if `try_wait` says so.
    fn look(&self) {
        if self.ends_tree.get() && !self.child.group_outlives() {
            // The last moment at which the group's number is certainly its own.
            let _ = self.child.signal_group(Signal::SIGKILL.as_raw());
        }
        match self.child.try_wait() {
            Ok(None) => return,
            Ok(Some(_)) => {}
            Err(error) => crate::log::warning(format_args!(
                "ASY0024: how process {} ended is unknown, and is taken for 255: somebody else has reaped it, or this process \
                 ignores SIGCHLD ({error})",
                self.child.pid()
            )),
        }
        self.retire();
        if self.inner().get_debug() {
            crate::log::record!(info, "{self:?} has ended");
        }
        self.waiters.wake_all();
        self.tell("process_exited", |endpoint, transport| endpoint.process_exited(transport));
        self.finish();
    }

    /// One of the pipes is closed.
    pub(super) fn pipe_lost(&self, fd: i32, exc: Option<&Error>) {
        self.open.set(self.open.get().saturating_sub(1));
        self.tell("pipe_connection_lost", |endpoint, transport| endpoint.pipe_connection_lost(transport, fd, exc));
        self.finish();
    }

    /// Schedules the last callback, once nothing else will come.
    fn finish(&self) {
        if self.open.get() > 0 || self.child.returncode().is_none() || self.finished.replace(true) {
            return;
        }
        let Some(this) = self.this.upgrade() else { return };
        self.inner().call_soon_internal(move || {
            this.tell("connection_lost", |endpoint, transport| endpoint.connection_lost(transport));
            this.let_go();
        });
    }

    /// Calls the protocol in its context; its failure is reported.
    fn tell(
        &self,
        callback: &'static str,
        call: impl FnOnce(&dyn SubprocessEndpoint, &SubprocessTransport) -> Result<()>,
    ) {
        let Some(error) = self.call(call).err() else { return };
        let mut context =
            ExceptionContext::new(format!("protocol.{callback}() call failed")).exception(error).code("ASY0013");
        if let Some(this) = self.this.upgrade() {
            context = context.with("transport", SubprocessTransport::new(this));
        }
        if let Some(endpoint) = self.endpoint() {
            context = endpoint.report(context);
        }
        self.inner().call_exception_handler(context);
    }

    /// Calls the protocol in its context.
    pub(super) fn call(
        &self,
        call: impl FnOnce(&dyn SubprocessEndpoint, &SubprocessTransport) -> Result<()>,
    ) -> Result<()> {
        let (Some(endpoint), Some(this)) = (self.endpoint(), self.this.upgrade()) else { return Ok(()) };
        let _entered = Entered::new(&self.context);
        call(&*endpoint, &SubprocessTransport::new(this))
    }

    /// It was reaped, so its descriptor is of use for its group only.
    fn retire(&self) {
        if self.leads_group || !self.child.has_own_descriptor() {
            return self.forget_source();
        }
        if let Some(key) = self.source.take() {
            self.inner().remove_closing_source(key, self.child.fd());
        }
        self.child.retire();
    }

    fn forget_source(&self) {
        if let Some(key) = self.source.take() {
            self.inner().remove_source(key, self.child.fd());
        }
    }

    /// Nothing will be told any more.
    fn let_go(&self) {
        if let Some(key) = self.live.take() {
            self.net.leave(key);
        }
        let endpoint = self.endpoint.take();
        if let Err(panic) = catch(|| drop(endpoint)) {
            let context = ExceptionContext::new("dropping the protocol failed").exception(panic).code("ASY0013");
            self.inner().call_exception_handler(context);
        }
    }
}

impl Source for Running {
    fn on_event(&self, _readiness: Readiness) -> bool {
        !self.queued.replace(true)
    }

    fn run(self: Rc<Self>) {
        self.queued.set(false);
        self.look();
    }

    fn describe(&self) -> String {
        format!("{self:?}")
    }
}

impl Running {
    /// Notes where it was started.
    pub(super) fn note_site(&self, site: &'static Location<'static>) {
        self.net.made_at(self.live.get(), site);
    }
}

impl Live for Running {
    fn loop_closed(self: Rc<Self>) {
        self.finished.set(true);
        if self.child.returncode().is_none() {
            self.net.unclosed("process", &*self, self.net.site(self.live.get()));
            if self.leads_group && self.ending != Ending::None {
                // Nobody is left, or nobody who may be killed.
                let _ = self.child.signal_group(Signal::SIGKILL.as_raw());
            }
            self.forget_source();
            self.child.end();
        }
        self.waiters.wake_all();
        self.let_go();
    }
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<Process pid={}", self.child.pid())?;
        match self.child.returncode() {
            Some(returncode) => write!(f, " returncode={returncode}")?,
            None => f.write_str(" running")?,
        }
        for (name, pipe) in ["stdin", "stdout", "stderr"].iter().zip(&*self.pipes.borrow()) {
            if let Some(pipe) = pipe {
                write!(f, " {name}={pipe:?}")?;
            }
        }
        f.write_str(">")
    }
}
