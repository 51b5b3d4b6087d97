//! Processes that cannot be looked into.

use std::process::{Command, Stdio};

use asyncio::{Error, ProcessTasks};

#[test]
fn a_process_that_is_not_there_is_an_error_that_says_so() {
    let error = ProcessTasks::read(u32::MAX / 4).unwrap_err();
    assert!(error.to_string().contains("there is no process"), "{error}");
}

#[test]
fn a_program_without_asyncio_is_an_error_that_says_so() {
    let mut child = Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    let error = ProcessTasks::read(child.id()).unwrap_err();
    assert!(matches!(error, Error::RuntimeError(_)), "{error}");
    assert!(error.to_string().contains("is no program with asyncio"), "{error}");
    drop(child.stdin.take());
    child.wait().unwrap();
}

#[cfg(target_os = "linux")]
#[test]
fn a_process_that_has_ended_is_an_error_that_says_so() {
    let mut child = Command::new("true").spawn().unwrap();
    let stat = format!("/proc/{}/stat", child.id());
    while !std::fs::read_to_string(&stat).unwrap().contains(") Z ") {
        std::thread::yield_now();
    }
    let error = ProcessTasks::read(child.id()).unwrap_err();
    assert!(error.to_string().contains("has ended"), "{error}");
    child.wait().unwrap();
}
