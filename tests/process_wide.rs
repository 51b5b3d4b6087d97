//! What concerns the whole process: limits, signals, children, the end.
//!
//! A binary without std's harness. Each of its tests is two functions: a program, and what watches it. The binary
//! starts itself once more for each test, with the program's name in the environment; the program then runs on the
//! main thread of a process of its own, as the user's `main` would.

#[path = "process_wide/activation.rs"]
mod activation;
#[path = "process_wide/allocations.rs"]
mod allocations;
#[path = "process_wide/command_line.rs"]
mod command_line;
#[path = "process_wide/ctrl_c.rs"]
mod ctrl_c;
#[path = "process_wide/emfile.rs"]
mod emfile;
#[path = "process_wide/exit_codes.rs"]
mod exit_codes;
#[path = "process_wide/faults.rs"]
mod faults;
#[cfg(target_os = "linux")]
#[path = "process_wide/filter.rs"]
mod filter;
#[path = "process_wide/fork.rs"]
mod fork;
#[path = "process_wide/fork_loop.rs"]
mod fork_loop;
#[path = "process_wide/idle.rs"]
mod idle;
#[path = "process_wide/inspection.rs"]
mod inspection;
#[path = "process_wide/key_log.rs"]
mod key_log;
#[cfg(target_os = "linux")]
#[path = "support/missing.rs"]
mod missing;
#[cfg(all(feature = "backtrace", target_os = "linux"))]
#[path = "process_wide/native_frames.rs"]
mod native_frames;
#[cfg(all(feature = "backtrace", target_os = "linux"))]
#[path = "process_wide/native_frames_signal.rs"]
mod native_frames_signal;
#[cfg(target_os = "linux")]
#[path = "process_wide/one_thread.rs"]
mod one_thread;
#[path = "process_wide/pipes.rs"]
mod pipes;
#[cfg(target_os = "linux")]
#[path = "process_wide/ports.rs"]
mod ports;
#[cfg(all(feature = "process-pool", target_os = "linux"))]
#[path = "process_wide/process_pool.rs"]
mod process_pool;
#[path = "process_wide/program.rs"]
mod program;
#[cfg(target_os = "linux")]
#[path = "process_wide/refused_datagrams.rs"]
mod refused_datagrams;
#[path = "process_wide/signals.rs"]
mod signals;
#[path = "process_wide/signals_and_ctrl_c.rs"]
mod signals_and_ctrl_c;
#[path = "process_wide/signals_given_back.rs"]
mod signals_given_back;
#[cfg(target_os = "linux")]
#[path = "process_wide/subprocesses.rs"]
mod subprocesses;
#[path = "process_wide/threads.rs"]
mod threads;
#[path = "process_wide/watchdog.rs"]
mod watchdog;
#[cfg(target_os = "linux")]
#[path = "process_wide/without_pidfd.rs"]
mod without_pidfd;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

use program::Test;

const TESTS: &[&[Test]] = &[
    activation::TESTS,
    allocations::TESTS,
    command_line::TESTS,
    ctrl_c::TESTS,
    emfile::TESTS,
    exit_codes::TESTS,
    faults::TESTS,
    fork::TESTS,
    fork_loop::TESTS,
    #[cfg(all(feature = "backtrace", target_os = "linux"))]
    native_frames::TESTS,
    #[cfg(all(feature = "backtrace", target_os = "linux"))]
    native_frames_signal::TESTS,
    pipes::TESTS,
    idle::TESTS,
    inspection::TESTS,
    key_log::TESTS,
    #[cfg(target_os = "linux")]
    one_thread::TESTS,
    #[cfg(target_os = "linux")]
    ports::TESTS,
    #[cfg(all(feature = "process-pool", target_os = "linux"))]
    process_pool::TESTS,
    #[cfg(target_os = "linux")]
    refused_datagrams::TESTS,
    signals::TESTS,
    signals_and_ctrl_c::TESTS,
    signals_given_back::TESTS,
    #[cfg(target_os = "linux")]
    subprocesses::TESTS,
    threads::TESTS,
    watchdog::TESTS,
    #[cfg(target_os = "linux")]
    without_pidfd::TESTS,
];

fn main() -> ExitCode {
    let tests = || TESTS.iter().copied().flatten();
    if let Some(name) = program::name() {
        return match tests().find(|test| test.name == name) {
            Some(test) => program::run(test),
            None => panic!("there is no program {name:?}; it has the name of its test"),
        };
    }
    let trials = tests().map(|test| Trial::test(test.name(), || program::watch(test))).collect();
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}
