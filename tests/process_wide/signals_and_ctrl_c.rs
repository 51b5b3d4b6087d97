//! A handler of SIGINT takes the place of what a runner does on Ctrl-C, and gives it back.

use std::process::ExitCode;
use std::time::Duration;

use asyncio::{Error, Result, Runner, Signal, get_running_loop};

use crate::program::{Program, Test, pause, test};

pub(crate) const TESTS: &[Test] = &[
    test!(a_handler_of_sigint_takes_the_place_of_the_cancel_while_it_is_set, handles_one_ctrl_c),
    test!(a_handler_that_outlives_its_run_gives_ctrl_c_to_the_next_one, removes_in_the_second_run),
    test!(a_handler_from_before_the_run_gives_ctrl_c_to_it, removes_what_was_there_before),
    test!(a_runner_that_closes_leaves_ctrl_c_with_its_default_action, closes_with_a_handler),
    test!(a_ctrl_c_that_was_used_up_does_not_come_back_with_the_handler_s_end, uses_it_up),
];

const FOR_EVER: Duration = Duration::from_secs(3600);

/// Waits for one SIGINT that is handled, then for one that is not.
async fn handle_one() -> Result<()> {
    let event_loop = get_running_loop()?;
    let handled = event_loop.create_future();
    let setter = handled.clone();
    event_loop.add_signal_handler(Signal::SIGINT, move || setter.set_result(()).unwrap())?;
    println!("ready");
    handled.await?;
    assert!(event_loop.remove_signal_handler(Signal::SIGINT));
    println!("removed");
    asyncio::sleep(FOR_EVER).await;
    Ok(())
}

#[asyncio::main]
async fn handles_one_ctrl_c() -> Result<()> {
    handle_one().await
}

fn a_handler_of_sigint_takes_the_place_of_the_cancel_while_it_is_set(mut program: Program) {
    // CPython: test_events.EventLoopTestsMixin.test_add_signal_handler,
    // test_unix_events.SelectorEventLoopSignalTests.test_remove_signal_handler_2
    program.wait_for("ready");
    program.interrupt();
    program.wait_for("removed");
    program.interrupt();
    let ended = program.end();
    assert_eq!(ended.code, Some(130), "{ended:#?}");
}

fn removes_in_the_second_run() -> ExitCode {
    let mut runner = Runner::new();
    let nothing = async { get_running_loop()?.add_signal_handler(Signal::SIGINT, || println!("handled")) };
    runner.run(nothing).unwrap();
    let removing = async {
        println!("ready");
        pause();
        asyncio::sleep(Duration::from_millis(1)).await;
        assert!(get_running_loop()?.remove_signal_handler(Signal::SIGINT));
        println!("removed");
        asyncio::sleep(FOR_EVER).await;
        Ok::<_, Error>(())
    };
    assert!(matches!(runner.run(removing).unwrap_err(), Error::KeyboardInterrupt));
    ExitCode::SUCCESS
}

fn a_handler_that_outlives_its_run_gives_ctrl_c_to_the_next_one(mut program: Program) {
    program.wait_for("ready");
    program.interrupt();
    program.go_on();
    program.wait_for("removed");
    program.interrupt();
    let ended = program.end();
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(0), "ready\nhandled\nremoved\n"), "{ended:#?}");
}

fn removes_what_was_there_before() -> ExitCode {
    let mut runner = Runner::new();
    runner.get_loop().unwrap().add_signal_handler(Signal::SIGINT, || ()).unwrap();
    assert!(matches!(runner.run(handle_one()).unwrap_err(), Error::KeyboardInterrupt));
    ExitCode::SUCCESS
}

fn a_handler_from_before_the_run_gives_ctrl_c_to_it(mut program: Program) {
    program.wait_for("ready");
    program.interrupt();
    program.wait_for("removed");
    program.interrupt();
    let ended = program.end();
    assert_eq!(ended.code, Some(0), "{ended:#?}");
}

fn closes_with_a_handler() -> ExitCode {
    asyncio::run(async { get_running_loop()?.add_signal_handler(Signal::SIGINT, || ()) }).unwrap();
    println!("closed");
    pause();
    ExitCode::SUCCESS
}

fn a_runner_that_closes_leaves_ctrl_c_with_its_default_action(mut program: Program) {
    program.wait_for("closed");
    program.interrupt();
    let ended = program.end();
    assert_eq!((ended.code, ended.signal), (None, Some(libc::SIGINT)), "{ended:#?}");
}

#[asyncio::main]
async fn uses_it_up() {
    asyncio::with_cleanup(
        &mut (),
        async |()| {
            println!("ready");
            asyncio::sleep(FOR_EVER).await;
        },
        async |()| {
            let event_loop = get_running_loop().unwrap();
            event_loop.add_signal_handler(Signal::SIGINT, || ()).unwrap();
            assert!(event_loop.remove_signal_handler(Signal::SIGINT));
            println!("cleaning");
            asyncio::sleep(FOR_EVER).await;
        },
    )
    .await;
}

fn a_ctrl_c_that_was_used_up_does_not_come_back_with_the_handler_s_end(mut program: Program) {
    program.wait_for("ready");
    program.interrupt();
    program.wait_for("cleaning");
    program.interrupt();
    let ended = program.end();
    assert_eq!((ended.code, ended.signal), (None, Some(libc::SIGINT)), "{ended:#?}");
}
