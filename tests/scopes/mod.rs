//! Scopes: children that borrow.

mod borrowing;
mod ending;
mod tasks;
