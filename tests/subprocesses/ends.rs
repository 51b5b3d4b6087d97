//! How children end, and what they could not begin.

use std::io::ErrorKind;
use std::time::Duration;

use asyncio::subprocess::{DEVNULL, PIPE};
use asyncio::{Error, create_subprocess_exec, create_subprocess_shell};

#[asyncio::test(timeout = "10s")]
async fn the_exit_code_of_a_program_comes_back() {
    // CPython: test_events.SubprocessTestsMixin.test_subprocess_exitcode
    let process = create_subprocess_shell("exit 7").await.unwrap();
    assert_eq!(process.wait().await.unwrap(), 7);
    assert_eq!(process.returncode(), Some(7));
    let process = create_subprocess_exec("true").await.unwrap();
    assert_eq!(process.wait().await.unwrap(), 0);
    // Known now, so that nothing has to wait.
    assert_eq!(process.wait().await.unwrap(), 0);
}

#[asyncio::test(timeout = "10s")]
async fn any_number_of_tasks_may_wait_for_an_end() {
    // CPython: test_subprocess.SubprocessMixin.test_subprocess_concurrent_wait
    let process = create_subprocess_exec("sleep").arg("0.05").await.unwrap();
    assert_eq!(process.returncode(), None);
    let waits: Vec<_> = (0..5).map(|_| asyncio::create_task(process.wait())).collect();
    for wait in waits {
        assert_eq!(wait.await.unwrap(), 0);
    }
}

#[asyncio::test(timeout = "10s")]
async fn a_missing_program_is_an_error_with_its_path() {
    // CPython: test_subprocess.SubprocessMixin.{test_popen_error,test_popen_error_with_stdin_pipe}
    let error = create_subprocess_exec("/no/such/program").stdin(PIPE).await.unwrap_err();
    let Error::OsError(error) = error else { panic!("{error}") };
    assert_eq!((error.kind(), error.subject()), (ErrorKind::NotFound, Some("/no/such/program")));
}

#[asyncio::test(timeout = "10s")]
async fn a_file_that_is_no_program_is_an_error_with_its_path() {
    let file = std::env::temp_dir().join(format!("asyncio-no-program-{}", std::process::id()));
    std::fs::write(&file, "text").unwrap();
    let error = create_subprocess_exec(&file).await.unwrap_err();
    std::fs::remove_file(&file).unwrap();
    let Error::OsError(error) = error else { panic!("{error}") };
    assert_eq!((error.kind(), error.subject()), (ErrorKind::PermissionDenied, file.to_str()));
}

#[asyncio::test(timeout = "10s")]
async fn a_missing_directory_is_an_error_with_its_path() {
    let error = create_subprocess_exec("true").cwd("/no/such/directory").await.unwrap_err();
    assert!(error.to_string().contains("/no/such/directory"), "{error}");
}

#[asyncio::test(timeout = "10s")]
async fn an_end_is_told_although_pipes_are_open() {
    // gh-119710: the child ends at once, and its own child keeps the pipe.
    let mut process = create_subprocess_shell("sleep 0.3 & exit 3").stdout(PIPE).await.unwrap();
    let began = asyncio::get_running_loop().unwrap().time();
    assert_eq!(process.wait().await.unwrap(), 3);
    let waited = asyncio::get_running_loop().unwrap().time() - began;
    assert!(waited < Duration::from_millis(250), "{waited:?}");
    // The pipe ends with the last who has it.
    assert_eq!(process.communicate().await.unwrap(), (Some(Vec::new()), None));
}

#[asyncio::test(timeout = "10s")]
async fn a_child_that_closes_its_pipes_lives_on() {
    let mut process =
        create_subprocess_shell("exec >&- 2>&-; sleep 0.05; exit 4").stdout(PIPE).stderr(PIPE).await.unwrap();
    assert_eq!(process.stdout.as_mut().unwrap().read_to_end().await.unwrap(), b"");
    assert_eq!(process.stderr.as_mut().unwrap().read_to_end().await.unwrap(), b"");
    assert_eq!(process.returncode(), None);
    assert_eq!(process.wait().await.unwrap(), 4);
}

#[asyncio::test(timeout = "10s")]
async fn a_wait_that_is_cancelled_leaves_the_process_as_it_is() {
    // CPython: test_subprocess.SubprocessMixin.test_cancel_process_wait
    let process = create_subprocess_exec("sleep").arg("10").await.unwrap();
    let wait = asyncio::create_task(process.wait());
    asyncio::sleep(Duration::ZERO).await;
    wait.cancel();
    assert!(matches!(wait.await, Err(Error::CancelledError(_))));
    assert_eq!(process.returncode(), None);
    process.kill().unwrap();
    assert_eq!(process.wait().await.unwrap(), -9);
}

#[asyncio::test(timeout = "10s")]
async fn a_process_shows_its_number_and_how_it_ended() {
    // CPython: test_subprocess.SubprocessTransportTests.test_subprocess_repr
    let process = create_subprocess_exec("true").stdin(DEVNULL).await.unwrap();
    assert_eq!(format!("{process:?}"), format!("<Process pid={} running>", process.pid()));
    process.wait().await.unwrap();
    assert_eq!(format!("{process:?}"), format!("<Process pid={} returncode=0>", process.pid()));
}

#[asyncio::test(timeout = "10s")]
async fn a_hundred_children_at_once_all_end() {
    let children = (0..100)
        .map(|number| async move { create_subprocess_shell(format!("exit {}", number % 7)).await?.wait().await });
    let ends = asyncio::gather(children.collect::<Vec<_>>()).await.unwrap();
    assert_eq!(ends, (0..100).map(|number| number % 7).collect::<Vec<_>>());
}
