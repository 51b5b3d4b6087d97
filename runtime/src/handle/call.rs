//! A scheduled callback: its function, its context, its cancelled flag, in one allocation.

use std::any::type_name;
use std::cell::Cell;
use std::marker::PhantomData;
use std::panic::Location;

use crate::context::{self, Context};
use crate::exceptions::{Panic, catch};

/// A callback whose type was forgotten.
pub(crate) trait Call {
    /// Runs the callback in its context, unless it ran or was cancelled.
    fn invoke(&self) -> Result<(), Panic>;
    fn cancel(&self);
    fn about(&self) -> &About;
    /// The function's name, as the compiler prints it.
    fn name(&self) -> &'static str;

    fn cancelled(&self) -> bool {
        self.about().cancelled.get()
    }

    /// The context that it runs in, made now if it has none.
    fn context(&self) -> Context {
        self.about().context.get()
    }

    fn location(&self) -> &'static Location<'static> {
        self.about().location
    }
}

/// What there is to know of a callback, however often it runs.
pub(crate) struct About {
    context: OwnContext,
    cancelled: Cell<bool>,
    location: &'static Location<'static>,
}

impl About {
    fn new(context: Option<Context>, location: &'static Location<'static>) -> Self {
        Self { context: OwnContext(Cell::new(context)), cancelled: Cell::new(false), location }
    }
}

/// A callback that runs once. Reports have the name of `N`: the program's own function, where `F` wraps it.
pub(crate) struct CallCell<F, N = F> {
    callback: Cell<Option<F>>,
    about: About,
    name: PhantomData<fn() -> N>,
}

impl<F: FnOnce()> CallCell<F> {
    pub(crate) fn new(callback: F, context: Option<Context>, location: &'static Location<'static>) -> Self {
        Self::named(callback, context, location)
    }
}

impl<F: FnOnce(), N> CallCell<F, N> {
    pub(crate) fn named(callback: F, context: Option<Context>, location: &'static Location<'static>) -> Self {
        Self { callback: Cell::new(Some(callback)), about: About::new(context, location), name: PhantomData }
    }
}

impl<F: FnOnce(), N> Call for CallCell<F, N> {
    fn invoke(&self) -> Result<(), Panic> {
        let Some(callback) = self.callback.take() else { return Ok(()) };
        self.about.context.run(callback)
    }

    fn cancel(&self) {
        if let Some(callback) = self.callback.take() {
            self.about.cancelled.set(true);
            drop(callback);
        }
    }

    fn about(&self) -> &About {
        &self.about
    }

    fn name(&self) -> &'static str {
        type_name::<N>()
    }
}

/// A callback that runs any number of times, until it is cancelled.
pub(crate) struct RepeatedCall<F> {
    /// Not there while it runs.
    callback: Cell<Option<F>>,
    about: About,
}

impl<F: FnMut()> RepeatedCall<F> {
    pub(crate) fn new(callback: F, context: Option<Context>, location: &'static Location<'static>) -> Self {
        Self { callback: Cell::new(Some(callback)), about: About::new(context, location) }
    }
}

impl<F: FnMut()> Call for RepeatedCall<F> {
    fn invoke(&self) -> Result<(), Panic> {
        let Some(mut callback) = self.callback.take() else { return Ok(()) };
        let outcome = self.about.context.run(&mut callback);
        if !self.about.cancelled.get() {
            self.callback.set(Some(callback));
            return outcome;
        }
        // It cancelled itself.
        let dropped = self.about.context.run(|| drop(callback));
        outcome.and(dropped)
    }

    fn cancel(&self) {
        self.about.cancelled.set(true);
        let callback = self.callback.take();
        drop(callback);
    }

    fn about(&self) -> &About {
        &self.about
    }

    fn name(&self) -> &'static str {
        type_name::<F>()
    }
}

/// The context of one callback. None is there while nothing was set in it, so that nobody pays for it.
struct OwnContext(Cell<Option<Context>>);

impl OwnContext {
    fn get(&self) -> Context {
        let context = self.0.take().unwrap_or_default();
        self.0.set(Some(context.clone()));
        context
    }

    /// Calls `f` in the context, and keeps what that has set.
    fn run(&self, f: impl FnOnce()) -> Result<(), Panic> {
        let context = self.0.take();
        self.0.set(context.clone());
        let outer = context::replace(context);
        let outcome = catch(f);
        if let Some(context) = context::replace(outer) {
            self.0.set(Some(context));
        }
        outcome
    }
}
