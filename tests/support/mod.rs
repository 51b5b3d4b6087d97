//! Helpers of the tests; no test stands in here.

pub(crate) mod datagrams;
pub(crate) mod journal;
pub(crate) mod log;
pub(crate) mod net;
pub(crate) mod quiet;
pub(crate) mod reports;
pub(crate) mod script;
pub(crate) mod tasks;
pub(crate) mod ticks;
