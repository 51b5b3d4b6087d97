//! Workers that die: their call fails and says why, the others go on.

use std::process::Command;

use asyncio::{Error, Result};

use super::{double, pool, process_id};

#[asyncio::remote]
fn ends(how: String) -> Result<u32> {
    eprintln!("about to end: {how}");
    match how.as_str() {
        "exit" => std::process::exit(3),
        "abort" => std::process::abort(),
        "panic" => {
            let _ = std::panic::catch_unwind(|| panic!("the reason of it all"));
            std::process::abort();
        }
        "last words" => {
            (0..100).for_each(|line| eprintln!("line {line}"));
            std::process::exit(4)
        }
        "in silence" => std::process::exit(0),
        signal => {
            let killed = Command::new("kill").args([signal, &std::process::id().to_string()]).status()?;
            panic!("it is still here: {killed}");
        }
    }
}

async fn death(how: &str) -> String {
    let error = ends.on(&pool(1))(how.to_owned()).await.unwrap_err();
    assert!(matches!(error, Error::BrokenProcessPool(_)), "{error}");
    error.to_string()
}

// CPython: test_concurrent_futures.test_process_pool.ProcessPoolExecutorTest.test_killed_child
#[asyncio::test]
async fn a_worker_that_ends_fails_its_call_and_the_error_says_how_it_ended() {
    let text = death("exit").await;
    assert!(text.contains("ended with exit code 3") && text.contains("about to end: exit"), "{text}");
    assert!(text.contains("deaths::ends"), "{text}");
    let text = death("-KILL").await;
    assert!(text.contains("was ended by signal 9 (SIGKILL)"), "{text}");
    let text = death("abort").await;
    assert!(text.contains("signal 6 (SIGABRT)"), "{text}");
    assert!(death("in silence").await.contains("exit code 0"));
}

#[asyncio::test]
async fn the_error_has_the_last_lines_of_the_standard_error() {
    let text = death("last words").await;
    assert!(
        text.ends_with("\n  line 98\n  line 99") && text.contains("line 90") && !text.contains("line 89"),
        "{text}"
    );
}

// As a panic does in a program that is built with `panic = "abort"`. There may be a backtrace behind the message.
#[asyncio::test]
async fn a_panic_that_aborts_the_worker_is_told_by_its_signal_and_its_message() {
    let text = death("panic").await;
    assert!(text.contains("signal 6 (SIGABRT)"), "{text}");
    assert!(
        text.contains("panicked at tests/process_pool/deaths.rs:") && text.contains("the reason of it all"),
        "{text}"
    );
}

/// Leaves a thread behind that ends the worker when that has begun to receive a large argument.
#[cfg(target_os = "linux")]
#[asyncio::remote]
fn ends_when_it_grows() -> Result<()> {
    const GROWN: u64 = 8 << 10;
    let resident = || {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap()
    };
    let before = resident();
    std::thread::spawn(move || {
        while resident() < before + GROWN {}
        std::process::exit(5);
    });
    Ok(())
}

#[cfg(target_os = "linux")]
#[asyncio::remote]
fn length(data: Vec<u8>) -> Result<usize> {
    Ok(data.len())
}

#[cfg(target_os = "linux")]
#[asyncio::test(timeout = "60s")]
async fn a_worker_that_dies_in_the_middle_of_a_large_argument_fails_that_call_only() {
    const SIZE: usize = 128 << 20;
    let pool = pool(1);
    for _ in 0..3 {
        ends_when_it_grows.on(&pool)().await.unwrap();
        let error = length.on(&pool)(vec![1; SIZE]).await.unwrap_err();
        assert!(matches!(error, Error::BrokenProcessPool(_)), "{error}");
        assert!(error.to_string().contains("ended with exit code 5"), "{error}");
        assert_eq!(length.on(&pool)(vec![1; SIZE]).await.unwrap(), SIZE);
    }
}

// Other than CPython's pool, which is of no use after that.
// CPython: test_concurrent_futures.test_process_pool.ProcessPoolExecutorTest.test_killed_child
#[asyncio::test]
async fn the_pool_goes_on_with_another_worker() {
    let pool = pool(2);
    let before = process_id.on(&pool)().await.unwrap();
    let (ended, doubled) = (ends.on(&pool)("exit".to_owned()), double.on(&pool)(3));
    assert_eq!(doubled.await.unwrap(), 6);
    ended.await.unwrap_err();
    for number in 0..10 {
        assert_eq!(double.on(&pool)(number).await.unwrap(), number * 2);
        assert_ne!(process_id.on(&pool)().await.unwrap(), before);
    }
}

// The pool need not have heard of it.
#[cfg(target_os = "linux")]
#[asyncio::test(timeout = "60s")]
async fn a_worker_that_has_just_died_takes_no_call_with_it() {
    let pool = pool(1);
    for _ in 0..20 {
        let worker = process_id.on(&pool)().await.unwrap();
        assert!(Command::new("kill").args(["-KILL", &worker.to_string()]).status().unwrap().success());
        // With all its threads: the last one closes its end of the socket.
        let threads = || std::fs::read_dir(format!("/proc/{worker}/task")).map_or(0, Iterator::count);
        let ended = |stat: String| stat.contains(") Z ");
        while threads() > 1 || std::fs::read_to_string(format!("/proc/{worker}/stat")).is_ok_and(|stat| !ended(stat)) {
            std::hint::spin_loop();
        }
        assert_ne!(process_id.on(&pool)().await.unwrap(), worker);
    }
}

#[asyncio::test]
async fn a_worker_that_dies_while_it_is_idle_takes_no_call_with_it() {
    let pool = pool(1);
    for _ in 0..5 {
        let worker = process_id.on(&pool)().await.unwrap();
        assert!(Command::new("kill").args(["-KILL", &worker.to_string()]).status().unwrap().success());
        super::gone(worker).await;
        assert_ne!(process_id.on(&pool)().await.unwrap(), worker);
    }
}

/// Leaves something behind that holds its descriptors.
#[asyncio::remote]
fn ends_before_its_child() -> Result<()> {
    Command::new("sleep").arg("2").process_group_of_its_own().spawn()?;
    eprintln!("gone before my child");
    std::process::exit(7)
}

trait ProcessGroup {
    fn process_group_of_its_own(&mut self) -> &mut Self;
}

impl ProcessGroup for Command {
    fn process_group_of_its_own(&mut self) -> &mut Self {
        std::os::unix::process::CommandExt::process_group(self, 0)
    }
}

#[asyncio::test(timeout = "20s")]
async fn a_worker_whose_child_lives_on_is_dead_all_the_same() {
    let begin = std::time::Instant::now();
    let error = ends_before_its_child.on(&pool(1))().await.unwrap_err().to_string();
    assert!(error.contains("exit code 7") && error.contains("gone before my child"), "{error}");
    assert!(begin.elapsed().as_millis() < 1900, "nothing waits for the child");
}
