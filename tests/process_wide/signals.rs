//! `add_signal_handler`, `remove_signal_handler`: how signals come to the loop of the main thread.

use std::cell::{Cell, RefCell};
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::os::unix::thread::JoinHandleExt;
use std::process::ExitCode;
use std::rc::Rc;
use std::time::Duration;

use asyncio::{ContextVar, Error, EventLoop, Result, Signal, get_running_loop};

use crate::program::{Program, Test, succeeds, test};
use crate::signals_given_back::action;

pub(crate) const TESTS: &[Test] = &[
    test!(a_signal_wakes_a_loop_that_sleeps, sleeps_until_a_signal),
    test!(signals_are_handled_in_the_order_in_which_they_came, takes_three),
    test!(no_signal_is_lost_while_the_loop_does_not_look, does_not_look),
    test!(a_signal_on_another_thread_comes_to_the_loop_and_disturbs_no_system_call, signals_a_thread),
    test!(what_cannot_be_handled_is_refused, tries_all),
    test!(a_handler_is_replaced_and_may_remove_itself, replaces),
    test!(a_handler_that_panics_is_reported_and_stays, panics),
];

static WHO: ContextVar<&str> = ContextVar::new("who");

/// Sends a signal to this thread; its handler has run when this returns.
#[expect(unsafe_code, reason = "std has no signals")]
pub(crate) fn raise(signal: Signal) {
    // SAFETY: the signals that the programs send themselves have handlers or are ignored.
    assert_eq!(unsafe { libc::raise(signal.as_raw()) }, 0);
}

/// Runs until all that has come is handled.
pub(crate) async fn settle() {
    for _ in 0..3 {
        asyncio::sleep(Duration::from_millis(1)).await;
    }
}

pub(crate) fn refused(result: Result<()>, with: &str) {
    match result {
        Err(error @ Error::RuntimeError(_)) => assert!(error.to_string().contains(with), "{error}"),
        other => panic!("{other:?} is no RuntimeError"),
    }
}

fn sleeps_until_a_signal() -> ExitCode {
    let event_loop = EventLoop::new().unwrap();
    let caught = Rc::new(Cell::new(0));
    let (counted, stopper) = (caught.clone(), event_loop.clone());
    let handler = move || {
        counted.set(counted.get() + 1);
        assert!(stopper.is_running());
        stopper.stop();
    };
    event_loop.add_signal_handler(Signal::SIGALRM, handler).unwrap();
    event_loop.call_soon(|| println!("ready")).unwrap();
    event_loop.run_forever().unwrap();
    assert_eq!(caught.get(), 1);
    event_loop.close().unwrap();
    ExitCode::SUCCESS
}

fn a_signal_wakes_a_loop_that_sleeps(mut program: Program) {
    // CPython: test_events.EventLoopTestsMixin.test_signal_handling_while_selecting; B 9
    program.wait_for("ready");
    program.until_it_sleeps();
    program.signal(libc::SIGALRM);
    let ended = program.end();
    assert_eq!(ended.code, Some(0), "{ended:#?}");
}

#[asyncio::main]
async fn takes_three() -> Result<()> {
    let event_loop = get_running_loop()?;
    let came = Rc::new(RefCell::new(Vec::new()));
    let signals = [Signal::SIGUSR1, Signal::SIGUSR2];
    for signal in signals {
        let _set = WHO.set(if signal == Signal::SIGUSR1 { "one" } else { "two" });
        let came = came.clone();
        event_loop.add_signal_handler(signal, move || came.borrow_mut().push(WHO.get().unwrap()))?;
    }
    [Signal::SIGUSR2, Signal::SIGUSR1, Signal::SIGUSR2].into_iter().for_each(raise);
    assert!(came.borrow().is_empty(), "handlers run on the loop only");
    settle().await;
    assert_eq!(*came.borrow(), ["two", "one", "two"]);
    Ok(())
}

fn signals_are_handled_in_the_order_in_which_they_came(program: Program) {
    // CPython: test_unix_events.SelectorEventLoopSignalTests.test_add_signal_handler
    succeeds(program);
}

#[asyncio::main]
async fn does_not_look() -> Result<()> {
    const MANY: usize = 70_000;
    let event_loop = get_running_loop()?;
    let (ones, twos) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(0)));
    for (signal, count) in [(Signal::SIGUSR1, &ones), (Signal::SIGUSR2, &twos)] {
        let count = count.clone();
        event_loop.add_signal_handler(signal, move || count.set(count.get() + 1))?;
    }
    // More than the system keeps for a reader.
    (0..MANY).for_each(|_| raise(Signal::SIGUSR1));
    raise(Signal::SIGUSR2);
    while twos.get() == 0 {
        asyncio::sleep(Duration::from_millis(1)).await;
    }
    settle().await;
    assert_eq!(twos.get(), 1);
    assert!(ones.get() > 1000 && ones.get() <= MANY, "{} of {MANY}", ones.get());
    // All is as before.
    let before = ones.get();
    raise(Signal::SIGUSR1);
    settle().await;
    assert_eq!(ones.get(), before + 1);
    Ok(())
}

fn no_signal_is_lost_while_the_loop_does_not_look(program: Program) {
    succeeds(program);
}

