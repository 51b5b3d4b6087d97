//! What is being made and would be nobody's if the making were cancelled now: it is closed then.

use std::ops::Deref;

/// Closes a transport or server that is dropped before it is [`finish`](Self::finish)ed.
pub(crate) struct Unfinished<T> {
    made: Option<T>,
    close: fn(&T),
}

impl<T> Unfinished<T> {
    pub(crate) fn new(made: T, close: fn(&T)) -> Self {
        Self { made: Some(made), close }
    }

    /// Somebody has it now.
    pub(crate) fn finish(mut self) -> T {
        self.made.take().expect("it is taken once, here")
    }
}

impl<T> Deref for Unfinished<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.made.as_ref().expect("it is taken when it is finished")
    }
}

impl<T> Drop for Unfinished<T> {
    fn drop(&mut self) {
        if let Some(made) = &self.made {
            (self.close)(made);
        }
    }
}
