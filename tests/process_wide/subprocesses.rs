//! Children and what the whole process shares: limits, SIGCHLD, descriptors.

use std::cell::Cell;
use std::fs::File;
use std::io::ErrorKind;
use std::process::ExitCode;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use asyncio::subprocess::{DEVNULL, PIPE};
use asyncio::{Error, Signal, create_subprocess_exec, create_subprocess_shell};

use crate::program::{Program, Test, succeed, test};

pub(crate) const TESTS: &[Test] = &[
    test!(a_child_that_cannot_be_forked_is_an_error_and_the_next_one_runs, without_processes),
    test!(a_child_without_descriptors_is_an_error_and_leaves_none_behind, without_descriptors),
    test!(children_leave_neither_zombies_nor_descriptors_behind, many_children),
    test!(a_handler_of_sigchld_and_children_do_not_disturb_each_other, handles_sigchld),
    test!(a_child_that_somebody_else_has_reaped_ended_with_255, reaps_everybody),
    test!(where_sigchld_is_ignored_children_end_with_255, ignores_sigchld),
    test!(a_child_of_a_fork_does_not_end_its_parents_children, forks),
    test!(a_new_session_or_environment_or_descriptors_to_pass_need_no_fork, counts_forks),
];

succeed! {
    a_child_that_cannot_be_forked_is_an_error_and_the_next_one_runs
    a_child_without_descriptors_is_an_error_and_leaves_none_behind
    children_leave_neither_zombies_nor_descriptors_behind
    a_handler_of_sigchld_and_children_do_not_disturb_each_other
    a_child_of_a_fork_does_not_end_its_parents_children
    a_new_session_or_environment_or_descriptors_to_pass_need_no_fork
}

fn a_child_that_somebody_else_has_reaped_ended_with_255(program: Program) {
    succeeds_with_warnings(program, 1);
}

fn where_sigchld_is_ignored_children_end_with_255(program: Program) {
    succeeds_with_warnings(program, 20);
}

/// One for each child.
fn succeeds_with_warnings(program: Program, count: usize) {
    let ended = program.end();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(ended.stderr.matches("is taken for 255").count(), count, "{ended:?}");
}

#[expect(unsafe_code, reason = "std has no limits")]
fn set_soft_limit(of: libc::__rlimit_resource_t, soft: libc::rlim_t) -> libc::rlim_t {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: `limit` lives through the call.
    assert_eq!(unsafe { libc::getrlimit(of, &mut limit) }, 0);
    let former = std::mem::replace(&mut limit.rlim_cur, soft);
    // SAFETY: as above.
    assert_eq!(unsafe { libc::setrlimit(of, &limit) }, 0);
    former
}

#[asyncio::main]
#[expect(unsafe_code, reason = "root has no limit of processes")]
async fn without_processes() {
    // SAFETY: numbers, and no other thread runs yet.
    unsafe { libc::setuid(54321) };
    let former = set_soft_limit(libc::RLIMIT_NPROC, 0);
    let Err(Error::OsError(error)) = create_subprocess_exec("/bin/true").stdin(PIPE).await else {
        panic!("there is no room for a process");
    };
    assert_eq!((error.kind(), error.subject()), (ErrorKind::WouldBlock, Some("/bin/true")));
    set_soft_limit(libc::RLIMIT_NPROC, former);
    assert_eq!(create_subprocess_exec("/bin/true").await.unwrap().wait().await.unwrap(), 0);
}

pub(crate) fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

pub(crate) fn children() -> String {
    std::fs::read_to_string("/proc/thread-self/children").unwrap()
}

#[asyncio::main]
async fn without_descriptors() {
    set_soft_limit(libc::RLIMIT_NOFILE, 64);
    let pipes = || create_subprocess_exec("/bin/true").stdin(PIPE).stdout(PIPE).stderr(PIPE);
    pipes().await.unwrap().communicate().await.unwrap();
    settled().await;
    let before = descriptors();
    let mut taken: Vec<File> = std::iter::from_fn(|| File::open("/dev/null").ok()).collect();
    // One more is free in each round, until there are enough; no round loses one.
    let mut failures = 0;
    loop {
        match pipes().await {
            Ok(mut process) => break process.communicate().await.map(drop).unwrap(),
            Err(Error::OsError(error)) => assert_eq!(error.raw_os_error(), Some(libc::EMFILE), "{error}"),
            Err(error) => panic!("{error}"),
        }
        settled().await;
        failures += 1;
        taken.pop();
    }
    assert!(failures >= 6, "{failures}");
    drop(taken);
    settled().await;
    assert_eq!((descriptors(), children().as_str()), (before, ""));
}

