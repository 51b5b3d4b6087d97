//! What the macros expand to, and nobody else may use: it changes without notice.

use std::error::Error as StdError;
use std::future::{Future, IntoFuture};
use std::panic::Location;
use std::process::ExitCode;

pub use core;
#[cfg(feature = "process-pool")]
pub use inventory;
pub use std;

pub use crate::exceptions::Error;
pub use crate::executor::Errand;
#[cfg(feature = "process-pool")]
pub use crate::process_pool::{Entry, Packer, Unpacker, answer};
pub use crate::protocols::{
    BufferedProtocol, ByteOrder, DatagramProtocol, FramedProtocol, Framing, IntoHandled, PrefixWidth, Protocol,
    Started, handled, not_here, start,
};
pub use crate::select::{Last, Selected, branch, kept, select};
pub use crate::subprocess::{SubprocessProtocol, SubprocessTransport};
pub use crate::sys::UnixAddress;
pub use crate::testing::{TestOptions, run_seeds, run_test};
pub use crate::transports::{DatagramTransport, Transport};
pub use crate::wait::{Guarded, Outcome, guarded};

use crate::coroutine::Coroutine;
use crate::event_loop::EventLoop;
use crate::exceptions::Result;
use crate::runner::Runner;
use crate::task::{Task, TaskOutput};
use crate::wait::{Children, Gather, child_at};

/// A child of `gather!`.
#[track_caller]
pub fn child<A>(awaitable: A) -> Task<<A::Output as TaskOutput>::Value>
where
    A: IntoFuture<Output: TaskOutput, IntoFuture: 'static>,
{
    child_at(awaitable, Location::caller())
}

/// Waits for the children of `gather!`.
#[track_caller]
pub fn gather<C: Children + 'static>(children: C) -> Gather<C> {
    Gather::new(children, Location::caller())
}

/// The value of a call of a coroutine function.
pub fn coroutine<F: Future>(
    name: &'static &'static str,
    location: &'static Location<'static>,
    body: F,
) -> Coroutine<F> {
    Coroutine::new(name, location, body)
}

/// The arguments of `#[asyncio::main]`.
#[derive(Debug, Default)]
pub struct MainOptions {
    debug: Option<bool>,
    strict: bool,
}

impl MainOptions {
    /// None given.
    pub const fn new() -> Self {
        Self { debug: None, strict: false }
    }

    /// `debug`.
    pub const fn debug(mut self, enabled: bool) -> Self {
        self.debug = Some(enabled);
        self
    }

    /// `strict`.
    pub const fn strict(mut self, enabled: bool) -> Self {
        self.strict = enabled;
        self
    }
}

/// What `main` may return.
#[diagnostic::on_unimplemented(
    message = "an `#[asyncio::main]` function must return `()`, an `ExitCode`, or a `Result` of one of them, not `{Self}`",
    label = "cannot be turned into an exit code",
    note = "write `-> asyncio::Result<()>`"
)]
pub trait MainOutput<Marker = ()> {
    /// Prints what went wrong, and says how the process ends.
    fn report(self) -> ExitCode;
}

impl MainOutput for () {
    fn report(self) -> ExitCode {
        ExitCode::SUCCESS
    }
}

impl MainOutput for ExitCode {
    fn report(self) -> ExitCode {
        self
    }
}

impl MainOutput for std::convert::Infallible {
    fn report(self) -> ExitCode {
        match self {}
    }
}

impl<T: MainOutput, E: Into<Box<dyn StdError>>> MainOutput for Result<T, E> {
    fn report(self) -> ExitCode {
        match self {
            Ok(value) => value.report(),
            Err(error) => {
                print_chain(&*error.into());
                ExitCode::FAILURE
            }
        }
    }
}

/// Tells the boxed error that may cross threads, which is no `Into` of the other one, from all other errors.
#[derive(Debug)]
pub enum SendBox {}

impl<T: MainOutput> MainOutput<SendBox> for Result<T, Box<dyn StdError + Send + Sync>> {
    fn report(self) -> ExitCode {
        self.map_err(|error| -> Box<dyn StdError> { error }).report()
    }
}

fn print_chain(error: &dyn StdError) {
    eprintln!("Error: {error}");
    let mut cause = error.source();
    while let Some(error) = cause {
        eprintln!("  caused by: {error}");
        cause = error.source();
    }
}

/// The exit code of a process that Ctrl-C ended, as shells have it.
const INTERRUPTED: u8 = 130;
/// The exit code of a process whose main thread panicked.
const PANICKED: u8 = 101;

/// Runs an `async fn main` to the process's exit code.
#[track_caller]
pub fn run_main<F, Marker>(
    options: MainOptions,
    name: &'static &'static str,
    main: impl FnOnce() -> F + 'static,
) -> ExitCode
where
    F: Future<Output: MainOutput<Marker>> + 'static,
{
    #[cfg(feature = "process-pool")]
    crate::process_pool::serve_if_worker();
    let location = Location::caller();
    let factory = move || {
        let builder = EventLoop::builder().strict(options.strict);
        match options.debug {
            Some(debug) => builder.debug(debug).build(),
            None => builder.build(),
        }
    };
    let mut runner = Runner::builder().loop_factory(factory).build();
    let outcome = runner.run(async move { Ok::<_, Error>(Coroutine::new(name, location, main()).await) });
    if let Err(error) = runner.close() {
        print_chain(&error);
    }
    match outcome {
        Ok(output) => output.report(),
        Err(Error::KeyboardInterrupt) => ExitCode::from(INTERRUPTED),
        // The panic hook has printed it.
        Err(Error::Panic(_)) => ExitCode::from(PANICKED),
        Err(error) => {
            print_chain(&error);
            ExitCode::FAILURE
        }
    }
}
