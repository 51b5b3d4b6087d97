//! How a process ends: what `#[asyncio::main]` makes of what its function returns.

use std::process::ExitCode;
use std::time::Duration;

use asyncio::{Error, Result};

use crate::program::{Ended, Program, Test, succeeds, test};

pub(crate) const TESTS: &[Test] = &[
    test!(a_main_that_returns_nothing_exits_with_0, returns_nothing),
    test!(an_exit_code_from_main_is_the_process_s, returns_a_code),
    test!(an_exit_code_in_an_ok_is_the_process_s, returns_a_code_in_a_result),
    test!(an_error_from_main_prints_its_chain_and_exits_with_1, fails),
    test!(an_error_of_another_type_prints_its_chain_too, fails_with_a_boxed_error),
    test!(a_panic_in_main_exits_with_101_after_the_shutdown, panics),
    test!(a_panic_at_the_shutdown_is_reported_and_changes_no_exit_code, leaves_a_task_that_panics),
    test!(clean_up_of_tasks_that_are_left_runs_when_main_fails, fails_beside_a_task),
    test!(a_cancelled_main_exits_with_1, cancels_itself),
    test!(running_inside_of_a_running_loop_is_an_error, runs_inside),
];

fn lines(ended: &Ended) -> Vec<&str> {
    ended.stdout.lines().collect()
}

/// Runs until it is cancelled, and prints that it cleans up.
#[asyncio::coroutine]
async fn serve() {
    asyncio::finally! {
        asyncio::sleep(Duration::from_millis(1)).await;
        println!("cleaned up");
    }
    asyncio::sleep(Duration::from_secs(3600)).await;
}

#[asyncio::main]
async fn returns_nothing() {
    asyncio::sleep(Duration::ZERO).await;
}

fn a_main_that_returns_nothing_exits_with_0(program: Program) {
    succeeds(program);
}

#[asyncio::main]
async fn returns_a_code() -> ExitCode {
    ExitCode::from(7)
}

fn an_exit_code_from_main_is_the_process_s(program: Program) {
    let ended = program.end();
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(7), ""));
}

#[asyncio::main]
async fn returns_a_code_in_a_result() -> Result<ExitCode> {
    Ok(ExitCode::from(8))
}

fn an_exit_code_in_an_ok_is_the_process_s(program: Program) {
    assert_eq!(program.end().code, Some(8));
}

/// An error with a cause that has a cause.
#[derive(Debug)]
struct Failure(&'static str, Option<Box<Failure>>);

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for Failure {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.1.as_deref().map(|cause| -> &dyn std::error::Error { cause })
    }
}

fn failure() -> Failure {
    Failure("no server", Some(Box::new(Failure("no port", Some(Box::new(Failure("no socket", None)))))))
}

#[asyncio::main]
async fn fails() -> Result<()> {
    Err(Error::other(failure()))
}

fn an_error_from_main_prints_its_chain_and_exits_with_1(program: Program) {
    let ended = program.end();
    assert_eq!(ended.code, Some(1));
    assert_eq!(ended.stderr, "Error: no server\n  caused by: no port\n  caused by: no socket\n");
}

#[asyncio::main]
async fn fails_with_a_boxed_error() -> std::result::Result<(), Box<dyn std::error::Error + Send + Sync>> {
    Err(failure().into())
}

fn an_error_of_another_type_prints_its_chain_too(program: Program) {
    let ended = program.end();
    assert_eq!(ended.code, Some(1));
    assert_eq!(ended.stderr, "Error: no server\n  caused by: no port\n  caused by: no socket\n");
}

#[asyncio::main]
async fn panics() {
    drop(asyncio::create_task(serve()));
    asyncio::sleep(Duration::ZERO).await;
    println!("panics");
    panic!("out of tea");
}

fn a_panic_in_main_exits_with_101_after_the_shutdown(program: Program) {
    let ended = program.end();
    assert_eq!(ended.code, Some(101), "{ended:#?}");
    assert_eq!(lines(&ended), ["panics", "cleaned up"]);
    assert_eq!(ended.stderr.matches("out of tea").count(), 1, "the panic is printed once: {}", ended.stderr);
}

#[asyncio::main]
async fn leaves_a_task_that_panics() {
    let task = asyncio::create_task(asyncio::with_cleanup(
        Box::leak(Box::new(())),
        async |()| asyncio::sleep(Duration::from_secs(3600)).await,
        async |()| panic!("out of soap"),
    ));
    drop(task.named("washer"));
    asyncio::sleep(Duration::ZERO).await;
}

fn a_panic_at_the_shutdown_is_reported_and_changes_no_exit_code(program: Program) {
    let ended = program.end();
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    let text = "unhandled exception during asyncio.run() shutdown";
    assert!(ended.stderr.contains(text) && ended.stderr.contains("washer"), "{}", ended.stderr);
}

#[asyncio::main]
async fn fails_beside_a_task() -> Result<()> {
    drop(asyncio::create_task(serve()));
    asyncio::sleep(Duration::ZERO).await;
    Err(Error::other(failure()))
}

fn clean_up_of_tasks_that_are_left_runs_when_main_fails(program: Program) {
    let ended = program.end();
    assert_eq!((ended.code, lines(&ended)), (Some(1), vec!["cleaned up"]));
    assert!(ended.stderr.starts_with("Error: no server"));
}

#[asyncio::main]
async fn cancels_itself() -> Result<()> {
    asyncio::current_task()?.expect("main is a task").cancel_with("enough");
    asyncio::sleep(Duration::ZERO).await;
    Ok(())
}

fn a_cancelled_main_exits_with_1(program: Program) {
    let ended = program.end();
    assert_eq!(ended.code, Some(1), "only Ctrl-C makes 130");
    assert!(ended.stderr.contains("enough"), "{}", ended.stderr);
}

#[asyncio::main]
async fn runs_inside() {
    let error = asyncio::run(async {}).unwrap_err();
    assert!(error.to_string().contains("running"), "{error}");
    let mut runner = asyncio::Runner::new();
    assert!(runner.run(async {}).is_err());
    // The loop that runs is not disturbed.
    asyncio::sleep(Duration::from_millis(1)).await;
    println!("went on");
}

fn running_inside_of_a_running_loop_is_an_error(program: Program) {
    // CPython: test_runners.RunTests.test_asyncio_run_from_running_loop
    let ended = program.end();
    assert_eq!((ended.code, lines(&ended)), (Some(0), vec!["went on"]), "{ended:#?}");
}
