//! Children on a Linux without process descriptors: a filter of system calls makes this one of those.

use std::cell::Cell;
use std::process::ExitCode;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use asyncio::subprocess::PIPE;
use asyncio::{Signal, create_subprocess_exec, create_subprocess_shell};

use crate::filter::{Birth, refuse};
use crate::program::{Program, Test, succeed, test};
use crate::subprocesses::{children, descriptors, settled};

pub(crate) const TESTS: &[Test] = &[
    test!(children_end_as_they_do_elsewhere, ordinary),
    test!(a_handler_of_sigchld_that_comes_and_goes_does_not_disturb_children, handler_comes_and_goes),
    test!(a_handler_that_was_there_before_is_still_called, former_handler),
    test!(loops_in_several_threads_hear_of_their_own_children, threads),
    test!(a_child_that_runs_is_killed_with_its_loop, ends_with_the_loop),
    test!(where_sigchld_is_ignored_children_still_leave_no_zombies, ignored),
];

succeed! {
    children_end_as_they_do_elsewhere
    a_handler_of_sigchld_that_comes_and_goes_does_not_disturb_children
    a_handler_that_was_there_before_is_still_called
    loops_in_several_threads_hear_of_their_own_children
    a_child_that_runs_is_killed_with_its_loop
}

fn where_sigchld_is_ignored_children_still_leave_no_zombies(program: Program) {
    let ended = program.end();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(ended.stderr.matches("is taken for 255").count(), 5, "{ended:?}");
}

/// From now on the system says that it has no such call.
#[expect(unsafe_code, reason = "std has no such call")]
fn forget_process_descriptors() {
    refuse(libc::SYS_pidfd_open, Birth::WithDescriptor, libc::EINVAL);
    // SAFETY: numbers.
    assert_eq!(unsafe { libc::syscall(libc::SYS_pidfd_open, libc::getpid(), 0) }, -1);
}

#[asyncio::main]
async fn ordinary() {
    forget_process_descriptors();
    // As many pipes as there were children at once stay.
    let many = (0..5).map(|_| async { create_subprocess_exec("true").await?.wait().await });
    assert_eq!(asyncio::gather(many.collect::<Vec<_>>()).await.unwrap(), [0; 5]);
    settled().await;
    let before = descriptors();
    for code in 0..20 {
        let mut process = create_subprocess_shell(format!("cat; exit {code}")).stdin(PIPE).stdout(PIPE).await.unwrap();
        let (output, _) = process.communicate().input("x").await.unwrap();
        assert_eq!((output.as_deref(), process.returncode()), (Some(&b"x"[..]), Some(code)));
    }
    let process = create_subprocess_exec("sleep").arg("100").await.unwrap();
    process.terminate().unwrap();
    assert_eq!(process.wait().await.unwrap(), -15);
    assert!(process.kill().is_err(), "its number may be another one's");
    let shell = create_subprocess_shell("sleep 100 & wait").process_group(0).await.unwrap();
    assert_eq!(shell.terminate_tree(Duration::from_secs(5)).await.unwrap(), -15);
    drop(create_subprocess_exec("sleep").arg("100").kill_on_drop(true).await.unwrap());
    while !children().is_empty() {
        asyncio::sleep(Duration::from_millis(1)).await;
    }
    settled().await;
    assert_eq!(descriptors(), before);
    let many = (0..50).map(|_| async { create_subprocess_exec("true").await?.wait().await });
    assert_eq!(asyncio::gather(many.collect::<Vec<_>>()).await.unwrap(), [0; 50]);
}

#[asyncio::main]
async fn handler_comes_and_goes() {
    forget_process_descriptors();
    let event_loop = asyncio::get_running_loop().unwrap();
    let count = Rc::new(Cell::new(0));
    for round in 1..=3 {
        let counter = count.clone();
        event_loop.add_signal_handler(Signal::SIGCHLD, move || counter.set(counter.get() + 1)).unwrap();
        assert_eq!(create_subprocess_shell("exit 3").await.unwrap().wait().await.unwrap(), 3);
        while count.get() < round {
            asyncio::sleep(Duration::from_millis(1)).await;
        }
        let running = create_subprocess_shell("sleep 0.05").await.unwrap();
        assert!(event_loop.remove_signal_handler(Signal::SIGCHLD));
        assert_eq!(running.wait().await.unwrap(), 0, "it was started while the handler was there");
        assert_eq!(create_subprocess_shell("exit 4").await.unwrap().wait().await.unwrap(), 4);
        assert_eq!(count.get(), round, "the handler is gone");
    }
}

static CALLS: AtomicUsize = AtomicUsize::new(0);

extern "C" fn foreign(_signal: libc::c_int) {
    CALLS.fetch_add(1, Ordering::Relaxed);
}

#[asyncio::main]
#[expect(unsafe_code, reason = "a handler that this crate knows nothing of")]
async fn former_handler() {
    forget_process_descriptors();
    // SAFETY: the handler only adds to an atomic.
    unsafe { libc::signal(libc::SIGCHLD, foreign as *const () as libc::sighandler_t) };
    for _ in 0..5 {
        assert_eq!(create_subprocess_exec("true").await.unwrap().wait().await.unwrap(), 0);
    }
    assert!(CALLS.load(Ordering::Relaxed) > 0);
}

fn threads() -> ExitCode {
    forget_process_descriptors();
    let work = |code: i32| {
        asyncio::run(async move {
            for _ in 0..10 {
                let process = create_subprocess_shell(format!("exit {code}")).await?;
                assert_eq!(process.wait().await?, code);
            }
            Ok::<_, asyncio::Error>(())
        })
    };
    let threads: Vec<_> = (1..=3).map(|code| std::thread::spawn(move || work(code).unwrap())).collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    ExitCode::SUCCESS
}

fn ends_with_the_loop() -> ExitCode {
    forget_process_descriptors();
    let event_loop = asyncio::EventLoop::new().unwrap();
    let sleeper = async { create_subprocess_exec("sleep").arg("100").await };
    let process = event_loop.run_until_complete(sleeper).unwrap();
    event_loop.set_debug(false);
    event_loop.close().unwrap();
    assert_eq!((process.returncode(), children().as_str()), (Some(-9), ""));
    ExitCode::SUCCESS
}

#[asyncio::main]
#[expect(unsafe_code, reason = "std has no signals")]
async fn ignored() {
    forget_process_descriptors();
    // SAFETY: no handler.
    unsafe { libc::signal(libc::SIGCHLD, libc::SIG_IGN) };
    for _ in 0..5 {
        assert_eq!(create_subprocess_exec("true").await.unwrap().wait().await.unwrap(), 255);
    }
    assert_eq!(children(), "");
}
