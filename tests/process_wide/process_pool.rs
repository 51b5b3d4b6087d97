//! Process pools and what the whole process shares: children, limits, descriptors, the standard streams, the end.

use std::collections::HashSet;
use std::fs::File;
use std::io::Write;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use asyncio::{Error, ProcessPoolExecutor, Result};

use crate::program::{Program, Test, succeed, test};
use crate::subprocesses::descriptors;

pub(crate) const TESTS: &[Test] = &[
    test!(workers_that_are_killed_under_load_take_their_own_calls_with_them, workers_are_killed),
    test!(a_pool_without_descriptors_is_an_error_and_leaves_none_behind, without_descriptors),
    test!(a_worker_that_cannot_be_forked_is_an_error_unless_another_one_is_there, without_processes),
    test!(pools_leave_neither_zombies_nor_descriptors_behind, many_pools),
    test!(a_parent_that_is_killed_leaves_no_worker_behind, has_busy_and_idle_workers),
    test!(a_parent_that_returns_leaves_no_worker_behind, returns_with_workers),
    test!(ctrl_c_does_not_reach_the_workers, is_interrupted),
    test!(the_standard_output_of_a_worker_is_this_ones, workers_print),
    test!(a_standard_error_that_nobody_reads_stops_no_pool, full_stderr),
    test!(a_pool_in_a_main_that_never_asks_is_refused, never_asks),
    test!(a_main_that_asks_by_itself_serves, asks_by_itself),
    test!(a_pool_in_the_child_of_a_fork_is_refused, forks),
];

succeed! {
    workers_that_are_killed_under_load_take_their_own_calls_with_them
    a_pool_without_descriptors_is_an_error_and_leaves_none_behind
    a_worker_that_cannot_be_forked_is_an_error_unless_another_one_is_there
    pools_leave_neither_zombies_nor_descriptors_behind
    a_standard_error_that_nobody_reads_stops_no_pool
    a_pool_in_a_main_that_never_asks_is_refused
    a_main_that_asks_by_itself_serves
    a_pool_in_the_child_of_a_fork_is_refused
}

#[asyncio::remote]
fn double(number: u32) -> Result<u32> {
    Ok(number * 2)
}

#[asyncio::remote]
fn process_id() -> Result<u32> {
    Ok(std::process::id())
}

/// Takes a moment, in which it may be killed.
#[asyncio::remote]
fn slow_double(number: u32) -> Result<(u32, u32)> {
    std::thread::sleep(Duration::from_micros(u64::from(number % 7) * 500));
    Ok((number * 2, std::process::id()))
}

#[asyncio::remote]
fn sleeps() -> Result<()> {
    std::thread::sleep(Duration::from_secs(1000));
    Ok(())
}

fn pool(max_workers: usize) -> ProcessPoolExecutor {
    ProcessPoolExecutor::builder().max_workers(max_workers).build().unwrap()
}

fn kill(process: u32, signal: i32) -> bool {
    #[expect(unsafe_code, reason = "std signals its own children only")]
    // SAFETY: numbers. A worker's number is its own until the pool has reaped it, and no test has so many processes that
    // one is given out again at once.
    unsafe {
        libc::kill(i32::try_from(process).unwrap(), signal) == 0
    }
}

const KILLS: usize = 1000;

