//! The exception handler: where failures go that nobody is there to catch.

use std::any::Any;
use std::borrow::Cow;
use std::fmt::{self, Write};
use std::panic::Location;
use std::rc::Rc;
use std::time::Duration;

use super::{EventLoop, Inner};
use crate::context::{Context, Entered};
use crate::exceptions::{Error, Panic, catch};
use crate::handle::{Call, Handle};

/// A handler as [`EventLoop::set_exception_handler`] takes it.
pub type ExceptionHandler = dyn Fn(&EventLoop, &ExceptionContext);

/// What is known about a failure: a message, and values under asyncio's keys.
///
/// The keys are `exception`, `future`, `task`, `handle`, `protocol`, `transport`, `socket`, `asyncgen`, `context`,
/// `source_traceback`, `handle_traceback` and whatever a caller adds.
///
/// # Examples
///
/// ```
/// let context = asyncio::ExceptionContext::new("the cache could not be filled").with("key", 17);
/// assert_eq!(context.message(), "the cache could not be filled");
/// assert_eq!(context.get::<i32>("key"), Some(&17));
/// ```
pub struct ExceptionContext {
    message: Cow<'static, str>,
    exception: Option<Error>,
    source: Option<&'static Location<'static>>,
    running: Option<&'static Location<'static>>,
    values: Vec<(&'static str, Box<dyn ContextValue>)>,
    run_in: Option<Context>,
    code: Option<&'static str>,
}

/// A value in an [`ExceptionContext`]: anything that can be printed.
pub trait ContextValue: Any + fmt::Debug {
    /// The value, for a look at its type.
    fn as_any(&self) -> &dyn Any;
}

impl<T: Any + fmt::Debug> ContextValue for T {
    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl ExceptionContext {
    /// A context with its message.
    pub fn new(message: impl Into<Cow<'static, str>>) -> Self {
        let message = message.into();
        Self { message, exception: None, source: None, running: None, values: Vec::new(), run_in: None, code: None }
    }

    /// Adds the error itself, key `exception`.
    pub fn exception(mut self, exception: impl Into<Error>) -> Self {
        self.exception = Some(exception.into());
        self
    }

    /// Says which page of the guide's index tells more of this kind of failure.
    pub(crate) fn code(mut self, code: &'static str) -> Self {
        self.code = Some(code);
        self
    }

    /// Adds a value.
    pub fn with(mut self, key: &'static str, value: impl ContextValue) -> Self {
        self.values.push((key, Box::new(value)));
        self
    }

    /// Adds where the culprit was created, key `source_traceback`.
    pub fn source(mut self, location: &'static Location<'static>) -> Self {
        self.source = Some(location);
        self
    }

    /// The handler shall run in this context; `None` is an empty one.
    pub(crate) fn run_in(mut self, context: Option<Context>) -> Self {
        self.run_in = Some(context.unwrap_or_default());
        self
    }

    /// What happened.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Under which number the guide's chapter [`errors`](crate::guide::errors) explains this kind of failure.
    pub fn get_code(&self) -> Option<&'static str> {
        self.code
    }

    /// The error.
    pub fn get_exception(&self) -> Option<&Error> {
        self.exception.as_ref()
    }

    /// Where the culprit was created.
    pub fn source_traceback(&self) -> Option<&'static Location<'static>> {
        self.source
    }

    /// Where the callback or task was created that ran when this was reported; in debug mode, and where nothing is known
    /// of the culprit's own creation.
    pub fn handle_traceback(&self) -> Option<&'static Location<'static>> {
        self.running
    }

    /// The value under a key, if it is a `T`.
    pub fn get<T: Any>(&self, key: &str) -> Option<&T> {
        self.values.iter().find(|value| value.0 == key).and_then(|(_, value)| (**value).as_any().downcast_ref())
    }

    /// The keys that are there, sorted.
    pub fn keys(&self) -> Vec<&'static str> {
        let mut keys: Vec<_> = self.values.iter().map(|value| value.0).collect();
        keys.extend(self.exception.is_some().then_some("exception"));
        keys.extend(self.source.is_some().then_some("source_traceback"));
        keys.extend(self.running.is_some().then_some("handle_traceback"));
        keys.sort_unstable();
        keys
    }
}

impl fmt::Debug for ExceptionContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl fmt::Display for ExceptionContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(code) = self.code {
            write!(f, "{code}: ")?;
        }
        f.write_str(&self.message)?;
        for key in self.keys() {
            match key {
                "exception" => {
                    let Some(error) = &self.exception else { continue };
                    write!(f, "\nexception: {error}")?;
                    let mut source = std::error::Error::source(error);
                    while let Some(cause) = source {
                        write!(f, "\n  caused by: {cause}")?;
                        source = cause.source();
                    }
                }
                "source_traceback" => {
                    let Some(location) = self.source else { continue };
                    write!(f, "\nobject created at {location}")?;
                }
                "handle_traceback" => {
                    let Some(location) = self.running else { continue };
                    write!(f, "\nhandle created at {location}")?;
                }
                key => {
                    for (_, value) in self.values.iter().filter(|value| value.0 == key) {
                        write!(f, "\n{key}: {value:?}")?;
                    }
                }
            }
        }
        Ok(())
    }
}

