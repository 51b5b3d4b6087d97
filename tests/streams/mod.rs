//! The chapter *Streams*.

mod cancelling;
mod clients;
mod dropping;
mod flow_control;
#[cfg(feature = "hyper")]
mod hyper;
mod lent;
mod lines;
mod model;
mod pipes;
mod polling;
mod promptness;
mod reading;
mod servers;
#[cfg(feature = "tokio-io")]
mod tokio_io;
mod unix;
mod until;
mod writing;
