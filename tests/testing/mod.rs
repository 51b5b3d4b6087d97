//! The testing kit.

mod leaks;
mod memory;
mod probe;
mod random_trees;
mod seeds;
mod stress;
mod virtual_time;
