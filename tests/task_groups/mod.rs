//! Task groups.

mod cancelled_before;
mod cancelling;
mod children;
mod errors;
mod exception_group;
mod nesting;
