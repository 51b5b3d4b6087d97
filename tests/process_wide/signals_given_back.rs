//! Whose a signal is: the process's before its first handler and after its last, one loop's in between, never a child's.

use std::cell::Cell;
use std::process::ExitCode;
use std::rc::Rc;
use std::time::Duration;

use asyncio::{Error, EventLoop, Result, Signal, get_running_loop};

use crate::fork::in_child;
use crate::program::{Program, Test, pause, succeeds, test};
use crate::signals::{raise, refused, settle};

pub(crate) const TESTS: &[Test] = &[
    test!(without_its_last_handler_a_signal_ends_the_process_again, handles_one),
    test!(a_closed_loop_gives_its_signals_back, closes),
    test!(what_a_signal_did_before_comes_back, looks_at_the_actions),
    test!(an_action_that_somebody_else_has_set_since_stays, is_overridden),
    test!(a_thread_keeps_its_own_stack_for_signals, asks_for_that_stack),
    test!(one_loop_at_a_time_has_the_signals, has_two_loops),
    test!(a_child_of_a_fork_has_signals_of_its_own, forks),
    test!(handlers_leave_no_descriptor_behind, counts_descriptors),
];

/// What the system does with a signal.
pub(crate) fn action(signal: Signal) -> libc::sighandler_t {
    present(signal).sa_sigaction
}

#[expect(unsafe_code, reason = "std has no signals")]
fn present(signal: Signal) -> libc::sigaction {
    // SAFETY: all zeroes is a valid `sigaction`.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    // SAFETY: a null new action only reads the present one.
    let result = unsafe { libc::sigaction(signal.as_raw(), std::ptr::null(), &mut action) };
    assert_eq!(result, 0);
    action
}

#[expect(unsafe_code, reason = "std has no signals")]
fn set_action(signal: Signal, action: libc::sighandler_t) {
    // SAFETY: the actions are the system's own.
    assert_ne!(unsafe { libc::signal(signal.as_raw(), action) }, libc::SIG_ERR);
}

#[asyncio::main]
async fn handles_one() -> Result<()> {
    let event_loop = get_running_loop()?;
    let handled = event_loop.create_future();
    let setter = handled.clone();
    event_loop.add_signal_handler(Signal::SIGTERM, move || setter.set_result(()).unwrap())?;
    println!("ready");
    handled.await?;
    assert!(event_loop.remove_signal_handler(Signal::SIGTERM));
    assert!(!event_loop.remove_signal_handler(Signal::SIGTERM));
    println!("removed");
    asyncio::sleep(Duration::from_secs(3600)).await;
    Ok(())
}

fn without_its_last_handler_a_signal_ends_the_process_again(mut program: Program) {
    // CPython: test_unix_events.SelectorEventLoopSignalTests.test_remove_signal_handler
    program.wait_for("ready");
    program.signal(libc::SIGTERM);
    program.wait_for("removed");
    program.signal(libc::SIGTERM);
    let ended = program.end();
    assert_eq!((ended.code, ended.signal), (None, Some(libc::SIGTERM)), "{ended:#?}");
}

fn closes() -> ExitCode {
    let event_loop = EventLoop::new().unwrap();
    for signal in [Signal::SIGHUP, Signal::SIGCHLD] {
        event_loop.add_signal_handler(signal, || ()).unwrap();
        assert_ne!(action(signal), libc::SIG_DFL);
    }
    event_loop.close().unwrap();
    assert_eq!((action(Signal::SIGHUP), action(Signal::SIGCHLD)), (libc::SIG_DFL, libc::SIG_DFL));
    // Nor does one that is dropped keep them.
    let dropped = EventLoop::new().unwrap();
    let inside = dropped.handle();
    dropped.add_signal_handler(Signal::SIGHUP, move || assert!(!inside.is_closed())).unwrap();
    drop(dropped);
    println!("closed");
    pause();
    ExitCode::SUCCESS
}

fn a_closed_loop_gives_its_signals_back(mut program: Program) {
    // CPython: test_unix_events.SelectorEventLoopSignalTests.test_close
    program.wait_for("closed");
    program.signal(libc::SIGHUP);
    let ended = program.end();
    assert_eq!((ended.code, ended.signal), (None, Some(libc::SIGHUP)), "{ended:#?}");
}

fn looks_at_the_actions() -> ExitCode {
    let event_loop = EventLoop::new().unwrap();
    // As nohup does.
    set_action(Signal::SIGHUP, libc::SIG_IGN);
    // Rust ignores SIGPIPE; without that a broken pipe would end the process.
    let signals = [Signal::SIGHUP, Signal::SIGPIPE, Signal::SIGINT, Signal::SIGTERM];
    let before = signals.map(action);
    assert_eq!(before, [libc::SIG_IGN, libc::SIG_IGN, libc::SIG_DFL, libc::SIG_DFL]);
    for signal in signals {
        event_loop.add_signal_handler(signal, || ()).unwrap();
        event_loop.add_signal_handler(signal, || ()).unwrap();
    }
    assert!(event_loop.remove_signal_handler(Signal::SIGHUP));
    assert_eq!(action(Signal::SIGHUP), libc::SIG_IGN);
    event_loop.close().unwrap();
    assert_eq!(signals.map(action), before);
    ExitCode::SUCCESS
}

fn what_a_signal_did_before_comes_back(program: Program) {
    succeeds(program);
}