/// Everything that has ended is closed.
pub(crate) async fn settled() {
    for _ in 0..5 {
        asyncio::sleep(Duration::from_millis(1)).await;
    }
}

#[asyncio::main]
async fn many_children() {
    let before = descriptors();
    for _ in 0..100 {
        let mut process = create_subprocess_exec("/bin/cat").stdin(PIPE).stdout(PIPE).stderr(PIPE).await.unwrap();
        process.communicate().input("x").await.unwrap();
    }
    for _ in 0..10 {
        drop(create_subprocess_shell("sleep 0.01").stdout(PIPE).await.unwrap());
    }
    while !children().is_empty() {
        asyncio::sleep(Duration::from_millis(1)).await;
    }
    settled().await;
    assert_eq!(descriptors(), before);
}

#[asyncio::main]
async fn handles_sigchld() {
    let event_loop = asyncio::get_running_loop().unwrap();
    let count = Rc::new(Cell::new(0));
    let counter = count.clone();
    event_loop.add_signal_handler(Signal::SIGCHLD, move || counter.set(counter.get() + 1)).unwrap();
    for code in 0..5 {
        let process = create_subprocess_shell(format!("exit {code}")).await.unwrap();
        assert_eq!(process.wait().await.unwrap(), code);
        while count.get() <= code {
            asyncio::sleep(Duration::from_millis(1)).await;
        }
    }
    assert!(event_loop.remove_signal_handler(Signal::SIGCHLD));
    assert_eq!(create_subprocess_exec("/bin/true").await.unwrap().wait().await.unwrap(), 0);
}

#[asyncio::main]
#[expect(unsafe_code, reason = "std does not reap other people's children")]
async fn reaps_everybody() {
    let process = create_subprocess_shell("exit 3").await.unwrap();
    // SAFETY: a null pointer asks for no status.
    assert!(unsafe { libc::waitpid(-1, std::ptr::null_mut(), 0) } > 0);
    assert_eq!(process.wait().await.unwrap(), 255);
    assert!(process.kill().is_err());
}

#[asyncio::main]
#[expect(unsafe_code, reason = "std has no signals")]
async fn ignores_sigchld() {
    // SAFETY: no handler.
    unsafe { libc::signal(libc::SIGCHLD, libc::SIG_IGN) };
    for _ in 0..20 {
        let process = create_subprocess_exec("/bin/true").await.unwrap();
        assert_eq!(process.wait().await.unwrap(), 255);
    }
}

#[expect(unsafe_code, reason = "std does not fork")]
fn forks() -> ExitCode {
    let event_loop = asyncio::EventLoop::new().unwrap();
    let process =
        event_loop.run_until_complete(async { create_subprocess_exec("/bin/sleep").arg("10").await }).unwrap();
    // SAFETY: this process has one thread.
    let child = unsafe { libc::fork() };
    if child == 0 {
        drop(process);
        drop(event_loop);
        // SAFETY: ends this process.
        unsafe { libc::_exit(0) };
    }
    // SAFETY: a null pointer asks for no status.
    assert_eq!(unsafe { libc::waitpid(child, std::ptr::null_mut(), 0) }, child);
    assert_eq!(process.returncode(), None);
    process.kill().unwrap();
    let returncode = event_loop.run_until_complete(process.wait()).unwrap();
    assert_eq!(returncode, -9);
    ExitCode::SUCCESS
}

/// A hook runs at each `fork`, and at no `posix_spawn`.
#[asyncio::main]
#[expect(unsafe_code, reason = "std has no such hooks")]
async fn counts_forks() {
    static FORKS: AtomicUsize = AtomicUsize::new(0);
    extern "C" fn count() {
        FORKS.fetch_add(1, Ordering::Relaxed);
    }
    // SAFETY: the hook only adds to an atomic.
    unsafe { libc::pthread_atfork(Some(count), None, None) };
    let file = File::open("/dev/null").unwrap();
    let program = || create_subprocess_exec("true");
    for child in [
        program(),
        program().cwd("/").process_group(0),
        program().start_new_session(true).stdin(PIPE),
        program().env(std::env::vars_os()).stdout(DEVNULL),
        program().pass_fds([&file]).cwd("/"),
        create_subprocess_exec("nobody").executable("/bin/true").start_new_session(true),
    ] {
        assert_eq!(child.await.unwrap().wait().await.unwrap(), 0);
    }
    assert_eq!(FORKS.load(Ordering::Relaxed), 0);
    assert_eq!(program().umask(0o22).await.unwrap().wait().await.unwrap(), 0);
    assert_eq!(FORKS.load(Ordering::Relaxed), 1, "the hook works");
}
