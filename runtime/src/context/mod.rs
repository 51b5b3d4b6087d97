//! `contextvars`: values that follow a task and its children, such as a request id.
//!
//! A context is a shared cell around a persistent list of bindings, so a copy costs one small allocation, and none
//! at all while no variable was ever set: "no context" and "an empty one" are the same thing until somebody writes.
//! [`current`] and [`Entered`] are how handles and tasks run in theirs; [`Luggage`] is how one goes to another thread.

mod luggage;
#[cfg(feature = "process-pool")]
mod shipment;
mod var;

pub(crate) use luggage::Luggage;
#[cfg(feature = "process-pool")]
pub(crate) use shipment::Shipment;
pub use var::{ContextVar, Token};

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::fmt;
use std::marker::PhantomData;
use std::rc::Rc;

/// A set of bindings of context variables. Python: `contextvars.Context`.
///
/// Cloning gives another handle to the same context; [`copy_context`] and [`copy`](Self::copy) give an independent
/// one.
///
/// # Examples
///
/// ```
/// use asyncio::{ContextVar, copy_context};
///
/// static USER: ContextVar<&str> = ContextVar::new("user");
///
/// let context = copy_context();
/// context.run(|| {
///     USER.set("ada");
/// });
/// assert_eq!(USER.get(), None);
/// assert_eq!(context.run(|| USER.get()), Some("ada"));
/// ```
#[derive(Clone, Default)]
pub struct Context(Rc<RefCell<Option<Rc<Binding>>>>);

/// One binding, in front of those that were made before it. The newest of a variable hides the older ones.
pub(super) struct Binding {
    key: usize,
    /// `None` after a reset to "not set".
    value: Option<Rc<dyn Any>>,
    travel: Travel,
    older: Option<Rc<Self>>,
}

/// Where a variable's value may go.
#[derive(Clone, Copy)]
pub(super) struct Travel {
    /// How a clone of it goes to another thread; `None` if it stays on this one.
    depart: Option<luggage::Depart>,
    /// How it goes to another process; `None` if it stays in this one.
    #[cfg(feature = "process-pool")]
    ship: Option<shipment::Ship>,
}

thread_local! {
    static CURRENT: Cell<Option<Context>> = const { Cell::new(None) };
    /// Whether there is a current context: read at every step, and cheaper than the cell, which has a destructor.
    static ENTERED: Cell<bool> = const { Cell::new(false) };
}

impl Context {
    /// An empty context.
    pub fn new() -> Self {
        Self::default()
    }

    /// An independent context with the same bindings.
    pub fn copy(&self) -> Self {
        Self(Rc::new(RefCell::new(self.0.borrow().clone())))
    }

    /// Calls `f` in this context: what it sets stays in here.
    ///
    /// Unlike Python's, a context may be entered again while it is entered.
    pub fn run<R>(&self, f: impl FnOnce() -> R) -> R {
        let _entered = Entered::new(Some(self.clone()));
        f()
    }

    /// Whether the two are handles to one context.
    fn is(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }

    fn is_empty(&self) -> bool {
        self.0.borrow().is_none()
    }

    fn get(&self, key: usize) -> Option<Rc<dyn Any>> {
        let bindings = self.0.borrow();
        let mut binding = bindings.as_ref();
        while let Some(found) = binding {
            if found.key == key {
                return found.value.clone();
            }
            binding = found.older.as_ref();
        }
        None
    }

    fn set(&self, key: usize, value: Option<Rc<dyn Any>>, travel: Travel) {
        let older = without(self.0.borrow().as_ref(), key);
        *self.0.borrow_mut() = Some(Rc::new(Binding { key, value, travel, older }));
    }
}

/// The list without one variable, so that setting it a million times does not make a list of a million.
fn without(list: Option<&Rc<Binding>>, key: usize) -> Option<Rc<Binding>> {
    let list = list?;
    if list.key == key {
        return list.older.clone();
    }
    let mut newer = Vec::new();
    let mut rest = Some(list);
    while let Some(binding) = rest.filter(|binding| binding.key != key) {
        newer.push(binding);
        rest = binding.older.as_ref();
    }
    let Some(hit) = rest else { return Some(list.clone()) };
    newer.into_iter().rev().fold(hit.older.clone(), |older, binding| {
        let Binding { key, ref value, travel, .. } = **binding;
        Some(Rc::new(Binding { key, value: value.clone(), travel, older }))
    })
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Values may be secrets, and need not be printable.
        f.debug_struct("Context").field("empty", &self.is_empty()).finish_non_exhaustive()
    }
}

/// An independent copy of the current context. Python: `contextvars.copy_context`.
pub fn copy_context() -> Context {
    snapshot().unwrap_or_default()
}

/// A copy of the current context for a new handle or task; `None`, and no allocation, where nothing was set.
#[inline(always)]
pub(crate) fn snapshot() -> Option<Context> {
    if !ENTERED.get() {
        return None;
    }
    peek(|current| current.filter(|context| !context.is_empty()).map(Context::copy))
}

/// The current context, made now if there was none.
pub(crate) fn current() -> Context {
    let context = take().unwrap_or_default();
    put(Some(context.clone()));
    context
}

fn peek<R>(f: impl FnOnce(Option<&Context>) -> R) -> R {
    if !ENTERED.get() {
        return f(None);
    }
    let current = take();
    let result = f(current.as_ref());
    put(current);
    result
}

/// Whether there is a current context.
#[inline(always)]
pub(crate) fn is_entered() -> bool {
    ENTERED.get()
}

/// Puts a context in place of the current one and returns that.
#[inline(always)]
pub(crate) fn replace(context: Option<Context>) -> Option<Context> {
    if context.is_none() && !ENTERED.get() {
        return None;
    }
    swap(context)
}

#[inline(never)]
fn swap(context: Option<Context>) -> Option<Context> {
    let former = take();
    put(context);
    former
}

fn take() -> Option<Context> {
    ENTERED.set(false);
    CURRENT.try_with(Cell::take).ok().flatten()
}

/// A thread that ends has no context any more: whatever runs there still, in the destructor of a thread-local, finds
/// nothing set.
fn put(context: Option<Context>) {
    let entered = context.is_some();
    ENTERED.set(CURRENT.try_with(|current| current.set(context)).is_ok() && entered);
}

/// A context that is current until this is dropped.
pub(crate) struct Entered {
    outer: Option<Context>,
    _not_send: PhantomData<*const ()>,
}

impl Entered {
    pub(crate) fn new(context: Option<Context>) -> Self {
        Self { outer: replace(context), _not_send: PhantomData }
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        drop(replace(self.outer.take()));
    }
}