fn is_overridden() -> ExitCode {
    let event_loop = EventLoop::new().unwrap();
    event_loop.add_signal_handler(Signal::SIGUSR1, || ()).unwrap();
    let ours = action(Signal::SIGUSR1);
    set_action(Signal::SIGUSR1, libc::SIG_IGN);
    assert!(event_loop.remove_signal_handler(Signal::SIGUSR1));
    assert_eq!(action(Signal::SIGUSR1), libc::SIG_IGN);
    // Adding again takes it back.
    event_loop.add_signal_handler(Signal::SIGUSR2, || ()).unwrap();
    set_action(Signal::SIGUSR2, libc::SIG_IGN);
    event_loop.add_signal_handler(Signal::SIGUSR2, || ()).unwrap();
    assert_eq!(action(Signal::SIGUSR2), ours);
    event_loop.close().unwrap();
    ExitCode::SUCCESS
}

fn an_action_that_somebody_else_has_set_since_stays(program: Program) {
    succeeds(program);
}

fn asks_for_that_stack() -> ExitCode {
    let event_loop = EventLoop::new().unwrap();
    event_loop.add_signal_handler(Signal::SIGUSR1, || ()).unwrap();
    assert_ne!(present(Signal::SIGUSR1).sa_flags & libc::SA_ONSTACK, 0);
    event_loop.close().unwrap();
    assert_eq!(present(Signal::SIGUSR1).sa_flags & libc::SA_ONSTACK, 0);
    ExitCode::SUCCESS
}

fn a_thread_keeps_its_own_stack_for_signals(program: Program) {
    succeeds(program);
}

fn has_two_loops() -> ExitCode {
    let (first, second) = (EventLoop::new().unwrap(), EventLoop::new().unwrap());
    first.add_signal_handler(Signal::SIGUSR1, || panic!("it was removed")).unwrap();
    refused(second.add_signal_handler(Signal::SIGUSR2, || ()), "another event loop");
    assert_eq!(action(Signal::SIGUSR2), libc::SIG_DFL);
    raise(Signal::SIGUSR1);
    first.close().unwrap();
    // What came for the first one is not the second one's.
    let count = Rc::new(Cell::new(0));
    let counted = count.clone();
    second.add_signal_handler(Signal::SIGUSR1, move || counted.set(counted.get() + 1)).unwrap();
    second.run_until_complete(settle()).unwrap();
    assert_eq!(count.get(), 0);
    raise(Signal::SIGUSR1);
    second.run_until_complete(settle()).unwrap();
    assert_eq!(count.get(), 1);
    // An open loop without handlers leaves them to others too.
    assert!(second.remove_signal_handler(Signal::SIGUSR1));
    let third = EventLoop::new().unwrap();
    third.add_signal_handler(Signal::SIGUSR1, || ()).unwrap();
    third.close().unwrap();
    second.close().unwrap();
    ExitCode::SUCCESS
}

fn one_loop_at_a_time_has_the_signals(program: Program) {
    succeeds(program);
}

fn forks() -> ExitCode {
    let event_loop = EventLoop::new().unwrap();
    let count = Rc::new(Cell::new(0));
    let counted = count.clone();
    event_loop.add_signal_handler(Signal::SIGUSR1, move || counted.set(counted.get() + 1)).unwrap();
    event_loop.add_signal_handler(Signal::SIGINT, || panic!("it came to a child only")).unwrap();
    let parents = event_loop.clone();
    in_child(move || {
        raise(Signal::SIGUSR1);
        let interrupted = asyncio::run(async {
            raise(Signal::SIGINT);
            asyncio::sleep(Duration::from_secs(3600)).await;
        });
        assert!(matches!(interrupted, Err(Error::KeyboardInterrupt)), "a child's runner takes Ctrl-C: {interrupted:?}");
        assert!(!parents.remove_signal_handler(Signal::SIGUSR1));
        let answer = asyncio::run(async move {
            let event_loop = get_running_loop()?;
            let handled = event_loop.create_future();
            let setter = handled.clone();
            event_loop.add_signal_handler(Signal::SIGUSR1, move || setter.set_result("the child's").unwrap())?;
            // Takes nothing from the child's own loop, neither the signal nor the right to others.
            parents.close()?;
            refused(EventLoop::new()?.add_signal_handler(Signal::SIGUSR2, || ()), "another event loop");
            raise(Signal::SIGUSR1);
            handled.await
        });
        assert_eq!((answer.unwrap(), action(Signal::SIGUSR1)), ("the child's", libc::SIG_DFL));
    });
    event_loop.run_until_complete(settle()).unwrap();
    assert_eq!(count.get(), 0, "the child's signals stay in the child");
    raise(Signal::SIGUSR1);
    event_loop.run_until_complete(settle()).unwrap();
    assert_eq!(count.get(), 1);
    event_loop.close().unwrap();
    ExitCode::SUCCESS
}

fn a_child_of_a_fork_has_signals_of_its_own(program: Program) {
    // CPython: test_unix_events.TestFork.test_fork_signal_handling
    succeeds(program);
}

fn descriptors() -> usize {
    std::fs::read_dir("/dev/fd").unwrap().count()
}

fn counts_descriptors() -> ExitCode {
    let event_loop = EventLoop::new().unwrap();
    event_loop.add_signal_handler(Signal::SIGUSR1, || ()).unwrap();
    event_loop.close().unwrap();
    let before = descriptors();
    for _ in 0..10 {
        let event_loop = EventLoop::new().unwrap();
        for signal in [Signal::SIGUSR1, Signal::SIGUSR2] {
            event_loop.add_signal_handler(signal, || ()).unwrap();
            assert!(event_loop.remove_signal_handler(signal));
            event_loop.add_signal_handler(signal, || ()).unwrap();
        }
        event_loop.close().unwrap();
    }
    assert_eq!(descriptors(), before);
    ExitCode::SUCCESS
}

fn handlers_leave_no_descriptor_behind(program: Program) {
    succeeds(program);
}
