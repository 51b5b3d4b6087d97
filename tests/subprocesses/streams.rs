//! The streams of a child.

use std::fs::File;
use std::io::{Read, Seek, Write};

use asyncio::subprocess::{DEVNULL, PIPE, STDOUT};
use asyncio::{Error, create_subprocess_exec, create_subprocess_shell};

#[asyncio::test(timeout = "10s")]
async fn lines_go_back_and_forth() {
    // CPython: test_subprocess.SubprocessMixin.test_stdin_stdout, test_events.…test_subprocess_interactive
    let mut process = create_subprocess_exec("cat").stdin(PIPE).stdout(PIPE).await.unwrap();
    for line in ["one\n", "two\n"] {
        let stdin = process.stdin.as_ref().unwrap();
        stdin.write(line);
        stdin.drain().await.unwrap();
        assert_eq!(process.stdout.as_mut().unwrap().readline().await.unwrap(), line.as_bytes());
    }
    let stdin = process.stdin.as_ref().unwrap();
    stdin.close();
    stdin.wait_closed().await.unwrap();
    assert_eq!(process.wait().await.unwrap(), 0);
}

#[asyncio::test(timeout = "10s")]
async fn output_stays_readable_after_the_end() {
    // CPython: test_subprocess.SubprocessMixin.test_read_stdout_after_process_exit
    let mut process = create_subprocess_shell("echo first; echo second").stdout(PIPE).await.unwrap();
    assert_eq!(process.wait().await.unwrap(), 0);
    let stdout = process.stdout.as_mut().unwrap();
    assert_eq!(stdout.readline().await.unwrap(), b"first\n");
    assert_eq!(stdout.read_to_end().await.unwrap(), b"second\n");
}

#[asyncio::test(timeout = "10s")]
async fn writing_to_a_child_that_is_gone_fails_in_drain() {
    // CPython: test_subprocess.SubprocessMixin.test_stdin_broken_pipe
    let process = create_subprocess_exec("true").stdin(PIPE).await.unwrap();
    process.wait().await.unwrap();
    let stdin = process.stdin.as_ref().unwrap();
    let error = loop {
        stdin.write(vec![b'x'; 1 << 16]);
        if let Err(error) = stdin.drain().await {
            break error;
        }
    };
    let Error::OsError(error) = error else { panic!("{error}") };
    let kinds = [std::io::ErrorKind::BrokenPipe, std::io::ErrorKind::ConnectionReset];
    assert!(kinds.contains(&error.kind()), "{error}");
}

#[asyncio::test(timeout = "10s")]
async fn a_child_waits_if_nobody_reads_what_it_writes() {
    // CPython: test_subprocess.SubprocessMixin.test_pause_reading
    let limit = 1000;
    let mut process = create_subprocess_shell("yes | head -c 1000000").stdout(PIPE).limit(limit).await.unwrap();
    asyncio::sleep(std::time::Duration::from_millis(50)).await;
    assert_eq!(process.returncode(), None);
    assert!(!process.transport().get_pipe_transport(1).unwrap().is_reading());
    assert_eq!(process.stdout.as_ref().unwrap().limit(), limit);
    let (stdout, _) = process.communicate().await.unwrap();
    assert_eq!(stdout.unwrap().len(), 1_000_000);
}

#[asyncio::test(timeout = "10s")]
async fn devnull_gives_nothing_and_takes_everything() {
    // CPython: test_subprocess.SubprocessMixin.{test_devnull_input,test_devnull_output,test_devnull_error}
    let mut process = create_subprocess_exec("cat").stdin(DEVNULL).stdout(PIPE).await.unwrap();
    assert_eq!(process.communicate().await.unwrap().0, Some(Vec::new()));
    let script = "echo lost; echo lost >&2";
    let mut process = create_subprocess_shell(script).stdout(DEVNULL).stderr(STDOUT).await.unwrap();
    assert_eq!(process.communicate().await.unwrap(), (None, None));
    assert!(process.stdin.is_none() && process.stdout.is_none() && process.stderr.is_none());
    assert_eq!(process.returncode(), Some(0));
}

#[asyncio::test(timeout = "10s")]
async fn a_child_reads_and_writes_files_of_ours() {
    let path = std::env::temp_dir().join(format!("asyncio-child-files-{}", std::process::id()));
    let mut file = File::options().read(true).write(true).create(true).truncate(true).open(&path).unwrap();
    file.write_all(b"from a file").unwrap();
    file.rewind().unwrap();
    let mut process = create_subprocess_exec("cat").stdin(file.try_clone().unwrap()).stdout(PIPE).await.unwrap();
    assert_eq!(process.communicate().await.unwrap().0.unwrap(), b"from a file");

    let script = "echo to a file; echo as well >&2";
    let process = create_subprocess_shell(script).stdout(file.try_clone().unwrap()).stderr(STDOUT).await.unwrap();
    assert_eq!(process.wait().await.unwrap(), 0);
    let mut text = String::new();
    file.seek(std::io::SeekFrom::Start(11)).unwrap();
    file.read_to_string(&mut text).unwrap();
    std::fs::remove_file(&path).unwrap();
    assert_eq!(text, "to a file\nas well\n");
}

#[asyncio::test(timeout = "10s")]
async fn stdout_is_where_stderr_may_go_and_nothing_else() {
    for error in [
        create_subprocess_exec("true").stdin(STDOUT).await.unwrap_err(),
        create_subprocess_exec("true").stdout(STDOUT).await.unwrap_err(),
        create_subprocess_exec("true").stdout(PIPE).limit(0).await.unwrap_err(),
    ] {
        assert!(matches!(error, Error::ValueError(_)), "{error}");
    }
}

#[asyncio::test(timeout = "10s")]
async fn a_child_whose_reader_was_dropped_can_still_write() {
    let mut process = create_subprocess_shell("head -c 1000000 /dev/zero").stdout(PIPE).await.unwrap();
    process.stdout = None;
    assert_eq!(process.wait().await.unwrap(), 0);
}
