//! Threads and the end of the process: none can keep it from ending past a timeout.

use std::cell::RefCell;
use std::process::ExitCode;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use asyncio::{Error, Executor, Result, Runner, ThreadPoolExecutor, create_task, get_running_loop, to_thread};

use crate::fork::in_child;
use crate::program::{Program, Test, succeeds, test};

pub(crate) const TESTS: &[Test] = &[
    test!(a_job_that_blocks_for_ever_does_not_hang_the_exit_past_the_timeout, leaves_a_blocked_job),
    test!(a_blocked_job_of_another_pool_does_not_hang_the_exit, leaves_a_blocked_pool),
    test!(idle_threads_do_not_delay_the_exit, leaves_idle_threads),
    test!(exit_waits_for_a_job_that_ends, leaves_a_job_that_ends),
    test!(a_runner_in_a_thread_local_ends_its_loop_when_the_thread_ends, keeps_runners_in_thread_locals),
    test!(a_pool_in_a_child_of_a_fork_refuses_jobs_and_hangs_nobody, forks),
];

/// Blocks its thread for good, once it has said so.
fn block(begun: &Sender<()>) {
    begun.send(()).unwrap();
    loop {
        thread::park();
    }
}

/// A thread tells a task that it has begun: waiting for that here blocks the loop, which has nothing else to do.
fn begun(begins: &Receiver<()>) {
    begins.recv_timeout(Duration::from_secs(20)).unwrap();
}

#[asyncio::main]
async fn leaves_a_blocked_job() -> Result<()> {
    let (tell, begins) = channel();
    let stuck = create_task(to_thread(move || block(&tell))).named("stuck");
    asyncio::sleep(Duration::ZERO).await;
    begun(&begins);
    get_running_loop()?.shutdown_default_executor(Duration::from_millis(50)).await?;
    println!("leaves");
    drop(stuck);
    Ok(())
}

fn a_job_that_blocks_for_ever_does_not_hang_the_exit_past_the_timeout(program: Program) {
    // CPython: test_base_events.BaseEventLoopTests.test_shutdown_default_executor_timeout
    let ended = program.end();
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(0), "leaves\n"), "{ended:#?}");
    assert!(ended.stderr.contains("50ms") && ended.stderr.contains("\"stuck\""), "{}", ended.stderr);
}

#[asyncio::main]
async fn leaves_a_blocked_pool() -> Result<()> {
    let (tell, begins) = channel();
    let pool = ThreadPoolExecutor::builder().max_workers(1).build()?;
    let future = get_running_loop()?.run_in_executor(Some(&pool), move || block(&tell))?;
    begun(&begins);
    drop((future, pool));
    Ok(())
}

fn a_blocked_job_of_another_pool_does_not_hang_the_exit(program: Program) {
    succeeds(program);
}

#[asyncio::main]
async fn leaves_idle_threads() -> Result<()> {
    asyncio::gather((0..8).map(|_| to_thread(|| ()))).await?;
    Ok(())
}

fn idle_threads_do_not_delay_the_exit(program: Program) {
    succeeds(program);
}

#[asyncio::main]
async fn leaves_a_job_that_ends() -> Result<()> {
    let (go_on, waits) = channel::<()>();
    let job = move || {
        let _ = waits.recv_timeout(Duration::from_secs(20));
        println!("the job has ended");
    };
    drop(get_running_loop()?.run_in_executor(None, job)?);
    println!("main has ended");
    drop(go_on);
    Ok(())
}

fn exit_waits_for_a_job_that_ends(program: Program) {
    // CPython: test_concurrent_futures.test_shutdown.ExecutorShutdownTest.test_interpreter_shutdown
    let ended = program.end();
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(0), "main has ended\nthe job has ended\n"), "{ended:#?}");
}

fn forks() -> std::process::ExitCode {
    let pool = ThreadPoolExecutor::new();
    let here = pool.submit(|| Ok::<_, Error>(1)).unwrap();
    assert_eq!(here.result(None).unwrap(), 1);
    in_child(|| {
        let refused = pool.submit(|| ()).unwrap_err();
        assert!(refused.to_string().contains("fork"), "{refused}");
    });
    pool.shutdown().unwrap();
    std::process::ExitCode::SUCCESS
}

fn a_pool_in_a_child_of_a_fork_refuses_jobs_and_hangs_nobody(program: Program) {
    succeeds(program);
}

thread_local! {
    static EARLY: RefCell<Option<Runner>> = const { RefCell::new(None) };
    static LATE: RefCell<Option<Runner>> = const { RefCell::new(None) };
    static WHO: asyncio::ContextVar<&'static str> = const { asyncio::ContextVar::new("who") };
}

/// Leaves a task behind that waits in a lock and cleans up.
fn use_runner(runner: &mut Runner, name: &'static str) {
    let began = runner.run(async move {
        let lock = std::rc::Rc::new(asyncio::Lock::new());
        let held = lock.clone();
        drop(create_task(async move {
            held.acquire().await?;
            asyncio::with_cleanup(
                &mut (),
                async |()| asyncio::sleep(Duration::from_secs(3600)).await,
                async |()| {
                    asyncio::sleep(Duration::from_millis(1)).await;
                    println!("{name} cleaned up");
                },
            )
            .await;
            Ok::<_, Error>(())
        }));
        drop(create_task(async move { lock.acquire().await }));
        asyncio::sleep(Duration::ZERO).await;
        Ok::<_, Error>(())
    });
    began.unwrap();
}

fn keeps_runners_in_thread_locals() -> ExitCode {
    let thread = thread::spawn(|| {
        // One is registered before everything that the library keeps for the thread, and so goes after all of that.
        EARLY.with(|slot| *slot.borrow_mut() = Some(Runner::new()));
        WHO.with(|who| drop(who.set("outside")));
        EARLY.with(|slot| use_runner(slot.borrow_mut().as_mut().unwrap(), "early"));
        LATE.with(|slot| *slot.borrow_mut() = Some(Runner::new()));
        LATE.with(|slot| use_runner(slot.borrow_mut().as_mut().unwrap(), "late"));
    });
    match thread.join() {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn a_runner_in_a_thread_local_ends_its_loop_when_the_thread_ends(program: Program) {
    let ended = program.end();
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{ended:#?}");
    assert_eq!(ended.stdout, "late cleaned up\nearly cleaned up\n");
}
