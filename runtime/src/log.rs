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

/// As [`failure`], where something was given up and nothing has failed.
pub(crate) fn warning(text: &dyn fmt::Display) {
    if ::log::max_level() == ::log::LevelFilter::Off {
        eprintln!("{text}");
    } else {
        record!(warn, "{text}");
    }
}
