//! `communicate`.

use std::time::Duration;

use asyncio::subprocess::{DEVNULL, PIPE, STDOUT};
use asyncio::{Error, create_subprocess_exec, create_subprocess_shell};

#[asyncio::test(timeout = "10s")]
async fn input_goes_in_and_output_comes_out() {
    // CPython: test_subprocess.SubprocessMixin.{test_communicate,test_shell,test_subprocess_communicate_stdout}
    let mut process = create_subprocess_exec("cat").stdin(PIPE).stdout(PIPE).await.unwrap();
    let output = process.communicate().input("some data").await.unwrap();
    assert_eq!(output, (Some(b"some data".to_vec()), None));
    assert_eq!(process.returncode(), Some(0));
}

#[asyncio::test(timeout = "10s")]
async fn standard_input_is_closed_without_input_too() {
    // CPython: test_subprocess.SubprocessMixin.{test_communicate_none_input,test_empty_input}
    let mut process = create_subprocess_exec("cat").stdin(PIPE).stdout(PIPE).stderr(PIPE).await.unwrap();
    assert_eq!(process.communicate().await.unwrap(), (Some(Vec::new()), Some(Vec::new())));
}

#[asyncio::test(timeout = "20s")]
async fn megabytes_go_in_and_out_at_the_same_time() {
    let data: Vec<u8> = (0..5_000_000_u32).map(|number| number as u8).collect();
    let script = "tee /dev/stderr";
    let mut process = create_subprocess_shell(script).stdin(PIPE).stdout(PIPE).stderr(PIPE).await.unwrap();
    let (stdout, stderr) = process.communicate().input(data.clone()).await.unwrap();
    assert!(stdout == Some(data.clone()) && stderr == Some(data));
}

#[asyncio::test(timeout = "10s")]
async fn a_child_that_does_not_read_its_input_is_no_error() {
    // CPython: test_subprocess.SubprocessMixin.test_communicate_ignore_broken_pipe
    let mut process = create_subprocess_exec("true").stdin(PIPE).await.unwrap();
    process.communicate().input(vec![b'x'; 1 << 20]).await.unwrap();
    assert_eq!(process.wait().await.unwrap(), 0);
}

#[asyncio::test(timeout = "10s")]
async fn messages_can_go_where_the_output_goes() {
    // CPython: test_events.SubprocessTestsMixin.test_subprocess_stderr_redirect_to_stdout
    let mut process =
        create_subprocess_shell("echo out; echo err >&2; echo out").stdout(PIPE).stderr(STDOUT).await.unwrap();
    assert_eq!(process.communicate().await.unwrap(), (Some(b"out\nerr\nout\n".to_vec()), None));
    assert!(process.stderr.is_none());
}

#[asyncio::test(timeout = "10s")]
async fn a_cancel_loses_nothing_that_was_read() {
    let script = "echo first; echo message >&2; exec 2>&-; read line; echo $line";
    let mut process = create_subprocess_shell(script).stdin(PIPE).stdout(PIPE).stderr(PIPE).await.unwrap();
    // Keeps standard input open, so that the child waits.
    let stdin = process.stdin.take().unwrap();
    let slow = asyncio::timeout(Duration::from_millis(100), async { process.communicate().await }).await;
    assert!(matches!(slow, Err(Error::TimeoutError(_))));
    assert_eq!(process.returncode(), None);
    stdin.write("second\n");
    stdin.close();
    let output = process.communicate().await.unwrap();
    assert_eq!(output, (Some(b"first\nsecond\n".to_vec()), Some(b"message\n".to_vec())));
}

#[asyncio::test(timeout = "10s")]
async fn input_arrives_although_nobody_waits_for_that_any_more() {
    let mut process = create_subprocess_shell("sleep 0.1; wc -c").stdin(PIPE).stdout(PIPE).await.unwrap();
    let input = vec![0; 1 << 20];
    let slow = asyncio::timeout(Duration::from_millis(10), async { process.communicate().input(input).await }).await;
    assert!(matches!(slow, Err(Error::TimeoutError(_))));
    let (stdout, _) = process.communicate().await.unwrap();
    assert_eq!(stdout.as_deref(), Some(&b"1048576\n"[..]));
}

#[asyncio::test(timeout = "10s")]
async fn input_that_nobody_would_read_is_refused() {
    let mut process = create_subprocess_exec("true").stdin(DEVNULL).await.unwrap();
    let error = process.communicate().input("lost").await.unwrap_err();
    assert!(matches!(&error, Error::ValueError(_)) && error.to_string().contains("stdin(PIPE)"), "{error}");
    assert_eq!(process.communicate().await.unwrap(), (None, None));
}

#[asyncio::test(timeout = "10s")]
async fn what_was_written_before_an_end_by_a_signal_comes_out() {
    let mut process = create_subprocess_shell("echo partial; kill -KILL $$").stdout(PIPE).await.unwrap();
    assert_eq!(process.communicate().await.unwrap().0.as_deref(), Some(&b"partial\n"[..]));
    assert_eq!(process.returncode(), Some(-9));
}
