//! Signals for a child, and for nobody else.

use std::time::Duration;

use asyncio::subprocess::PIPE;
use asyncio::{Error, Process, Result, Signal, create_subprocess_exec, create_subprocess_shell};

/// Python's `ProcessLookupError`.
#[track_caller]
fn assert_no_such_process(result: Result<()>) {
    match result {
        Err(Error::OsError(error)) => assert_eq!(error.raw_os_error(), Some(libc::ESRCH)),
        other => panic!("{other:?}"),
    }
}

/// A child that says when it is ready, and then does as the trap says.
async fn trapping(trap: &str) -> Process {
    let script = format!("trap '{trap}' TERM USR1; echo ready; while :; do sleep 0.01; done");
    let mut process = create_subprocess_shell(script).stdout(PIPE).await.unwrap();
    assert_eq!(process.stdout.as_mut().unwrap().readline().await.unwrap(), b"ready\n");
    process
}

#[asyncio::test(timeout = "10s")]
async fn an_end_by_a_signal_is_its_negative_number() {
    // CPython: test_subprocess.SubprocessMixin.{test_kill,test_terminate,test_send_signal}
    for (signal, returncode) in [(Signal::SIGKILL, -9), (Signal::SIGTERM, -15), (Signal::SIGHUP, -1)] {
        let process = create_subprocess_exec("sleep").arg("10").await.unwrap();
        process.send_signal(signal).unwrap();
        assert_eq!(process.wait().await.unwrap(), returncode);
    }
    let process = create_subprocess_exec("sleep").arg("10").await.unwrap();
    process.terminate().unwrap();
    assert_eq!(process.wait().await.unwrap(), -15);
}

#[asyncio::test(timeout = "10s")]
async fn a_child_may_handle_a_signal_and_say_so() {
    let mut process = trapping("echo heard; exit 5").await;
    process.send_signal(Signal::SIGUSR1).unwrap();
    assert_eq!(process.communicate().await.unwrap().0.unwrap(), b"heard\n");
    assert_eq!(process.returncode(), Some(5));
}

#[asyncio::test(timeout = "10s")]
async fn a_child_that_ignores_sigterm_ends_by_sigkill() {
    let process = trapping("").await;
    process.terminate().unwrap();
    let ended = asyncio::timeout(Duration::from_millis(100), process.wait()).await;
    assert!(matches!(ended, Err(Error::TimeoutError(_))));
    process.kill().unwrap();
    assert_eq!(process.wait().await.unwrap(), -9);
}

#[asyncio::test(timeout = "10s")]
async fn a_process_that_has_ended_takes_no_signal() {
    // CPython: test_events.SubprocessTestsMixin.test_subprocess_send_signal and test_subprocess.…test_kill_issue43884
    let process = create_subprocess_exec("true").await.unwrap();
    process.wait().await.unwrap();
    assert_no_such_process(process.send_signal(Signal::SIGTERM));
    assert_no_such_process(process.terminate());
    assert_no_such_process(process.kill());
}

#[cfg(target_os = "linux")]
#[asyncio::test(timeout = "10s")]
async fn a_signal_for_one_that_has_ended_unnoticed_is_no_error() {
    // CPython: test_subprocess.SubprocessMixin.test_subprocess_send_signal_race
    let process = create_subprocess_exec("true").await.unwrap();
    // The loop does not look meanwhile.
    while super::status(process.pid()) != Some('Z') {
        std::thread::sleep(Duration::from_millis(1));
    }
    assert_eq!(process.returncode(), None);
    process.terminate().unwrap();
    assert_eq!(process.wait().await.unwrap(), 0);
}

#[asyncio::test(timeout = "10s")]
async fn a_child_does_not_inherit_blocked_or_ignored_signals_of_ours() {
    // Rust's programs ignore SIGPIPE; a child must not.
    let mut process =
        create_subprocess_shell("yes | head -c 2; kill -PIPE $$; echo survived").stdout(PIPE).await.unwrap();
    assert_eq!(process.communicate().await.unwrap().0.unwrap(), b"y\n");
    assert_eq!(process.returncode(), Some(-13));
}
