//! Helpers of the tests; no test stands in here.

pub(crate) mod datagrams;
pub(crate) mod files;
#[cfg(target_os = "linux")]
pub(crate) mod holes;
pub(crate) mod journal;
pub(crate) mod log;
pub(crate) mod missing;
pub(crate) mod net;
pub(crate) mod paths;
pub(crate) mod pipes;
pub(crate) mod quiet;
pub(crate) mod reports;
pub(crate) mod script;
pub(crate) mod streams;
pub(crate) mod tasks;
pub(crate) mod ticks;
