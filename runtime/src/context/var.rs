//! `ContextVar`: one variable, usually a `static`.

use std::any::Any;
use std::fmt;
use std::marker::PhantomData;
use std::rc::Rc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

#[cfg(feature = "process-pool")]
use serde::{Serialize, de::DeserializeOwned};

#[cfg(feature = "process-pool")]
use super::shipment;
use super::{Context, Travel, current, luggage, peek};
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
    travel: Travel,
    /// What came from another process, if a value came.
    #[cfg(feature = "process-pool")]
    arrived: Option<fn(&str) -> Option<T>>,
}

impl<T: Clone + Send + 'static> ContextVar<T> {
    /// A variable without a default.
    pub const fn new(name: &'static str) -> Self {
        Self::made(name, None, Travel::to_threads::<T>())
    }

    /// A variable that has the value of `default` where it was not set.
    pub const fn with_default(name: &'static str, default: fn() -> T) -> Self {
        Self::made(name, Some(default), Travel::to_threads::<T>())
    }
}

#[cfg(feature = "process-pool")]
impl<T: Clone + Send + Serialize + DeserializeOwned + 'static> ContextVar<T> {
    /// A variable whose value goes along to other processes, with each call of a [remote](macro@crate::remote) function.
    ///
    /// There it is found by its name and type, so no two such variables of a program may have the same of both. What the
    /// function sets does not come back. A value that cannot be turned into bytes stays.
    ///
    /// # Examples
    ///
    /// ```
    /// use asyncio::{ContextVar, Executor, ProcessPoolExecutor, Result};
    ///
    /// static REQUEST: ContextVar<u32> = ContextVar::remote("request");
    ///
    /// #[asyncio::remote]
    /// fn request() -> Result<Option<u32>> {
    ///     Ok(REQUEST.get())
    /// }
    ///
    /// #[asyncio::main]
    /// async fn main() -> Result<()> {
    ///     let pool = ProcessPoolExecutor::builder().max_workers(1).build()?;
    ///     REQUEST.set(7);
    ///     assert_eq!(request.on(&pool)().await?, Some(7));
    ///     Ok(())
    /// }
    /// ```
    pub const fn remote(name: &'static str) -> Self {
        let mut variable = Self::made(name, None, Travel::to_processes::<T>(name));
        variable.arrived = Some(shipment::arrived::<T>);
        variable
    }
}

impl<T> ContextVar<T> {
    const fn made(name: &'static str, default: Option<fn() -> T>, travel: Travel) -> Self {
        Self {
            name,
            default,
            key: OnceLock::new(),
            travel,
            #[cfg(feature = "process-pool")]
            arrived: None,
        }
    }
}

impl Travel {
    const fn nowhere() -> Self {
        Self {
            depart: None,
            #[cfg(feature = "process-pool")]
            ship: None,
        }
    }

    const fn to_threads<T: Clone + Send + 'static>() -> Self {
        let mut travel = Self::nowhere();
        travel.depart = Some(luggage::depart::<T>);
        travel
    }

    #[cfg(feature = "process-pool")]
    const fn to_processes<T: Clone + Send + Serialize + 'static>(name: &'static str) -> Self {
        let mut travel = Self::to_threads::<T>();
        travel.ship = Some(shipment::Ship::new::<T>(name));
        travel
    }
}

impl<T: Clone + 'static> ContextVar<T> {
    /// A variable whose values stay on their thread: on another one, as in [`to_thread`](crate::to_thread), it is not
    /// set. For what is not `Send`.
    pub const fn local(name: &'static str) -> Self {
        Self::made(name, None, Travel::nowhere())
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
            None => self.come().or_else(|| self.default.map(|default| default())),
        }
    }

    #[cfg(feature = "process-pool")]
    fn come(&self) -> Option<T> {
        self.arrived?(self.name)
    }

    #[cfg(not(feature = "process-pool"))]
    fn come(&self) -> Option<T> {
        None
    }

    /// Sets the value in the current context; the token can undo it.
    pub fn set(&self, value: T) -> Token<T> {
        let context = current();
        let former = context.get(self.key());
        context.set(self.key(), Some(Rc::new(value)), self.travel);
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
        context.set(self.key(), token.former, self.travel);
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
