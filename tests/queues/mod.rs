//! The chapter *Queues*.

mod basic;
mod get;
mod join;
mod kinds;
mod model;
mod put;
mod shutdown;
mod stream;
