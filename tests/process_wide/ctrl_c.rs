//! Ctrl-C: the first one cancels the main task, a second one ends the process.

use std::process::ExitCode;
use std::time::Duration;

use asyncio::{Error, Result, Runner};

use crate::program::{Program, Test, pause, succeeds, test};

pub(crate) const TESTS: &[Test] = &[
    test!(ctrl_c_cancels_main_and_exits_with_130, serves),
    test!(ctrl_c_wakes_a_loop_with_nothing_to_do, waits_for_ever),
    test!(ctrl_c_reaches_what_main_waits_for, waits_for_a_task),
    test!(a_second_ctrl_c_ends_the_process_at_once, does_not_end),
    test!(a_main_that_catches_ctrl_c_and_returns_ok_exits_with_0, catches),
    test!(ctrl_c_beside_a_cancel_of_somebody_else_is_a_cancel, is_cancelled_besides),
    test!(a_runner_says_that_ctrl_c_ended_its_run, runs_by_hand),
    test!(a_runner_can_run_again_after_ctrl_c, runs_again),
    test!(each_run_takes_a_ctrl_c_of_its_own, takes_two),
    test!(outside_of_a_run_ctrl_c_ends_the_process, runs_and_waits),
    test!(a_loop_that_runs_without_a_runner_leaves_ctrl_c_alone, runs_a_bare_loop),
    test!(on_another_thread_a_runner_leaves_ctrl_c_alone, runs_on_a_thread),
    test!(a_handler_of_the_user_s_own_stays, has_a_handler),
    test!(runs_leave_no_descriptor_behind, runs_many_times),
];

const FOR_EVER: Duration = Duration::from_secs(3600);

/// Says that it has begun, and sleeps; says that it cleans up.
#[asyncio::coroutine]
async fn sleep_aloud() {
    asyncio::finally! {
        asyncio::sleep(Duration::from_millis(1)).await;
        println!("cleaned up");
    }
    println!("ready");
    asyncio::sleep(FOR_EVER).await;
}

#[asyncio::main]
async fn serves() {
    drop(asyncio::create_task(sleep_aloud()));
    asyncio::sleep(FOR_EVER).await;
    println!("never");
}

fn ctrl_c_cancels_main_and_exits_with_130(mut program: Program) {
    // CPython: test_runners.RunnerTests.test_interrupt_call_soon
    program.wait_for("ready");
    program.interrupt();
    let ended = program.end();
    assert_eq!(ended.code, Some(130), "{ended:#?}");
    assert_eq!((ended.stdout.as_str(), ended.stderr.as_str()), ("ready\ncleaned up\n", ""));
}

#[asyncio::main]
async fn waits_for_ever() -> Result<()> {
    let never = asyncio::Future::<()>::new()?;
    // Printed by the last callback before the loop sleeps.
    asyncio::get_running_loop()?.call_soon(|| println!("ready"))?;
    never.await
}

fn ctrl_c_wakes_a_loop_with_nothing_to_do(mut program: Program) {
    // CPython: test_runners.RunnerTests.test_interrupt_wait
    program.wait_for("ready");
    program.until_it_sleeps();
    program.interrupt();
    assert_eq!(program.end().code, Some(130));
}

#[asyncio::main]
async fn waits_for_a_task() -> Result<()> {
    asyncio::create_task(sleep_aloud()).await
}

fn ctrl_c_reaches_what_main_waits_for(mut program: Program) {
    // CPython: test_runners.RunnerTests.test_interrupt_wait
    program.wait_for("ready");
    program.interrupt();
    let ended = program.end();
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(130), "ready\ncleaned up\n"), "{ended:#?}");
}

#[asyncio::main]
async fn does_not_end() {
    asyncio::with_cleanup(
        &mut (),
        async |()| {
            println!("ready");
            asyncio::sleep(FOR_EVER).await;
        },
        async |()| {
            println!("cleaning");
            asyncio::sleep(FOR_EVER).await;
        },
    )
    .await;
}

fn a_second_ctrl_c_ends_the_process_at_once(mut program: Program) {
    // CPython: test_runners.RunnerTests.test_interrupt_call_soon raises KeyboardInterrupt the second time.
    program.wait_for("ready");
    program.interrupt();
    program.wait_for("cleaning");
    program.interrupt();
    let ended = program.end();
    assert_eq!((ended.code, ended.signal), (None, Some(libc::SIGINT)), "{ended:#?}");
}

#[asyncio::main]
async fn catches() -> Result<()> {
    println!("ready");
    let caught = asyncio::catch_cancelled(asyncio::sleep(FOR_EVER)).await;
    assert!(caught.is_err());
    println!("caught");
    Ok(())
}

fn a_main_that_catches_ctrl_c_and_returns_ok_exits_with_0(mut program: Program) {
    program.wait_for("ready");
    program.interrupt();
    let ended = program.end();
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(0), "ready\ncaught\n"), "{ended:#?}");
}

#[asyncio::main]
async fn is_cancelled_besides() -> Result<()> {
    println!("ready");
    let caught = asyncio::catch_cancelled(asyncio::sleep(FOR_EVER)).await;
    assert!(caught.is_err());
    asyncio::current_task()?.expect("main is a task").cancel_with("by somebody else");
    asyncio::sleep(FOR_EVER).await;
    Ok(())
}

