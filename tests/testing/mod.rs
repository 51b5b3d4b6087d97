//! The testing kit.

mod leaks;
mod probe;
mod random_trees;
mod seeds;
mod stress;
