//! `Signal`: the number of a signal that the system has.

use std::fmt;

use crate::exceptions::{Error, Result};
use crate::sys::signals::{is_valid, number};

/// A signal of the system's. Python: `signal.Signals`.
///
/// The constants bear POSIX's names; others, as the real-time signals, are made by [`new`](Self::new).
///
/// # Examples
///
/// ```
/// use asyncio::Signal;
///
/// assert_eq!(Signal::SIGTERM.to_string(), "SIGTERM");
/// assert_eq!(Signal::new(15)?, Signal::SIGTERM);
/// assert!(Signal::new(-1).is_err());
/// # Ok::<_, asyncio::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Signal(i32);

/// One constant a line, with what the system means by it.
macro_rules! constants {
    ($($name:ident: $meaning:literal,)*) => {
        impl Signal {
            $(#[doc = $meaning] pub const $name: Self = Self(number::$name);)*
        }

        const NAMES: &[(Signal, &str)] = &[$((Signal::$name, stringify!($name)),)*];
    };
}

constants! {
    SIGABRT: "The program ended itself by `abort`.",
    SIGALRM: "The timer of `alarm` is over.",
    SIGBUS: "A fault: memory that is not there. It cannot be handled on a loop.",
    SIGCHLD: "A child process stopped or ended.",
    SIGCONT: "Go on after a stop.",
    SIGFPE: "A fault: arithmetic. It cannot be handled on a loop.",
    SIGHUP: "The terminal is gone; to daemons: read the configuration again.",
    SIGILL: "A fault: no instruction. It cannot be handled on a loop.",
    SIGINT: "Ctrl-C.",
    SIGIO: "Input or output is possible.",
    SIGKILL: "The end at once; nothing can catch it.",
    SIGPIPE: "A pipe without a reader was written to. Rust's programs ignore it.",
    SIGPROF: "The timer for profiles is over.",
    SIGQUIT: "Ctrl-\\\\.",
    SIGSEGV: "A fault: memory that is not the program's. It cannot be handled on a loop.",
    SIGSTOP: "A stop; nothing can catch it.",
    SIGSYS: "No such system call.",
    SIGTERM: "A polite request to end.",
    SIGTRAP: "A breakpoint.",
    SIGTSTP: "Ctrl-Z.",
    SIGTTIN: "A process in the background reads from its terminal.",
    SIGTTOU: "A process in the background writes to its terminal.",
    SIGURG: "Urgent data on a socket.",
    SIGUSR1: "Whatever the program says.",
    SIGUSR2: "Whatever the program says.",
    SIGVTALRM: "The timer of the process's own time is over.",
    SIGWINCH: "The terminal's window has another size.",
    SIGXCPU: "Too much time was used.",
    SIGXFSZ: "A file became too large.",
}

impl Signal {
    /// The signal of this number.
    ///
    /// # Errors
    ///
    /// `ValueError` if the system has none, or keeps it for itself.
    pub fn new(number: i32) -> Result<Self> {
        if is_valid(number) {
            Ok(Self(number))
        } else {
            Err(Error::value_error(format!(
                "there is no signal {number} on this system; use one of Signal's constants, as Signal::SIGTERM"
            )))
        }
    }

    /// Its number.
    pub const fn as_raw(self) -> i32 {
        self.0
    }

    /// Whether a program that went on after it would run into it again at once.
    pub(super) fn is_fault(self) -> bool {
        matches!(self, Self::SIGBUS | Self::SIGFPE | Self::SIGILL | Self::SIGSEGV)
    }
}

impl TryFrom<i32> for Signal {
    type Error = Error;

    fn try_from(number: i32) -> Result<Self> {
        Self::new(number)
    }
}

impl From<Signal> for i32 {
    fn from(signal: Signal) -> Self {
        signal.0
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match NAMES.iter().find(|(signal, _)| signal == self) {
            Some((_, name)) => f.pad(name),
            None => write!(f, "signal {}", self.0),
        }
    }
}

impl fmt::Debug for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}
