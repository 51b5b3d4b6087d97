//! Scopes: children that borrow.

mod borrowing;
mod cancelled_from_inside;
mod dropping;
mod ending;
mod relays;
mod tasks;
