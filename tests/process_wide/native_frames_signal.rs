//! The signal by which the watchdog asks for native frames: when there is one, whose it may not be, and what it leaves alone.

use std::process::ExitCode;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use asyncio::Runner;

use crate::native_frames::{LIMIT, STALL, frames, grinds_without_end, place};
use crate::program::{Program, Test, test};

pub(crate) const TESTS: &[Test] = &[
    test!(without_a_stall_no_signal_has_a_handler, does_well),
    test!(a_signal_that_nobody_asked_by_disturbs_nothing, is_sent_many),
    test!(a_program_that_has_all_signals_keeps_them, has_them_all),
    test!(a_signal_that_the_program_takes_later_is_its_own, takes_it_later),
    test!(a_thread_that_holds_signals_back_is_not_asked, holds_them_back),
    test!(a_thread_that_cannot_answer_is_not_waited_for_for_ever, is_deaf),
    test!(a_handler_on_another_stack_is_named, handles_elsewhere),
];

const HERE: &str = "tests/process_wide/native_frames_signal.rs:";

/// How many reports there were.
static REPORTS: Mutex<usize> = Mutex::new(0);
static REPORTED: Condvar = Condvar::new();

/// Prints, and tells whoever waits for a report.
struct Printer;

impl log::Log for Printer {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        eprintln!("{}", record.args());
        *REPORTS.lock().unwrap() += 1;
        REPORTED.notify_all();
    }

    fn flush(&self) {}
}

fn watched() -> Runner {
    log::set_logger(&Printer).unwrap();
    log::set_max_level(log::LevelFilter::Warn);
    Runner::builder().watchdog(LIMIT).build()
}

/// Blocks until there are so many reports.
#[inline(never)]
fn stalls_until(reports: usize) {
    drop(REPORTED.wait_while(REPORTS.lock().unwrap(), |seen| *seen < reports).unwrap());
}

/// The real-time signals that have a handler, as the system says.
fn handled() -> Vec<i32> {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap();
    let mask = u64::from_str_radix(mask.trim(), 16).unwrap();
    (libc::SIGRTMIN()..=libc::SIGRTMAX()).filter(|signal| mask & (1 << (signal - 1)) != 0).collect()
}

#[expect(unsafe_code, reason = "std has no signals")]
fn handle(signal: i32, handler: extern "C" fn(libc::c_int), flags: libc::c_int) {
    // SAFETY: all zeroes is a valid action.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = handler as *const () as libc::sighandler_t;
    action.sa_flags = flags;
    // SAFETY: the handlers of this file only count, or compute.
    assert_eq!(unsafe { libc::sigaction(signal, &action, ptr::null_mut()) }, 0);
}

static CALLED: AtomicUsize = AtomicUsize::new(0);

extern "C" fn counts(_: libc::c_int) {
    CALLED.fetch_add(1, Ordering::Relaxed);
}

fn does_well() -> ExitCode {
    let mut runner = watched();
    runner.run(asyncio::sleep(Duration::from_millis(300))).unwrap();
    runner.run(async { thread::sleep(Duration::from_millis(20)) }).unwrap();
    assert_eq!(handled(), []);
    runner.run(async { stalls_until(1) }).unwrap();
    assert_eq!(handled().len(), 1);
    runner.close().unwrap();
    // One may still be under way, and would end the process.
    assert_eq!(handled().len(), 1);
    ExitCode::SUCCESS
}

fn without_a_stall_no_signal_has_a_handler(program: Program) {
    let ended = program.end();
    place(&frames(&ended, 0), "stalls_until", HERE);
}

/// Sends the signal to a thread, again and again until told to stop.
#[expect(unsafe_code, reason = "std has no signals")]
fn send(signal: i32, thread: libc::pthread_t, stop: &AtomicBool) {
    while !stop.load(Ordering::Relaxed) {
        // SAFETY: the thread is the main one, which waits for this.
        assert_eq!(unsafe { libc::pthread_kill(thread, signal) }, 0);
        thread::sleep(Duration::from_millis(1));
    }
}

#[expect(unsafe_code, reason = "std has no signals")]
fn is_sent_many() -> ExitCode {
    let mut runner = watched();
    runner.run(async { stalls_until(1) }).unwrap();
    let [signal] = handled()[..] else { panic!("one signal") };
    // SAFETY: the call cannot fail.
    let main = unsafe { libc::pthread_self() };
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| send(signal, main, &stop));
        let began = Instant::now();
        // The loop sleeps in epoll_wait, which no flag of the handler lets go on.
        runner.run(asyncio::sleep(Duration::from_millis(300))).unwrap();
        let slept = began.elapsed();
        assert!(slept >= Duration::from_millis(300), "{slept:?}");
        runner.run(asyncio::to_thread(|| thread::sleep(Duration::from_millis(50)))).unwrap();
        stop.store(true, Ordering::Relaxed);
    });
    ExitCode::SUCCESS
}

fn a_signal_that_nobody_asked_by_disturbs_nothing(program: Program) {
    let ended = program.end();
    assert_eq!(frames(&ended, 0).len(), ended.stderr.lines().count() - 2, "there is nothing but the report: {ended:?}");
}

