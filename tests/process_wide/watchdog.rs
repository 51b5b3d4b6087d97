//! The watchdog, tasks that are dumped on a signal, and signals that keep a deadlock from being one.

use std::process::ExitCode;
use std::time::Duration;

use asyncio::{Queue, Result, Runner, Signal};

use crate::program::{Program, Test, succeeds, test};

pub(crate) const TESTS: &[Test] = &[
    test!(a_blocked_loop_is_reported_once_with_its_task_and_last_await, blocks),
    test!(a_loop_that_goes_on_is_not_reported, goes_on),
    test!(the_environment_may_ask_for_a_watchdog, is_asked_by_the_environment),
    test!(all_tasks_are_printed_on_the_signal, dumps),
    test!(a_handler_of_a_signal_keeps_a_wait_from_being_a_deadlock, waits_for_a_signal),
    test!(a_dump_on_a_signal_keeps_none_from_being_found, waits_with_a_dump),
];

#[asyncio::coroutine]
async fn works(block: Duration) {
    asyncio::sleep(Duration::from_millis(1)).await;
    std::thread::sleep(block);
}

fn blocks() -> ExitCode {
    let mut runner = Runner::builder().watchdog(Duration::from_millis(200)).build();
    runner
        .run(async {
            asyncio::create_task(works(Duration::from_millis(900))).named("the blocker").await?;
            asyncio::sleep(Duration::from_millis(300)).await;
            Ok::<_, asyncio::Error>(())
        })
        .unwrap();
    ExitCode::SUCCESS
}

fn a_blocked_loop_is_reported_once_with_its_task_and_last_await(program: Program) {
    let ended = program.end();
    let text = &ended.stderr;
    assert_eq!(text.matches("ASY0009: the event loop has not finished a callback for 0.").count(), 1, "{text}");
    if cfg!(target_os = "linux") {
        assert!(text.contains("task \"the blocker\", created at "), "{text}");
        assert!(text.contains("which before that waited in sleep() ← works() called at "), "{text}");
        assert!(text.contains(" runs all the while, now in the system call nanosleep; move what blocks "), "{text}");
        let machine = cfg!(target_arch = "x86_64") || cfg!(target_arch = "aarch64");
        assert_eq!(text.contains("native frames"), cfg!(feature = "backtrace") && machine, "{text}");
    }
}

fn goes_on() -> ExitCode {
    let mut runner = Runner::builder().watchdog(Duration::from_millis(200)).build();
    // Idle for longer, and busy for longer with what is short.
    runner.run(asyncio::sleep(Duration::from_millis(500))).unwrap();
    let spins = async {
        let began = std::time::Instant::now();
        while began.elapsed() < Duration::from_millis(500) {
            works(Duration::ZERO).await;
        }
    };
    runner.run(spins).unwrap();
    // One batch that is longer, of callbacks that are not: they block for what is measured.
    let batch = async {
        let event_loop = asyncio::get_running_loop()?;
        for _ in 0..10 {
            event_loop.call_soon(|| std::thread::sleep(Duration::from_millis(40)))?;
        }
        asyncio::sleep(Duration::ZERO).await;
        Ok::<_, asyncio::Error>(())
    };
    runner.run(batch).unwrap();
    ExitCode::SUCCESS
}

fn a_loop_that_goes_on_is_not_reported(program: Program) {
    succeeds(program);
}

#[expect(unsafe_code, reason = "there is one thread yet")]
fn is_asked_by_the_environment() -> ExitCode {
    // SAFETY: nobody reads the environment meanwhile.
    unsafe { std::env::set_var("ASYNCIO_WATCHDOG", "0.2") };
    let mut runner = Runner::new();
    runner.run(works(Duration::from_millis(700))).unwrap();
    ExitCode::SUCCESS
}

fn the_environment_may_ask_for_a_watchdog(program: Program) {
    let ended = program.end();
    assert!(ended.stderr.contains("ASY0009: "), "{ended:?}");
}

fn dumps() -> ExitCode {
    let mut runner = Runner::builder().dump_tasks_on(Signal::SIGUSR1).build();
    let ran: Result<()> = runner.run(async {
        drop(asyncio::create_task(works(Duration::ZERO)).named("the worker"));
        println!("ready");
        asyncio::to_thread(crate::program::pause).await
    });
    ran.unwrap();
    ExitCode::SUCCESS
}

fn all_tasks_are_printed_on_the_signal(mut program: Program) {
    program.wait_for("ready");
    program.until_it_sleeps();
    program.signal(libc::SIGUSR1);
    // The signal is handled before what is read after it.
    program.until_it_sleeps();
    program.go_on();
    let ended = program.end();
    assert!(ended.stderr.contains("Task-1\n   waits for a thread\n"), "{ended:?}");
}

fn waits_for_a_signal() -> ExitCode {
    let mut runner = Runner::builder().on_deadlock(asyncio::Error::runtime_error("it hangs")).build();
    let ran: Result<()> = runner.run(async {
        let queue = Queue::new();
        let put = queue.clone();
        let event_loop = asyncio::get_running_loop()?;
        event_loop.add_signal_handler(Signal::SIGINT, move || put.put_nowait(()).unwrap())?;
        println!("ready");
        queue.get().await
    });
    ran.unwrap();
    ExitCode::SUCCESS
}

fn a_handler_of_a_signal_keeps_a_wait_from_being_a_deadlock(mut program: Program) {
    program.wait_for("ready");
    // It watches a descriptor, so it never looks for a deadlock: nothing tells that its patience would be over.
    std::thread::sleep(Duration::from_millis(1300));
    program.interrupt();
    succeeds(program);
}

fn waits_with_a_dump() -> ExitCode {
    let hangs = || {
        let builder = Runner::builder().dump_tasks_on(Signal::SIGUSR1);
        builder.on_deadlock(asyncio::Error::runtime_error("it hangs")).build()
    };
    let ran: Result<()> = hangs().run(async { Queue::new().get().await });
    assert!(ran.unwrap_err().to_string().contains("it hangs"));
    // A handler of the program's own is one that a task may wait for, and none any more when it is gone.
    let ran: Result<()> = hangs().run(async {
        let event_loop = asyncio::get_running_loop()?;
        event_loop.add_signal_handler(Signal::SIGUSR2, || ())?;
        let remove = event_loop.clone();
        event_loop.add_signal_handler(Signal::SIGINT, move || {
            println!("still there");
            assert!(remove.remove_signal_handler(Signal::SIGUSR2));
            assert!(remove.remove_signal_handler(Signal::SIGINT));
        })?;
        println!("ready");
        Queue::new().get().await
    });
    assert!(ran.unwrap_err().to_string().contains("it hangs"));
    ExitCode::SUCCESS
}

fn a_dump_on_a_signal_keeps_none_from_being_found(mut program: Program) {
    program.wait_for("ready");
    std::thread::sleep(Duration::from_millis(1300));
    program.interrupt();
    program.wait_for("still there");
    let ended = program.end();
    assert_eq!((ended.code, ended.stderr.matches("ASY0001: ").count()), (Some(0), 2), "{ended:?}");
}
