//! Which signal asks: a real-time one that nobody else has.
//!
//! It is chosen at the first question, and the handler stays: a question that was not answered in time may still be under
//! way, and a real-time signal that nobody handles ends the process. A program that takes the signal for itself later has
//! it, and the next question finds another one. Programs that this one starts have the default action, as always.

use std::fs;
use std::io;
use std::sync::atomic::{AtomicI32, Ordering};

use super::question::on_signal;
use crate::sys::signals::{action, default, set_action};

/// The one that was chosen; zero is none yet.
static CHOSEN: AtomicI32 = AtomicI32::new(0);

/// A signal that the thread can be asked by.
pub(super) fn claim(thread: usize) -> io::Result<i32> {
    let blocked = blocked(thread)?;
    let open = |signal: i32| blocked & (1 << (signal - 1)) == 0;
    let chosen = CHOSEN.load(Ordering::Relaxed);
    if chosen != 0 && open(chosen) && is_ours(&action(chosen)?) {
        return Ok(chosen);
    }
    // From above: programs that use such signals count from below. The last one is valgrind's.
    for signal in (libc::SIGRTMIN()..libc::SIGRTMAX()).rev().filter(|signal| open(*signal)) {
        if is_ours(&action(signal)?) || install(signal)? {
            CHOSEN.store(signal, Ordering::Relaxed);
            return Ok(signal);
        }
    }
    Err(io::Error::other("the program has a handler for each real-time signal, or holds it back"))
}

/// False: somebody else has it.
fn install(signal: i32) -> io::Result<bool> {
    if action(signal)?.sa_sigaction != libc::SIG_DFL {
        return Ok(false);
    }
    let mut ours = default();
    ours.sa_sigaction = on_signal as *const () as libc::sighandler_t;
    // What the thread waits in goes on, where the system can do that; a thread with a stack for signals uses it.
    ours.sa_flags = libc::SA_SIGINFO | libc::SA_RESTART | libc::SA_ONSTACK;
    set_action(signal, &ours)?;
    Ok(true)
}

fn is_ours(action: &libc::sigaction) -> bool {
    action.sa_sigaction == on_signal as *const () as libc::sighandler_t
}

/// The signals that the thread holds back, a bit each. One that is held back would stay under way, even into a program that
/// the thread becomes by `exec`, and end that.
fn blocked(thread: usize) -> io::Result<u64> {
    let status = fs::read_to_string(format!("/proc/self/task/{thread}/status"))?;
    let mask = status.lines().find_map(|line| line.strip_prefix("SigBlk:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.ok_or_else(|| io::Error::other("the system does not say which signals the thread holds back"))
}