fn has_them_all() -> ExitCode {
    for signal in libc::SIGRTMIN()..=libc::SIGRTMAX() {
        handle(signal, counts, 0);
    }
    watched().run(async { stalls_until(1) }).unwrap();
    assert_eq!(CALLED.load(Ordering::Relaxed), 0);
    ExitCode::SUCCESS
}

fn a_program_that_has_all_signals_keeps_them(program: Program) {
    let ended = program.end();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stderr.contains("now in the system call futex, "), "{ended:?}");
    let expected = "\nno native frames: the program has a handler for each real-time signal, or holds it back\n";
    assert!(ended.stderr.ends_with(expected), "{ended:?}");
}

fn takes_it_later() -> ExitCode {
    let mut runner = watched();
    runner.run(async { stalls_until(1) }).unwrap();
    let [signal] = handled()[..] else { panic!("one signal") };
    handle(signal, counts, 0);
    runner.run(async { stalls_until(2) }).unwrap();
    assert_eq!(CALLED.load(Ordering::Relaxed), 0);
    assert_eq!(handled().len(), 2);
    ExitCode::SUCCESS
}

fn a_signal_that_the_program_takes_later_is_its_own(program: Program) {
    let ended = program.end();
    place(&frames(&ended, 0), "stalls_until", HERE);
    place(&frames(&ended, 1), "stalls_until", HERE);
}

#[expect(unsafe_code, reason = "std has no signals")]
fn holds_them_back() -> ExitCode {
    // SAFETY: all zeroes is a valid set.
    let mut all: libc::sigset_t = unsafe { std::mem::zeroed() };
    // SAFETY: the set lives through the call.
    unsafe { libc::sigfillset(&mut all) };
    // SAFETY: as above; the former set is not asked for.
    assert_eq!(unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, &all, ptr::null_mut()) }, 0);
    watched().run(async { stalls_until(1) }).unwrap();
    let status = std::fs::read_to_string("/proc/thread-self/status").unwrap();
    // Nothing was sent that would come some time.
    assert!(status.contains("SigPnd:\t0000000000000000"), "{status}");
    ExitCode::SUCCESS
}

fn a_thread_that_holds_signals_back_is_not_asked(program: Program) {
    let ended = program.end();
    assert!(ended.stderr.contains("\nno native frames: the program has a handler for each"), "{ended:?}");
    assert_eq!(ended.code, Some(0), "{ended:?}");
}

/// Waits for a child as `vfork` does: no signal but a deadly one gets in.
#[expect(unsafe_code, reason = "nothing else waits so")]
fn waits_deaf() {
    let flags = libc::CLONE_VFORK | libc::SIGCHLD;
    // SAFETY: a fork but for the wait. The child does nothing but sleep and end.
    let child = unsafe { libc::syscall(libc::SYS_clone, flags, 0, 0, 0, 0) };
    if child == 0 {
        let time = libc::timespec { tv_sec: 1, tv_nsec: 500_000_000 };
        // SAFETY: the time lives through the call.
        unsafe { libc::nanosleep(&time, ptr::null_mut()) };
        // SAFETY: it runs nothing of the process.
        unsafe { libc::_exit(0) };
    }
    // SAFETY: the status is not asked for.
    assert_eq!(unsafe { libc::waitpid(child as libc::pid_t, ptr::null_mut(), 0) }, child as libc::pid_t);
}

fn is_deaf() -> ExitCode {
    let mut runner = watched();
    runner.run(async { waits_deaf() }).unwrap();
    stalls_until(1);
    // What was not answered came late, and did nothing; the next question is.
    runner.run(async { stalls_until(2) }).unwrap();
    ExitCode::SUCCESS
}

fn a_thread_that_cannot_answer_is_not_waited_for_for_ever(program: Program) {
    let ended = program.end();
    let (first, second) = ended.stderr.split_at(ended.stderr.rfind("ASY0009").unwrap());
    assert!(first.contains("\nno native frames: the loop's thread did not answer; "), "{ended:?}");
    assert!(second.contains("native frames, innermost first:\n"), "{ended:?}");
    assert_eq!(ended.code, Some(0), "{ended:?}");
}

extern "C" fn computes_in_a_handler(_: libc::c_int) {
    std::hint::black_box(grinds_without_end(Instant::now() + STALL));
}

#[expect(unsafe_code, reason = "std has no signals")]
fn handles_elsewhere() -> ExitCode {
    handle(libc::SIGUSR1, computes_in_a_handler, libc::SA_ONSTACK);
    let raises = async {
        // SAFETY: it has a handler, which only computes. std gives each thread another stack for handlers.
        assert_eq!(unsafe { libc::raise(libc::SIGUSR1) }, 0);
    };
    watched().run(raises).unwrap();
    ExitCode::SUCCESS
}

fn a_handler_on_another_stack_is_named(program: Program) {
    let ended = program.end();
    let frames = frames(&ended, 0);
    // What is on the other stack is not read: there is where the thread was, and that it is not all.
    assert!(frames.len() >= 2, "{frames:#?}");
    assert_eq!(frames.last(), Some(&"and more, which cannot be told"), "{frames:#?}");
}
