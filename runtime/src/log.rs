//! The logger: the `log` crate's facade under the one target "asyncio".

use std::fmt;

/// The target of every record that this crate writes.
pub(crate) const TARGET: &str = "asyncio";

macro_rules! record {
    ($level:ident, $($text:tt)+) => {
        ::log::$level!(target: $crate::log::TARGET, $($text)+)
    };
}
pub(crate) use record;

/// A failure that nobody caught. Where no logger is installed it goes to standard error, so that it is never lost.
pub(crate) fn failure(text: &dyn fmt::Display) {
    if ::log::max_level() == ::log::LevelFilter::Off {
        eprintln!("{text}");
    } else {
        record!(error, "{text}");
    }
}

/// Something that debug mode has found, or that was given up though nothing has failed. As with failures: seen without a
/// logger, too.
pub(crate) fn warning(text: impl fmt::Display) {
    if ::log::max_level() == ::log::LevelFilter::Off {
        eprintln!("{text}");
    } else {
        record!(warn, "{text}");
    }
}