#[asyncio::main]
#[expect(unsafe_code, reason = "std has no signals")]
async fn signals_a_thread() -> Result<()> {
    let event_loop = get_running_loop()?;
    let handled = event_loop.create_future();
    let setter = handled.clone();
    event_loop.add_signal_handler(Signal::SIGUSR1, move || setter.set_result(()).unwrap())?;
    let (mut near, mut far) = UnixStream::pair()?;
    let thread = std::thread::spawn(move || {
        let mut byte = [0];
        near.write_all(b"x")?;
        // Interrupted, it would fail.
        near.read(&mut byte)
    });
    far.read_exact(&mut [0])?;
    // Gives the thread the time to block. Should it be late, the test shows less, but does not fail.
    asyncio::sleep(Duration::from_millis(20)).await;
    // SAFETY: the thread is not joined yet.
    assert_eq!(unsafe { libc::pthread_kill(thread.as_pthread_t(), libc::SIGUSR1) }, 0);
    handled.await?;
    far.write_all(b"x")?;
    assert_eq!(thread.join().unwrap()?, 1);
    Ok(())
}

fn a_signal_on_another_thread_comes_to_the_loop_and_disturbs_no_system_call(program: Program) {
    succeeds(program);
}

fn tries_all() -> ExitCode {
    let event_loop = EventLoop::new().unwrap();
    for signal in [Signal::SIGKILL, Signal::SIGSTOP] {
        refused(event_loop.add_signal_handler(signal, || ()), &format!("{signal} cannot be caught"));
        assert!(!event_loop.remove_signal_handler(signal));
    }
    for signal in [Signal::SIGSEGV, Signal::SIGBUS, Signal::SIGFPE, Signal::SIGILL] {
        let before = action(signal);
        refused(event_loop.add_signal_handler(signal, || ()), "fault");
        assert_eq!(action(signal), before);
    }
    // Nothing is left of what failed: another loop may have the signals.
    let other = EventLoop::new().unwrap();
    other.add_signal_handler(Signal::SIGUSR1, || ()).unwrap();
    other.close().unwrap();
    event_loop.close().unwrap();
    ExitCode::SUCCESS
}

fn what_cannot_be_handled_is_refused(program: Program) {
    // CPython: test_events.EventLoopTestsMixin.test_add_signal_handler,
    // test_unix_events.SelectorEventLoopSignalTests.test_add_signal_handler_install_error3
    succeeds(program);
}

#[asyncio::main]
async fn replaces() -> Result<()> {
    let event_loop = get_running_loop()?;
    let came = Rc::new(RefCell::new(Vec::new()));
    let note = |text: &'static str| {
        let came = came.clone();
        move || came.borrow_mut().push(text)
    };
    event_loop.add_signal_handler(Signal::SIGUSR1, note("former"))?;
    let (last, remover) = (note("latter"), event_loop.clone());
    let handler = move || {
        last();
        assert!(remover.remove_signal_handler(Signal::SIGUSR1));
    };
    event_loop.add_signal_handler(Signal::SIGUSR1, handler)?;
    raise(Signal::SIGUSR1);
    settle().await;
    assert_eq!((came.take(), action(Signal::SIGUSR1)), (vec!["latter"], libc::SIG_DFL));
    // What came before the handler was removed finds nobody, and does no harm.
    event_loop.add_signal_handler(Signal::SIGUSR1, note("removed"))?;
    event_loop.add_signal_handler(Signal::SIGUSR2, note("still there"))?;
    raise(Signal::SIGUSR1);
    raise(Signal::SIGUSR2);
    assert!(event_loop.remove_signal_handler(Signal::SIGUSR1));
    settle().await;
    assert_eq!(came.take(), ["still there"]);
    // One whose call is in the queue already is called, as any callback.
    let remover = event_loop.clone();
    event_loop.add_signal_handler(Signal::SIGUSR1, move || assert!(remover.remove_signal_handler(Signal::SIGUSR2)))?;
    raise(Signal::SIGUSR1);
    raise(Signal::SIGUSR2);
    settle().await;
    assert_eq!((came.take(), action(Signal::SIGUSR2)), (vec!["still there"], libc::SIG_DFL));
    Ok(())
}

fn a_handler_is_replaced_and_may_remove_itself(program: Program) {
    // CPython: test_unix_events.SelectorEventLoopSignalTests.test_handle_signal_no_handler
    succeeds(program);
}

#[asyncio::main]
async fn panics() -> Result<()> {
    let event_loop = get_running_loop()?;
    let reports = Rc::new(RefCell::new(Vec::new()));
    let kept = reports.clone();
    event_loop.set_exception_handler(move |_, context| kept.borrow_mut().push(context.to_string()));
    event_loop.add_signal_handler(Signal::SIGUSR1, || panic!("the handler's own"))?;
    raise(Signal::SIGUSR1);
    raise(Signal::SIGUSR1);
    settle().await;
    let reports = reports.take();
    assert_eq!(reports.len(), 2);
    assert!(reports.iter().all(|report| report.contains("the handler's own")), "{reports:?}");
    Ok(())
}

fn a_handler_that_panics_is_reported_and_stays(program: Program) {
    let ended = program.end();
    assert_eq!(ended.code, Some(0), "{ended:#?}");
}