/// Calls go on and on; whoever answers may be killed in the middle of its next call.
#[asyncio::main]
async fn workers_are_killed() {
    let before = descriptors();
    let pool = pool(4);
    let (mut killed, mut answered, mut failed, mut number) = (0, 0, 0, 0);
    let mut calls = std::collections::VecDeque::new();
    while killed < KILLS || !calls.is_empty() {
        while calls.len() < 12 && killed < KILLS {
            calls.push_back((number, slow_double.on(&pool)(number)));
            number += 1;
        }
        let (number, call) = calls.pop_front().unwrap();
        match call.await {
            Ok((doubled, worker)) => {
                assert_eq!(doubled, number * 2, "the answer of another call");
                answered += 1;
                killed += usize::from(kill(worker, libc::SIGKILL));
            }
            Err(Error::BrokenProcessPool(text)) => {
                assert!(
                    text.as_str().contains("signal 9 (SIGKILL)") && text.as_str().contains("slow_double"),
                    "{text}"
                );
                failed += 1;
            }
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!(answered + failed, number, "each call has one answer");
    assert!(failed > 0 && answered > 0, "{answered} answers and {failed} failures");
    asyncio::to_thread(move || pool.shutdown()).await.unwrap();
    assert_eq!((descriptors(), children().as_str()), (before, ""));
}

/// Of all threads.
fn children() -> String {
    let threads = std::fs::read_dir("/proc/self/task").unwrap();
    threads.map(|thread| std::fs::read_to_string(thread.unwrap().path().join("children")).unwrap_or_default()).collect()
}

#[expect(unsafe_code, reason = "std has no limits")]
fn set_soft_limit(of: libc::__rlimit_resource_t, soft: libc::rlim_t) -> libc::rlim_t {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: `limit` lives through the call.
    assert_eq!(unsafe { libc::getrlimit(of, &mut limit) }, 0);
    let former = std::mem::replace(&mut limit.rlim_cur, soft);
    // SAFETY: as above.
    assert_eq!(unsafe { libc::setrlimit(of, &limit) }, 0);
    former
}

#[asyncio::main]
async fn without_descriptors() {
    set_soft_limit(libc::RLIMIT_NOFILE, 64);
    let first = pool(1);
    assert_eq!(double.on(&first)(1).await.unwrap(), 2);
    asyncio::to_thread(move || first.shutdown()).await.unwrap();
    for max_workers in [1, 2] {
        without_descriptors_for(max_workers).await;
    }
}

/// As many calls at once as there may be workers: none of those that fail may wait for another one.
async fn without_descriptors_for(max_workers: usize) {
    let before = descriptors();
    let mut taken: Vec<File> = std::iter::from_fn(|| File::open("/dev/null").ok()).collect();
    let mut failures = 0;
    // One more is free in each round, until there are enough; no round loses one.
    loop {
        let pool = pool(max_workers);
        let calls: Vec<_> = (0..max_workers).map(|_| double.on(&pool)(21)).collect();
        let mut doubled = 0;
        for call in calls {
            match call.await {
                Ok(result) => doubled += usize::from(result == 42),
                Err(Error::OsError(error)) => assert_eq!(error.raw_os_error(), Some(libc::EMFILE), "{error}"),
                Err(error) => panic!("{error}"),
            }
        }
        asyncio::to_thread(move || pool.shutdown()).await.unwrap();
        if doubled == max_workers {
            break;
        }
        failures += 1;
        taken.pop();
    }
    assert!(failures > 4, "{failures}");
    drop(taken);
    assert_eq!((descriptors(), children().as_str()), (before, ""));
}

#[asyncio::main]
#[expect(unsafe_code, reason = "root has no limit of processes")]
async fn without_processes() {
    let pool = pool(2);
    assert_eq!(double.on(&pool)(1).await.unwrap(), 2);
    // SAFETY: a number; the other thread of this process belongs to the pool, and libc tells it as well.
    unsafe { libc::setuid(54321) };
    let former = set_soft_limit(libc::RLIMIT_NPROC, 0);
    // The one that is there makes all of them.
    let calls: Vec<_> = (0..10).map(|number| slow_double.on(&pool)(number)).collect();
    let mut workers = HashSet::new();
    for call in calls {
        workers.insert(call.await.unwrap().1);
    }
    assert_eq!(workers.len(), 1);
    ends.on(&pool)().await.unwrap_err();
    let Err(Error::OsError(error)) = double.on(&pool)(1).await else { panic!("there is no room for a process") };
    assert_eq!(error.raw_os_error(), Some(libc::EAGAIN));
    assert_eq!(error.subject(), Some("a worker of a process pool"));
    set_soft_limit(libc::RLIMIT_NPROC, former);
    match double.on(&pool)(1).await {
        Ok(doubled) => assert_eq!(doubled, 2),
        // Where this user may not run what root has built.
        Err(error) => assert_eq!(error.io_kind(), Some(std::io::ErrorKind::PermissionDenied), "{error}"),
    }
}

#[asyncio::remote]
fn ends() {
    std::process::exit(0);
}

#[asyncio::main]
async fn many_pools() {
    let before = descriptors();
    for round in 0..20 {
        let pool = pool(2);
        let call = sleeps.on(&pool)();
        assert_eq!(double.on(&pool)(round).await.unwrap(), round * 2);
        drop(call);
        if round % 2 == 0 {
            asyncio::to_thread(move || pool.shutdown()).await.unwrap();
        }
    }
    while !children().is_empty() || descriptors() > before {
        asyncio::sleep(Duration::from_millis(1)).await;
    }
}

#[asyncio::main]
async fn has_busy_and_idle_workers() {
    let pool = pool(3);
    let busy = process_id.on(&pool)().await.unwrap();
    let sleeping = sleeps.on(&pool)();
    // Another one, since the first is busy now.
    let idle = process_id.on(&pool)().await.unwrap();
    println!("{busy} {idle}");
    println!("ready");
    sleeping.await.unwrap();
}

fn workers_of(printed: &str) -> Vec<u32> {
    printed.lines().next().unwrap().split(' ').map(|number| number.parse().unwrap()).collect()
}

fn until_gone(workers: &[u32]) {
    let begin = Instant::now();
    // In a container nobody may reap them.
    let lives =
        |worker: &u32| std::fs::read_to_string(format!("/proc/{worker}/stat")).is_ok_and(|stat| !stat.contains(") Z "));
    while workers.iter().any(lives) {
        assert!(begin.elapsed() < Duration::from_secs(20), "{workers:?} live on");
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn a_parent_that_is_killed_leaves_no_worker_behind(mut program: Program) {
    program.wait_for("ready");
    program.signal(libc::SIGKILL);
    let ended = program.end();
    assert_eq!(ended.signal, Some(libc::SIGKILL));
    let workers = workers_of(&ended.stdout);
    assert_eq!(workers.len(), 2);
    assert_ne!(workers[0], workers[1]);
    until_gone(&workers);
}

#[asyncio::main]
async fn returns_with_workers() {
    let pool = pool(2);
    let busy = process_id.on(&pool)().await.unwrap();
    let sleeping = pool.submit(sleeps.call()).unwrap();
    println!("{busy} {}", process_id.on(&pool)().await.unwrap());
    // Neither is ended in order.
    std::mem::forget((pool, sleeping));
}

fn a_parent_that_returns_leaves_no_worker_behind(program: Program) {
    let ended = program.end();
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{ended:#?}");
    until_gone(&workers_of(&ended.stdout));
}

#[asyncio::remote]
fn sees_a_signal() -> Result<u32> {
    std::thread::sleep(Duration::from_millis(300));
    Ok(std::process::id())
}

#[asyncio::main]
async fn is_interrupted() {
    let pool = pool(1);
    let call = pool.submit(sees_a_signal.call()).unwrap();
    let group = |process: u32| {
        let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
        stat.rsplit(") ").next().unwrap().split(' ').nth(2).unwrap().parse::<u32>().unwrap()
    };
    let worker = asyncio::wrap_future(call).unwrap().await.unwrap();
    assert_eq!((group(worker), group(std::process::id()) == worker), (worker, false));
    println!("ready");
    let interrupted = asyncio::catch_cancelled(asyncio::sleep(Duration::from_secs(1000))).await;
    assert!(interrupted.is_err());
    // The pool is as it was, for the clean-up.
    assert_eq!(process_id.on(&pool)().await.unwrap(), worker);
    println!("the worker lives");
}

fn ctrl_c_does_not_reach_the_workers(mut program: Program) {
    program.wait_for("ready");
    program.interrupt();
    let ended = program.end();
    assert!(ended.stdout.ends_with("the worker lives\n"), "{ended:#?}");
}

#[asyncio::remote]
fn prints(text: String) -> Result<usize> {
    print!("{text}");
    std::io::stdout().flush()?;
    eprintln!("an error");
    Ok(text.len())
}

#[asyncio::main]
async fn workers_print() {
    let pool = pool(1);
    // What looks like nothing else than the worker's answers.
    let text = "\u{3}\0YA\0\0\0\0".repeat(10);
    assert_eq!(prints.on(&pool)(text.clone()).await.unwrap(), text.len());
    assert_eq!(prints.on(&pool)("\nprinted by a worker\n".to_owned()).await.unwrap(), 21);
    println!("printed by the parent");
    asyncio::to_thread(move || pool.shutdown()).await.unwrap();
}

fn the_standard_output_of_a_worker_is_this_ones(program: Program) {
    let ended = program.end();
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    assert!(ended.stdout.ends_with("\nprinted by a worker\nprinted by the parent\n"), "{ended:#?}");
    assert_eq!(ended.stderr, "an error\nan error\n");
}

#[asyncio::main]
#[expect(unsafe_code, reason = "std cannot replace the standard error")]
async fn full_stderr() {
    let mut ends_of_pipe = [0; 2];
    // SAFETY: the array lives through the call, which fills it with descriptors that are nobody else's.
    let [mut reader, mut writer] = unsafe {
        assert_eq!(libc::pipe2(ends_of_pipe.as_mut_ptr(), libc::O_CLOEXEC), 0);
        assert_eq!(libc::dup2(ends_of_pipe[1], libc::STDERR_FILENO), libc::STDERR_FILENO);
        ends_of_pipe.map(|end| <File as std::os::fd::FromRawFd>::from_raw_fd(end))
    };
    writer.write_all(&[b'x'; 65536]).unwrap();
    let pool = pool(1);
    for _ in 0..3 {
        assert_eq!(prints.on(&pool)(String::new()).await.unwrap(), 0);
    }
    ends.on(&pool)().await.unwrap_err();
    // When there is room again, nothing was lost.
    let mut read = vec![0; 65536 + 27];
    std::io::Read::read_exact(&mut reader, &mut read).unwrap();
    assert!(read.ends_with(b"xan error\nan error\nan error\n"));
}

fn never_asks() -> ExitCode {
    let refused = ProcessPoolExecutor::builder().build().unwrap_err();
    assert!(matches!(&refused, Error::RuntimeError(text) if text.as_str().contains("serve_if_worker()")), "{refused}");
    let panic = std::panic::catch_unwind(|| {
        std::panic::set_hook(Box::new(|_| {}));
        ProcessPoolExecutor::new()
    });
    let panic = panic.unwrap_err().downcast::<String>().unwrap();
    assert!(panic.contains("#[asyncio::main]"), "{panic}");
    ExitCode::SUCCESS
}

fn asks_by_itself() -> ExitCode {
    asyncio::serve_if_worker();
    let pool = pool(1);
    assert_eq!(pool.submit(double.call(21)).unwrap().result(Duration::from_secs(20)).unwrap(), 42);
    pool.shutdown().unwrap();
    ExitCode::SUCCESS
}

#[asyncio::main]
#[expect(unsafe_code, reason = "std has no fork")]
async fn forks() {
    let pool = pool(1);
    assert_eq!(double.on(&pool)(1).await.unwrap(), 2);
    // SAFETY: the child touches the pool's lock, which no other thread holds now, and ends.
    let child = unsafe { libc::fork() };
    if child == 0 {
        let refused = pool.submit(double.call(1)).unwrap_err();
        let told = refused.to_string().contains("parent of a fork") && pool.shutdown().is_ok();
        // SAFETY: ends this process, and runs nothing of the parent's.
        unsafe { libc::_exit(i32::from(!told)) };
    }
    let mut status = -1;
    // SAFETY: `status` lives through the call.
    assert_eq!((unsafe { libc::waitpid(child, &mut status, 0) }, status), (child, 0));
    assert_eq!(double.on(&pool)(2).await.unwrap(), 4);
}
