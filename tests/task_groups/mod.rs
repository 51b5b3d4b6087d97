//! Task groups.

mod cancelling;
mod children;
mod errors;
