//! The program `asyncio`: what it prints of another process, and how it ends.
//!
//! It is compiled into this binary, which is started once more to be it.

use std::process::{Command, ExitCode};
use std::time::Duration;

use asyncio::{Result, Runner};

use crate::program::{NAME, Program, Test, test};

#[path = "../../runtime/src/bin/asyncio.rs"]
mod asyncio_program;

pub(crate) const TESTS: &[Test] = if cfg!(target_os = "linux") {
    &[
        test!(without_a_command_and_a_number_it_says_how_it_is_used, asyncio_program::main),
        test!(the_table_of_a_stuck_program_says_who_runs_and_in_which_system_call, stuck),
        test!(a_busy_program_has_callbacks_a_second, busy),
        test!(tasks_that_several_await_are_found, shared),
        test!(circles_go_to_standard_error_and_are_a_failure_of_pstree, circles),
        test!(fifty_thousand_tasks_are_a_tree, many),
        test!(a_name_gives_the_terminal_no_orders, odd_names),
        test!(with_watch_it_goes_on_until_the_process_has_gone, idle),
    ]
} else {
    &[]
};

/// What the program printed, and how it ended.
#[derive(Debug)]
struct Looked {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

fn asyncio_with(arguments: &[&str]) -> Looked {
    let name = TESTS[0].name;
    let output = Command::new(std::env::current_exe().unwrap()).env(NAME, name).args(arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Looked { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

fn look(what: &str, program: &Program) -> Looked {
    asyncio_with(&[what, &program.id().to_string()])
}

fn end(program: Program) {
    program.signal(libc::SIGKILL);
    program.end();
}

fn without_a_command_and_a_number_it_says_how_it_is_used(program: Program) {
    assert_eq!(program.end().code, Some(2));
    for wrong in [&["ps"][..], &["ps", "one"], &["pstop", "1"], &["ps", "1", "2"], &["pstree", "ps", "1"]] {
        let looked = asyncio_with(wrong);
        assert_eq!((looked.code, &*looked.stdout), (Some(2), ""), "{wrong:?}");
        assert!(looked.stderr.starts_with("usage: asyncio ps PID "), "{looked:?}");
    }
    for help in [&["--help"][..], &["-h"], &["ps", "--help"]] {
        let looked = asyncio_with(help);
        assert_eq!((looked.code, &*looked.stderr), (Some(0), ""), "{help:?}");
        assert!(looked.stdout.starts_with("usage: asyncio ps PID "), "{looked:?}");
    }
    let gone = asyncio_with(&["ps", "4294967295"]);
    assert_eq!(gone.code, Some(1));
    assert!(gone.stderr.starts_with("asyncio: ") && gone.stderr.contains("there is no process"), "{gone:?}");
}

#[asyncio::coroutine]
async fn naps() {
    asyncio::sleep(Duration::from_secs(3600)).await;
}

#[asyncio::coroutine]
async fn ticks() {
    asyncio::sleep(Duration::ZERO).await;
}

fn run<T: 'static>(program: impl Future<Output = Result<T>> + 'static) -> ExitCode {
    let mut runner = Runner::builder().inspectable().build();
    drop(runner.run(program));
    ExitCode::SUCCESS
}

fn stuck() -> ExitCode {
    run(async {
        let blocks = asyncio::create_task(async {
            ticks().await;
            println!("ready");
            std::thread::sleep(Duration::from_secs(600));
        });
        blocks.named("the blocker").await
    })
}

fn the_table_of_a_stuck_program_says_who_runs_and_in_which_system_call(mut program: Program) {
    program.wait_for("ready");
    program.until_it_sleeps();
    let table = look("ps", &program);
    let blocker = table.stdout.lines().find(|line| line.contains(" the blocker ")).unwrap_or_default();
    let does = "running  in the system call nanosleep; before that it waited in sleep() ← ticks() called at ";
    assert!(blocker.contains(does) && blocker.ends_with("; awaited by Task-1"), "{table:?}");
    assert!(table.stdout.contains(" ready, 0 timers, 0 descriptors, "), "{table:?}");
    assert!(table.stdout.contains(" callbacks so far, 0 a second now, longest batch "), "{table:?}");
    let tree = look("pstree", &program);
    let note = "the blocker is running, in the system call nanosleep; before that it waited:\n      ticks() called at ";
    assert!(tree.stdout.contains(note), "{tree:?}");
    let json = asyncio_with(&["ps", &program.id().to_string(), "--json"]);
    assert!(json.stdout.contains("\"callbacks_per_second\":0,"), "{json:?}");
    assert!(json.stdout.contains("\"longest_callback_ns\":null,\"system_call\":\"nanosleep\","), "{json:?}");
    assert_eq!((table.code, tree.code, json.code), (Some(0), Some(0), Some(0)));
    end(program);
}

fn busy() -> ExitCode {
    let mut runner = Runner::builder().inspectable().metrics_histogram(true).build();
    let _: Result<()> = runner.run(async {
        println!("ready");
        // Until it is killed.
        while !asyncio::get_running_loop()?.is_closed() {
            ticks().await;
        }
        Ok::<_, asyncio::Error>(())
    });
    ExitCode::SUCCESS
}

fn a_busy_program_has_callbacks_a_second(mut program: Program) {
    program.wait_for("ready");
    // It may have had no turn on a processor meanwhile.
    let table = loop {
        let table = look("ps", &program).stdout;
        if !table.contains(", 0 a second now, ") {
            break table;
        }
    };
    assert!(table.contains(" a second now, longest callback "), "{table}");
    end(program);
}

/// A task that two gather, and that has a callback besides.
fn shared() -> ExitCode {
    run(async {
        // Their places are taken again, the last one first; the order is that of the numbers all the same.
        for task in [1, 2, 3].map(|_| asyncio::create_task(ticks())) {
            task.await?;
        }
        let child = asyncio::create_task(naps()).named("the child");
        child.as_any().add_done_callback(|_| ());
        let (any, other) = (child.as_any(), child.as_any());
        // Twice, and once for all that.
        let waits = move |task: asyncio::AnyTask| async move { asyncio::wait([task.clone(), task]).await.map(drop) };
        drop(asyncio::create_task(waits(any)).named("one"));
        drop(asyncio::create_task(waits(other)).named("two"));
        ticks().await;
        println!("ready");
        child.await
    })
}

fn tasks_that_several_await_are_found(mut program: Program) {
    program.wait_for("ready");
    program.until_it_sleeps();
    let table = look("ps", &program).stdout;
    let child = table.lines().find(|line| line.contains(" the child ")).unwrap_or_default();
    assert!(child.ends_with("; awaited by Task-1, one, two"), "{table}");
    end(program);
}

/// Two circles of two.
fn circles() -> ExitCode {
    use std::cell::RefCell;
    use std::rc::Rc;
    run(async {
        let handles: Rc<RefCell<Vec<Rc<asyncio::Task<()>>>>> = Rc::default();
        for (name, other) in [("a", 1), ("b", 0), ("c", 3), ("d", 2)] {
            let all = handles.clone();
            let task = asyncio::create_task(async move {
                ticks().await;
                let other = all.borrow()[other].clone();
                (&*other).await
            });
            handles.borrow_mut().push(Rc::new(task.named(name)));
        }
        ticks().await;
        ticks().await;
        println!("ready");
        naps().await;
        Ok(())
    })
}

fn circles_go_to_standard_error_and_are_a_failure_of_pstree(mut program: Program) {
    program.wait_for("ready");
    program.until_it_sleeps();
    let tree = look("pstree", &program);
    let line = |circle: &str| format!("asyncio: tasks await each other in a circle: {circle}\n");
    assert_eq!(tree.stderr, line("a → b → a") + &line("c → d → c"));
    assert_eq!(tree.code, Some(1));
    assert_eq!(tree.stdout.matches("(see above)").count(), 2, "{}", tree.stdout);
    let table = look("ps", &program);
    assert_eq!((table.code, &*table.stderr), (Some(0), ""));
    end(program);
}

fn many() -> ExitCode {
    run(async {
        let children: Vec<_> = (0..50_000).map(|_| asyncio::create_task(naps())).collect();
        let all = asyncio::create_task(asyncio::gather(children)).named("all");
        ticks().await;
        ticks().await;
        println!("ready");
        all.await.map(drop)
    })
}

fn fifty_thousand_tasks_are_a_tree(mut program: Program) {
    program.wait_for("ready");
    program.until_it_sleeps();
    let tree = look("pstree", &program);
    assert!(tree.stdout.contains("] all\n      waits for several tasks\n      [2] Task-2\n        naps() called at "));
    assert_eq!(tree.stdout.matches("\n        naps() called at ").count(), 50_000);
    assert_eq!((tree.code, &*tree.stderr), (Some(0), ""));
    end(program);
}

/// Two that wait for each other, and whose names clear a screen and begin a line.
fn odd_names() -> ExitCode {
    run(async {
        let first = asyncio::Event::new();
        let child = asyncio::create_task(async move { first.wait().await }).named("the child\n     0  Task-0");
        drop(asyncio::create_task(async move { child.await }).named("\x1b[2Jthe parent"));
        ticks().await;
        println!("ready");
        naps().await;
        Ok(())
    })
}

fn a_name_gives_the_terminal_no_orders(mut program: Program) {
    program.wait_for("ready");
    program.until_it_sleeps();
    for what in ["ps", "pstree"] {
        let looked = look(what, &program).stdout;
        assert!(looked.contains(r"the child\n     0  Task-0") && looked.contains(r"\u{1b}[2Jthe parent"), "{looked}");
        assert!(!looked.contains('\x1b'), "{looked:?}");
    }
    end(program);
}

fn idle() -> ExitCode {
    run(async {
        println!("ready");
        asyncio::to_thread(crate::program::pause).await
    })
}

fn with_watch_it_goes_on_until_the_process_has_gone(mut program: Program) {
    use std::io::{BufRead, BufReader};
    program.wait_for("ready");
    let mut watch = Command::new(std::env::current_exe().unwrap());
    let watch = watch.env(NAME, TESTS[0].name).args(["pstree", "--watch", &program.id().to_string()]);
    let mut watch = watch.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(watch.stdout.take().unwrap()).lines().map(Result::unwrap);
    // The second look, on a screen that was cleared.
    for _ in 0..2 {
        assert!(lines.any(|line| line.starts_with("\x1b[2J\x1b[Hloop on thread ")));
    }
    program.go_on();
    crate::program::succeeds(program);
    assert_eq!(lines.filter(|line| line.is_empty()).count(), 0);
    assert_eq!(watch.wait().unwrap().code(), Some(1));
}