impl EventLoop {
    /// Sets what is called with failures that nobody catches. Python: `loop.set_exception_handler()`.
    ///
    /// A handler that panics is reported itself, through the default one.
    pub fn set_exception_handler(&self, handler: impl Fn(&Self, &ExceptionContext) + 'static) {
        self.replace_exception_handler(Some(Rc::new(handler)));
    }

    /// Goes back to the default handler. Python: `loop.set_exception_handler(None)`.
    pub fn clear_exception_handler(&self) {
        self.replace_exception_handler(None);
    }

    fn replace_exception_handler(&self, handler: Option<Rc<ExceptionHandler>>) {
        let former = self.inner().exception_handler.replace(handler);
        drop(former);
    }

    /// The handler that was set, `None` for the default one. Python: `loop.get_exception_handler()`.
    pub fn get_exception_handler(&self) -> Option<Rc<ExceptionHandler>> {
        self.inner().exception_handler.borrow().clone()
    }

    /// Reports a failure. Python: `loop.call_exception_handler()`.
    pub fn call_exception_handler(&self, context: ExceptionContext) {
        self.inner().call_exception_handler(context);
    }

    /// Writes one record of level error to the log, target "asyncio". Python: `loop.default_exception_handler()`.
    ///
    /// Where no logger is installed it goes to standard error, as Python's does: a failure is never lost.
    pub fn default_exception_handler(&self, context: &ExceptionContext) {
        default_exception_handler(context);
    }

    /// Whether debug mode is on. Python: `loop.get_debug()`.
    pub fn get_debug(&self) -> bool {
        self.inner().get_debug()
    }

    /// Switches debug mode. Python: `loop.set_debug()`.
    pub fn set_debug(&self, enabled: bool) {
        let inner = self.inner();
        inner.debug.set(enabled);
        inner.look_closely();
    }

    /// From which duration a callback counts as slow in debug mode; 100 ms. Python: `loop.slow_callback_duration`.
    pub fn slow_callback_duration(&self) -> Duration {
        self.inner().slow_callback_duration.get()
    }

    /// Changes [`slow_callback_duration`](Self::slow_callback_duration).
    pub fn set_slow_callback_duration(&self, duration: Duration) {
        self.inner().slow_callback_duration.set(duration);
    }
}

impl Inner {
    pub(crate) fn call_exception_handler(&self, mut context: ExceptionContext) {
        if context.source.is_none() && self.get_debug() {
            context.running = self.running.get();
        }
        if context.run_in.is_none() {
            context.run_in = context.get::<Handle>("handle").map(Handle::get_context);
        }
        let handler = self.exception_handler.borrow().clone();
        let (Some(handler), Some(event_loop)) = (handler, self.event_loop()) else {
            return contained_default_handler(&context);
        };
        let called = {
            let _entered = context.run_in.clone().map(|context| Entered::new(Some(context)));
            catch(|| handler(&event_loop, &context))
        };
        if let Err(panic) = called {
            let nested = ExceptionContext::new("Unhandled error in exception handler").exception(panic).code("ASY0020");
            contained_default_handler(&nested.with("context", context));
        }
    }

    #[cold]
    pub(super) fn callback_failed(&self, call: Rc<dyn Call>, panic: Panic) {
        let context = call.context();
        let location = call.location();
        let mut message = String::from("Exception in callback ");
        // Writing to a string cannot fail.
        let _ = write!(message, "{}", call.name());
        let report = ExceptionContext::new(message).exception(panic).code("ASY0003").with("handle", Handle::of(call));
        self.call_exception_handler(report.source(location).run_in(Some(context)));
    }

    #[cold]
    pub(super) fn source_failed(&self, panic: Panic) {
        self.call_exception_handler(
            ExceptionContext::new("Exception in an I/O callback").exception(panic).code("ASY0003"),
        );
    }
}

/// Reports a panic of something that has ended by another panic, of which its caller hears instead.
#[cold]
pub(crate) fn second_panic(panic: Panic) {
    let report = ExceptionContext::new("a panic came after another one").exception(panic).code("ASY0003");
    match super::current_inner(|inner| inner.cloned()) {
        Some(inner) => inner.call_exception_handler(report),
        None => crate::log::failure(&report),
    }
}

/// The last resort: whatever fails in here, the loop goes on.
fn contained_default_handler(context: &ExceptionContext) {
    if let Err(panic) = catch(|| default_exception_handler(context)) {
        let message = &context.message;
        crate::log::failure(&format_args!(
            "ASY0020: Exception in default exception handler, while it reported {message:?}: {panic}"
        ));
    }
}

fn default_exception_handler(context: &ExceptionContext) {
    let unhandled = if context.message.is_empty() { "Unhandled exception in event loop" } else { "" };
    crate::log::failure(&format_args!("{unhandled}{context}"));
}