fn ctrl_c_beside_a_cancel_of_somebody_else_is_a_cancel(mut program: Program) {
    // CPython: test_runners.RunnerTests.test_interrupt_cancelled_task
    program.wait_for("ready");
    program.interrupt();
    let ended = program.end();
    assert_eq!(ended.code, Some(1), "{ended:#?}");
    assert!(ended.stderr.contains("by somebody else"), "{}", ended.stderr);
}

fn runs_by_hand() -> ExitCode {
    let mut runner = Runner::new();
    let error = runner.run(sleep_aloud()).unwrap_err();
    assert!(matches!(error, Error::KeyboardInterrupt), "{error:?}");
    runner.close().unwrap();
    ExitCode::SUCCESS
}

fn a_runner_says_that_ctrl_c_ended_its_run(mut program: Program) {
    program.wait_for("ready");
    program.interrupt();
    assert_eq!(program.end().code, Some(0));
}

fn runs_again() -> ExitCode {
    let mut runner = Runner::new();
    assert!(runner.run(sleep_aloud()).is_err());
    let again = runner.run(async { Ok::<_, Error>(7) });
    assert_eq!(again.unwrap(), 7);
    ExitCode::SUCCESS
}

fn a_runner_can_run_again_after_ctrl_c(mut program: Program) {
    program.wait_for("ready");
    program.interrupt();
    assert_eq!(program.end().code, Some(0));
}

fn takes_two() -> ExitCode {
    let mut runner = Runner::new();
    for line in ["first", "second"] {
        let error = runner
            .run(async move {
                println!("{line}");
                asyncio::sleep(FOR_EVER).await;
            })
            .unwrap_err();
        assert!(matches!(error, Error::KeyboardInterrupt), "{error:?}");
    }
    ExitCode::SUCCESS
}

fn each_run_takes_a_ctrl_c_of_its_own(mut program: Program) {
    // CPython: test_runners.RunnerTests.test_signal_install_not_supported_ok and its neighbours: the handler is
    // installed and put back by each run.
    for line in ["first", "second"] {
        program.wait_for(line);
        program.interrupt();
    }
    let ended = program.end();
    assert_eq!(ended.code, Some(0), "{ended:#?}");
}

fn runs_and_waits() -> ExitCode {
    let mut runner = Runner::new();
    runner.run(async {}).unwrap();
    println!("ready");
    pause();
    ExitCode::SUCCESS
}

fn outside_of_a_run_ctrl_c_ends_the_process(mut program: Program) {
    program.wait_for("ready");
    program.interrupt();
    let ended = program.end();
    assert_eq!((ended.code, ended.signal), (None, Some(libc::SIGINT)), "{ended:#?}");
}

fn runs_a_bare_loop() -> ExitCode {
    let event_loop = asyncio::new_event_loop().unwrap();
    event_loop.run_until_complete(sleep_aloud()).unwrap();
    ExitCode::SUCCESS
}

fn a_loop_that_runs_without_a_runner_leaves_ctrl_c_alone(mut program: Program) {
    program.wait_for("ready");
    program.interrupt();
    let ended = program.end();
    assert_eq!((ended.signal, ended.stdout.as_str()), (Some(libc::SIGINT), "ready\n"));
}

fn runs_on_a_thread() -> ExitCode {
    std::thread::spawn(|| asyncio::run(sleep_aloud())).join().unwrap().unwrap();
    ExitCode::SUCCESS
}

fn on_another_thread_a_runner_leaves_ctrl_c_alone(mut program: Program) {
    // CPython: test_runners.RunnerTests.test_signal_install_not_supported_ok
    program.wait_for("ready");
    program.interrupt();
    let ended = program.end();
    assert_eq!((ended.signal, ended.stdout.as_str()), (Some(libc::SIGINT), "ready\n"));
}

extern "C" fn nothing(_signal: libc::c_int) {}

fn has_a_handler() -> ExitCode {
    // SAFETY: the handler does nothing.
    #[expect(unsafe_code, reason = "std has no signals")]
    let set = unsafe { libc::signal(libc::SIGINT, nothing as *const () as libc::sighandler_t) };
    assert_ne!(set, libc::SIG_ERR);
    let outcome = asyncio::run(async {
        println!("ready");
        pause();
        asyncio::sleep(Duration::from_millis(10)).await;
        Ok::<_, Error>("not cancelled")
    });
    println!("{}", outcome.unwrap());
    ExitCode::SUCCESS
}

fn a_handler_of_the_user_s_own_stays(mut program: Program) {
    program.wait_for("ready");
    program.interrupt();
    program.go_on();
    let ended = program.end();
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(0), "ready\nnot cancelled\n"), "{ended:#?}");
}

fn runs_many_times() -> ExitCode {
    let descriptors = || std::fs::read_dir("/dev/fd").unwrap().count();
    asyncio::run(async {}).unwrap();
    let before = descriptors();
    for _ in 0..10 {
        asyncio::run(async {}).unwrap();
    }
    assert_eq!(descriptors(), before);
    ExitCode::SUCCESS
}

fn runs_leave_no_descriptor_behind(program: Program) {
    succeeds(program);
}
