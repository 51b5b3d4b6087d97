//! Task groups.

mod cancelling;
mod children;
mod errors;
mod exception_group;
mod nesting;
