//! A program in a process of its own, as its test sees it: what it prints, what it is sent, how it ends.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitCode, Stdio};
use std::sync::mpsc::{self, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use libtest_mimic::Failed;

/// A test: the program, and what watches it.
pub(crate) struct Test {
    pub(crate) name: &'static str,
    pub(crate) program: fn() -> ExitCode,
    pub(crate) watch: fn(Program),
}

impl Test {
    /// The name as the test's users know it: without the name of the binary.
    pub(crate) fn name(&self) -> &'static str {
        self.name.split_once("::").map_or(self.name, |(_, name)| name)
    }
}

/// A [`Test`], named after the function that watches.
macro_rules! test {
    ($watch:ident, $program:expr) => {
        crate::program::Test {
            name: concat!(module_path!(), "::", stringify!($watch)),
            program: $program,
            watch: $watch,
        }
    };
}
pub(crate) use test;

/// Tests whose programs say it all: they succeed, and report nothing.
macro_rules! succeed {
    ($($name:ident)*) => {
        $(fn $name(program: crate::program::Program) {
            crate::program::succeeds(program);
        })*
    };
}
pub(crate) use succeed;

/// Says to the process which program it is.
pub(crate) const NAME: &str = "ASYNCIO_TEST_PROGRAM";
/// Nothing here takes a tenth of it.
const LIMIT: Duration = Duration::from_secs(60);

/// The program that this process is, if it is one.
pub(crate) fn name() -> Option<String> {
    std::env::var(NAME).ok()
}

/// Runs a test's program in this process.
pub(crate) fn run(test: &Test) -> ExitCode {
    reset_signals();
    (test.program)()
}

/// What whoever started the tests ignores, as `nohup` and shells without job control do, is not ignored here.
#[expect(unsafe_code, reason = "std has no signals")]
fn reset_signals() {
    for signal in [libc::SIGHUP, libc::SIGINT, libc::SIGQUIT, libc::SIGTERM] {
        // SAFETY: the default action is the system's own.
        assert_ne!(unsafe { libc::signal(signal, libc::SIG_DFL) }, libc::SIG_ERR);
    }
}

/// Starts a test's program and watches it.
pub(crate) fn watch(test: &'static Test) -> Result<(), Failed> {
    let watched = catch_unwind(AssertUnwindSafe(|| (test.watch)(Program::start(test.name))));
    watched.map_err(|panic| match panic.downcast::<String>() {
        Ok(text) => Failed::from(*text),
        Err(panic) => Failed::from(panic.downcast_ref::<&str>().copied().unwrap_or("a panic without a text")),
    })
}

/// A running program.
pub(crate) struct Program {
    child: Child,
    /// Closed to let the program go on where it reads.
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
    /// What was read of the standard output so far.
    printed: String,
    stderr: JoinHandle<String>,
    watchdog: Sender<()>,
}

/// How a program ended.
#[derive(Debug)]
pub(crate) struct Ended {
    /// The exit code, if it was not ended by a signal.
    pub(crate) code: Option<i32>,
    /// The signal that ended it.
    pub(crate) signal: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Program {
    fn start(name: &str) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .env(NAME, name)
            .env_remove("RUST_BACKTRACE")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut errors = child.stderr.take().unwrap();
        let stderr = thread::spawn(move || {
            let mut text = String::new();
            errors.read_to_string(&mut text).unwrap();
            text
        });
        Self {
            stdin: child.stdin.take(),
            stdout: BufReader::new(child.stdout.take().unwrap()),
            printed: String::new(),
            stderr,
            watchdog: guard(child.id()),
            child,
        }
    }

    /// The number of its process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Reads until the program has printed this line.
    pub(crate) fn wait_for(&mut self, line: &str) {
        let mut read = String::new();
        while read.trim_end() != line {
            read.clear();
            let length = self.stdout.read_line(&mut read).unwrap();
            assert!(length > 0, "the program ended before it printed {line:?}; it printed {:?}", self.printed);
            self.printed.push_str(&read);
        }
    }

    /// Lets a program go on that waits in [`pause`].
    pub(crate) fn go_on(&mut self) {
        writeln!(self.stdin.as_mut().unwrap()).unwrap();
    }

    /// Until the system says that the program sleeps. Elsewhere than on Linux this does not wait: there the test shows
    /// less, and does not fail.
    pub(crate) fn until_it_sleeps(&self) {
        let stat = format!("/proc/{}/stat", self.child.id());
        // After the name, which is in brackets, comes the state.
        let sleeps = |stat: String| stat.rsplit(") ").next().is_some_and(|rest| rest.starts_with('S'));
        while std::fs::read_to_string(&stat).is_ok_and(|stat| !sleeps(stat)) {
            thread::yield_now();
        }
    }

    /// Sends what Ctrl-C sends.
    pub(crate) fn interrupt(&self) {
        self.signal(libc::SIGINT);
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, signal: i32) {
        kill(self.child.id(), signal);
    }

    /// Waits for the end, with the standard input open all the time.
    pub(crate) fn wait_until_it_ends(&mut self) {
        self.child.wait().unwrap();
    }

    /// Waits for the end.
    pub(crate) fn end(mut self) -> Ended {
        drop(self.stdin.take());
        self.stdout.read_to_string(&mut self.printed).unwrap();
        let status = self.child.wait().unwrap();
        drop(self.watchdog);
        let stderr = self.stderr.join().unwrap();
        Ended { code: status.code(), signal: status.signal(), stdout: self.printed, stderr }
    }
}

/// Waits until the test says `go_on`.
pub(crate) fn pause() {
    std::io::stdin().lines().next().unwrap().unwrap();
}

/// For a test whose program says it all; it reports nothing.
pub(crate) fn succeeds(program: Program) {
    let ended = program.end();
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{ended:#?}");
}

/// Ends a process that hangs, so that its test fails.
fn guard(process: u32) -> Sender<()> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        if receiver.recv_timeout(LIMIT) == Err(mpsc::RecvTimeoutError::Timeout) {
            kill(process, libc::SIGKILL);
        }
    });
    sender
}

fn kill(process: u32, signal: i32) {
    // SAFETY: the process is a child that was not waited for yet.
    #[expect(unsafe_code, reason = "std has no signals")]
    let result = unsafe { libc::kill(i32::try_from(process).unwrap(), signal) };
    assert_eq!(result, 0);
}
