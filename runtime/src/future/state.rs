//! The three states of a future, and the one transition that each allows. Pure.
//!
//! ```text
//!               finish(Ok) / finish(Err)
//!   Pending ───────────────────────────────▶ Finished
//!      │  cancel
//!      └───────────────────────────────────▶ Cancelled
//! ```

use crate::exceptions::{CancelledError, Error, InvalidStateError, Message, Result};

pub(super) enum State<T> {
    Pending,
    Finished(Result<T>),
    Cancelled(Option<Message>),
}

impl<T> State<T> {
    pub(super) fn is_done(&self) -> bool {
        !matches!(self, Self::Pending)
    }

    pub(super) fn is_cancelled(&self) -> bool {
        matches!(self, Self::Cancelled(_))
    }

    /// Pending becomes finished; anything else is an error and stays.
    pub(super) fn finish(&mut self, outcome: Result<T>) -> Result<(), InvalidStateError> {
        if self.is_done() {
            let how = if self.is_cancelled() { "was cancelled" } else { "has its result" };
            return Err(InvalidStateError::new(format!("the future {how} already; ask done() before setting one")));
        }
        *self = Self::Finished(outcome);
        Ok(())
    }

    /// Pending becomes cancelled; false if it was done.
    pub(super) fn cancel(&mut self, message: Option<Message>) -> bool {
        if self.is_done() {
            return false;
        }
        *self = Self::Cancelled(message);
        true
    }

    /// The outcome, as an error if there is none yet.
    pub(super) fn result(&self) -> Result<T>
    where
        T: Clone,
    {
        match self {
            Self::Pending => Err(Error::invalid_state("the result is not set yet; await the future")),
            Self::Finished(outcome) => outcome.clone(),
            Self::Cancelled(message) => Err(cancelled(message).into()),
        }
    }

    /// The exception, if it failed.
    pub(super) fn exception(&self) -> Result<Option<Error>> {
        match self {
            Self::Pending => Err(Error::invalid_state("the exception is not set yet; await the future")),
            Self::Finished(outcome) => Ok(outcome.as_ref().err().cloned()),
            Self::Cancelled(message) => Err(cancelled(message).into()),
        }
    }

    pub(super) fn cancelled_error(&self) -> Option<CancelledError> {
        match self {
            Self::Cancelled(message) => Some(cancelled(message)),
            _ => None,
        }
    }
}

fn cancelled(message: &Option<Message>) -> CancelledError {
    CancelledError::from_message(message.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_one_transition() {
        let mut state = State::Pending;
        assert!(matches!(state.result(), Err(Error::InvalidStateError(_))));
        state.finish(Ok(1)).unwrap();
        assert!(state.finish(Ok(2)).is_err());
        assert!(!state.cancel(None));
        assert_eq!(state.result().unwrap(), 1);
    }

    #[test]
    fn a_cancelled_one_keeps_its_message() {
        let mut state: State<()> = State::Pending;
        assert!(state.cancel(Some(Message::new("enough"))));
        assert!(state.finish(Ok(())).is_err());
        assert_eq!(state.cancelled_error().unwrap().message(), Some("enough"));
        assert!(state.result().unwrap_err().is_cancelled());
    }
}
