//! `ContextVar`: one variable, usually a `static`.

use std::any::Any;
use std::fmt;
use std::marker::PhantomData;
use std::rc::Rc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::luggage::{self, Depart};
use super::{Context, current, peek};
use crate::exceptions::{Error, Result};

/// A variable whose value belongs to the current context. Python: `contextvars.ContextVar`.
///
/// A task starts with a copy of its creator's values, and what it sets is seen by itself, its children and its
/// callbacks only. [`to_thread`](crate::to_thread) takes clones of the values along; a value that cannot leave its
/// thread needs a [`local`](Self::local) variable.
///
/// # Examples
///
/// ```
/// static REQUEST: asyncio::ContextVar<u32> = asyncio::ContextVar::new("request");
///
/// # fn main() -> asyncio::Result<()> {
/// asyncio::run(async {
///     REQUEST.set(7);
///     let child = asyncio::create_task(async { assert_eq!(REQUEST.get(), Some(7)) });
///     child.await
/// })
/// # }
/// ```
pub struct ContextVar<T> {
    name: &'static str,
    default: Option<fn() -> T>,
    key: OnceLock<usize>,
    depart: Option<Depart>,
}

impl<T: Clone + Send + 'static> ContextVar<T> {
    /// A variable without a default.
    pub const fn new(name: &'static str) -> Self {
        Self { name, default: None, key: OnceLock::new(), depart: Some(luggage::depart::<T>) }
    }

    /// A variable that has the value of `default` where it was not set.
    pub const fn with_default(name: &'static str, default: fn() -> T) -> Self {
        Self { name, default: Some(default), key: OnceLock::new(), depart: Some(luggage::depart::<T>) }
    }
}

impl<T: Clone + 'static> ContextVar<T> {
    /// A variable whose values stay on their thread: on another one, as in [`to_thread`](crate::to_thread), it is not
    /// set. For what is not `Send`.
    pub const fn local(name: &'static str) -> Self {
        Self { name, default: None, key: OnceLock::new(), depart: None }
    }

    /// The name that it was given.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The value in the current context, or the default.
    pub fn get(&self) -> Option<T> {
        let bound = peek(|bound| bound?.get(self.key()));
        match bound {
            Some(value) => value.downcast_ref::<T>().cloned(),
            None => self.default.map(|default| default()),
        }
    }

    /// Sets the value in the current context; the token can undo it.
    pub fn set(&self, value: T) -> Token<T> {
        let context = current();
        let former = context.get(self.key());
        context.set(self.key(), Some(Rc::new(value)), self.depart);
        Token { key: self.key(), former, context, value: PhantomData }
    }

    /// Puts back what the variable had before the `set` that gave this token.
    ///
    /// # Errors
    ///
    /// `ValueError` if the token comes from another variable, or from another context.
    pub fn reset(&self, token: Token<T>) -> Result<()> {
        if token.key != self.key() {
            let text =
                format!("the token was made by another variable than {:?}; keep one token a variable", self.name);
            return Err(Error::value_error(text));
        }
        let context = current();
        if !context.is(&token.context) {
            let text = format!("the token of {:?} was made in another context; reset it where it was set", self.name);
            return Err(Error::value_error(text));
        }
        context.set(self.key(), token.former, self.depart);
        Ok(())
    }

    fn key(&self) -> usize {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        *self.key.get_or_init(|| NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

impl<T> fmt::Debug for ContextVar<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ContextVar").field("name", &self.name).finish_non_exhaustive()
    }
}

/// What a variable had before it was set. Python: `contextvars.Token`.
pub struct Token<T> {
    key: usize,
    former: Option<Rc<dyn Any>>,
    context: Context,
    value: PhantomData<T>,
}

impl<T> fmt::Debug for Token<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token").finish_non_exhaustive()
    }
}
