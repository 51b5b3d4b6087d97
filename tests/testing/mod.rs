//! The testing kit.

mod leaks;
mod probe;
mod seeds;
mod stress;
