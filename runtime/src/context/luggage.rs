//! What of a context goes along to another thread: a clone of each value that may.
//!
//! A context is shared within its thread and cannot leave it. So its values are cloned before the journey and bound
//! again after it, in a context of the other thread's own: what is set there does not come back, as in Python.

use std::any::Any;
use std::fmt;
use std::rc::Rc;

use super::{Context, Entered, Travel, peek};

/// Clones a value for the journey.
pub(super) type Depart = fn(&dyn Any) -> Option<Packed>;

/// A cloned value, and how it is bound again.
type Packed = Box<dyn FnOnce() -> Rc<dyn Any> + Send>;

/// [`Depart`] for values of type `T`.
pub(super) fn depart<T: Clone + Send + 'static>(value: &dyn Any) -> Option<Packed> {
    let value = value.downcast_ref::<T>()?.clone();
    Some(Box::new(move || Rc::new(value)))
}

/// The values of a context, on their way to another thread.
#[derive(Default)]
pub(crate) struct Luggage {
    values: Vec<(usize, Travel, Packed)>,
}

impl fmt::Debug for Luggage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Values may be secrets, and need not be printable.
        f.debug_struct("Luggage").field("values", &self.values.len()).finish_non_exhaustive()
    }
}

impl Luggage {
    /// Clones what the current context has. No allocation where nothing was set.
    pub(crate) fn pack() -> Self {
        peek(|current| current.map_or_else(Self::default, Self::of))
    }

    fn of(context: &Context) -> Self {
        // Cloning a value runs code of the user's: nothing is borrowed then.
        let bindings = context.0.borrow().clone();
        let mut values = Vec::new();
        let mut binding = bindings.as_ref();
        while let Some(bound) = binding {
            if let (Some(value), Some(depart)) = (&bound.value, bound.travel.depart) {
                values.extend(depart(&**value).map(|packed| (bound.key, bound.travel, packed)));
            }
            binding = bound.older.as_ref();
        }
        Self { values }
    }

    /// Calls `f` in a new context that has these values.
    pub(crate) fn unpack<R>(self, f: impl FnOnce() -> R) -> R {
        let context = (!self.values.is_empty()).then(Context::new);
        if let Some(context) = &context {
            for (key, travel, packed) in self.values {
                context.set(key, Some(packed()), travel);
            }
        }
        let _entered = Entered::new(context);
        f()
    }
}
