//! What concerns the whole process: limits, signals, children, the end. Each test runs itself in a process of its own.

#[path = "process_wide/emfile.rs"]
mod emfile;
