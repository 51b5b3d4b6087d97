//! The chapter *Streams*.

mod cancelling;
mod clients;
mod dropping;
mod flow_control;
mod lines;
mod model;
mod polling;
mod reading;
mod servers;
mod until;
mod writing;
