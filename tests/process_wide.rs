//! What concerns the whole process: limits, signals, children, the end.

#[path = "process_wide/emfile.rs"]
mod emfile;
#[path = "process_wide/fork.rs"]
mod fork;
