//! Windows has no signals that a loop could handle. What stands here can be named, and not made.

use std::convert::Infallible;
use std::io;

use super::RawFd;
use super::not_here::not_here;

/// Why no signals can be had.
#[derive(Debug)]
#[expect(dead_code, reason = "it is always the last one here")]
pub(crate) enum Refused {
    NotMainThread,
    Claimed,
    System(io::Error),
}

/// The right to the signals of the process, which nobody can have.
#[derive(Debug)]
pub(crate) struct Incoming(Infallible);

impl Incoming {
    pub(crate) fn claim() -> Result<Self, Refused> {
        Err(Refused::System(not_here("signals")))
    }

    pub(crate) fn fd(&self) -> RawFd {
        match self.0 {}
    }

    pub(crate) fn take(&self, _each: impl FnMut(i32)) -> io::Result<bool> {
        match self.0 {}
    }
}

/// A signal that was caught, which none can be.
pub(crate) struct Caught(Infallible);

impl Caught {
    pub(crate) fn catch(_signal: i32) -> io::Result<Self> {
        Err(not_here("signals"))
    }

    pub(crate) fn again(&self) -> io::Result<()> {
        match self.0 {}
    }
}

/// Whether the C library has a signal of this number.
pub(crate) fn is_valid(signal: i32) -> bool {
    use number::{SIGABRT, SIGFPE, SIGILL, SIGINT, SIGSEGV, SIGTERM};
    [SIGABRT, SIGFPE, SIGILL, SIGINT, SIGSEGV, SIGTERM].contains(&signal)
}

/// The C library's numbers; what it does not know gets one that it does not use, from 1000 on.
pub(crate) mod number {
    pub(crate) const SIGABRT: i32 = 22;
    pub(crate) const SIGFPE: i32 = 8;
    pub(crate) const SIGILL: i32 = 4;
    pub(crate) const SIGINT: i32 = 2;
    pub(crate) const SIGSEGV: i32 = 11;
    pub(crate) const SIGTERM: i32 = 15;

    pub(crate) const SIGALRM: i32 = 1000;
    pub(crate) const SIGBUS: i32 = 1001;
    pub(crate) const SIGCHLD: i32 = 1002;
    pub(crate) const SIGCONT: i32 = 1003;
    pub(crate) const SIGHUP: i32 = 1004;
    pub(crate) const SIGIO: i32 = 1005;
    pub(crate) const SIGKILL: i32 = 1006;
    pub(crate) const SIGPIPE: i32 = 1007;
    pub(crate) const SIGPROF: i32 = 1008;
    pub(crate) const SIGQUIT: i32 = 1009;
    pub(crate) const SIGSTOP: i32 = 1010;
    pub(crate) const SIGSYS: i32 = 1011;
    pub(crate) const SIGTRAP: i32 = 1012;
    pub(crate) const SIGTSTP: i32 = 1013;
    pub(crate) const SIGTTIN: i32 = 1014;
    pub(crate) const SIGTTOU: i32 = 1015;
    pub(crate) const SIGURG: i32 = 1016;
    pub(crate) const SIGUSR1: i32 = 1017;
    pub(crate) const SIGUSR2: i32 = 1018;
    pub(crate) const SIGVTALRM: i32 = 1019;
    pub(crate) const SIGWINCH: i32 = 1020;
    pub(crate) const SIGXCPU: i32 = 1021;
    pub(crate) const SIGXFSZ: i32 = 1022;
}
