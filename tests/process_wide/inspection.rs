//! Looking into another process, whatever that does just now; what `asyncio ps` and `asyncio pstree` print.

use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use asyncio::{Error, ProcessTasks, Result, Runner};

use crate::fork::in_child;
use crate::program::{Program, Test, pause, succeeds, test};

pub(crate) const TESTS: &[Test] = if cfg!(target_os = "linux") {
    &[
        test!(an_idle_program_shows_its_tasks_and_what_they_wait_for, idle),
        test!(a_stuck_program_shows_who_is_running, stuck),
        test!(a_busy_program_can_be_read_while_it_runs, busy),
        test!(fifty_thousand_tasks_are_read, many),
        test!(a_circle_is_listed, embraced),
        test!(another_version_is_refused, has_another_version),
        test!(what_may_not_be_read_is_refused_with_the_reason, is_hidden),
        test!(a_program_without_a_loop_is_refused, has_no_loop),
    ]
} else {
    &[]
};

#[asyncio::coroutine]
async fn waits_for_an_hour() {
    asyncio::sleep(Duration::from_secs(3600)).await;
}

fn idle() -> ExitCode {
    let mut runner = Runner::builder().inspectable().build();
    let ran: Result<()> = runner.run(async {
        let worker = asyncio::create_task(waits_for_an_hour()).named("the worker");
        let children = [asyncio::create_task(waits_for_an_hour()).named("gathered")];
        drop(asyncio::create_task(asyncio::gather(children)).named("the gatherer"));
        println!("ready");
        worker.await
    });
    drop(ran);
    ExitCode::SUCCESS
}

fn an_idle_program_shows_its_tasks_and_what_they_wait_for(mut program: Program) {
    program.wait_for("ready");
    program.until_it_sleeps();
    let tasks = ProcessTasks::read(program.id()).unwrap();
    let table = tasks.table();
    let figures = format!("loop on thread {}: 4 tasks, 0 ready, 2 timers, 0 descriptors, ", program.id());
    assert!(table.starts_with(&figures), "{table}");
    let worker = table.lines().find(|line| line.contains("the worker ")).unwrap();
    assert!(worker.contains("waits in sleep() ← waits_for_an_hour() called at "), "{table}");
    assert!(worker.contains("inspection.rs:") && worker.ends_with("; awaited by Task-1"), "{table}");
    let gathered = table.lines().find(|line| line.contains(" gathered ")).unwrap();
    assert!(gathered.ends_with("; awaited by the gatherer"), "{table}");
    let tree = tasks.tree();
    assert!(
        tree.contains("\n  [1] Task-1\n    waits for a task\n    [2] the worker\n      waits_for_an_hour() called"),
        "{tree}"
    );
    assert!(tasks.cycles().is_empty());
    assert!(tasks.json().starts_with("{\"version\":1,\"loops\":[{\"thread\":"));
    program.signal(libc::SIGKILL);
    program.end();
}

#[asyncio::main]
async fn stuck() -> Result<()> {
    let blocks = asyncio::create_task(async {
        waits_for_nothing().await;
        println!("ready");
        std::thread::sleep(Duration::from_secs(600));
    });
    blocks.named("the blocker").await
}

#[asyncio::coroutine]
async fn waits_for_nothing() {
    asyncio::sleep(Duration::ZERO).await;
}

fn a_stuck_program_shows_who_is_running(mut program: Program) {
    program.wait_for("ready");
    program.until_it_sleeps();
    let table = ProcessTasks::read(program.id()).unwrap().table();
    let blocker = table.lines().find(|line| line.contains("the blocker ")).unwrap();
    assert!(
        blocker.contains(
            " running  in the system call nanosleep; before that it waited in sleep() ← waits_for_nothing() called at "
        ),
        "{table}"
    );
    program.signal(libc::SIGKILL);
    program.end();
}

#[asyncio::main]
async fn busy() {
    println!("ready");
    loop {
        let tasks: Vec<_> = (0..50).map(|_| asyncio::create_task(waits_for_nothing())).collect();
        for task in tasks {
            task.await.unwrap();
        }
    }
}

fn a_busy_program_can_be_read_while_it_runs(mut program: Program) {
    program.wait_for("ready");
    let looks: Vec<_> = (0..50).map(|_| ProcessTasks::read(program.id()).unwrap()).collect();
    assert!(looks.iter().any(|look| look.table().contains("Task-1 ")));
    // It may have had no turn on a processor meanwhile, so the looks go on until it has.
    while ProcessTasks::read(program.id()).unwrap().callbacks() == looks[0].callbacks() {}
    program.signal(libc::SIGKILL);
    program.end();
}

#[asyncio::main]
async fn many() {
    let tasks: Vec<_> = (0..50_000).map(|_| asyncio::create_task(waits_for_an_hour())).collect();
    asyncio::sleep(Duration::ZERO).await;
    println!("ready");
    for task in tasks {
        let _: Result<()> = task.await;
    }
}

fn fifty_thousand_tasks_are_read(mut program: Program) {
    program.wait_for("ready");
    program.until_it_sleeps();
    let tasks = ProcessTasks::read(program.id()).unwrap();
    assert_eq!(tasks.tree().matches("waits_for_an_hour() called at ").count(), 50_000);
    program.signal(libc::SIGKILL);
    program.end();
}

#[asyncio::main]
async fn embraced() -> Result<()> {
    use std::cell::RefCell;
    use std::rc::Rc;
    let handles: Rc<RefCell<Vec<Rc<asyncio::Task<()>>>>> = Rc::default();
    for (name, other) in [("left", 1), ("right", 0)] {
        let all = handles.clone();
        let task = asyncio::create_task(async move {
            waits_for_nothing().await;
            let other = all.borrow()[other].clone();
            (&*other).await
        });
        handles.borrow_mut().push(Rc::new(task.named(name)));
    }
    waits_for_nothing().await;
    waits_for_nothing().await;
    println!("ready");
    waits_for_an_hour().await;
    Err(Error::runtime_error("it is killed before"))
}

fn a_circle_is_listed(mut program: Program) {
    program.wait_for("ready");
    program.until_it_sleeps();
    let tasks = ProcessTasks::read(program.id()).unwrap();
    assert_eq!(tasks.cycles(), ["left → right → left"], "{}", tasks.tree());
    assert!(tasks.tree().contains("left (see above)"));
    program.signal(libc::SIGKILL);
    program.end();
}

/// The block by which a process says where its loops are, as another version of asyncio would write it.
#[repr(C)]
struct Header {
    magic: [u8; 16],
    own: AtomicUsize,
    version: AtomicUsize,
    rest: [AtomicUsize; 66],
}

static OF_ANOTHER_VERSION: Header = Header {
    magic: *b"asyncio\x01look\x02in\x03",
    own: AtomicUsize::new(0),
    version: AtomicUsize::new(4711),
    rest: [const { AtomicUsize::new(0) }; 66],
};

/// Makes no loop: that would light the block of this version.
fn has_another_version() -> ExitCode {
    let header = &OF_ANOTHER_VERSION;
    header.own.store(std::ptr::from_ref(header).addr(), Ordering::Relaxed);
    println!("ready");
    pause();
    assert_eq!((header.magic.len(), header.rest.len()), (16, 66));
    ExitCode::SUCCESS
}

fn another_version_is_refused(mut program: Program) {
    program.wait_for("ready");
    let error = ProcessTasks::read(program.id()).unwrap_err().to_string();
    let wanted =
        format!("process {} has asyncio with inspection version 4711, and this one reads version ", program.id());
    assert!(error.contains(&wanted), "{error}");
    program.go_on();
    succeeds(program);
}

fn has_no_loop() -> ExitCode {
    println!("ready");
    pause();
    ExitCode::SUCCESS
}

fn a_program_without_a_loop_is_refused(mut program: Program) {
    program.wait_for("ready");
    let error = ProcessTasks::read(program.id()).unwrap_err().to_string();
    assert!(error.contains("is no program with asyncio, or it has made no loop with tasks yet"), "{error}");
    program.go_on();
    succeeds(program);
    let error = ProcessTasks::read(u32::MAX).unwrap_err().to_string();
    assert!(error.contains("there is no process 4294967295"), "{error}");
}

/// A process that the system hides from its own user is read by a child of its own. Neither is root's: root reads all.
fn is_hidden() -> ExitCode {
    give_up_root();
    hide();
    in_child(|| {
        let error = ProcessTasks::read(std::os::unix::process::parent_id()).unwrap_err();
        println!("{error}");
    });
    ExitCode::SUCCESS
}

#[expect(unsafe_code, reason = "std cannot change the user of its own process")]
fn give_up_root() {
    const NOBODY: u32 = 65534;
    // SAFETY: asks for a number.
    if unsafe { libc::geteuid() } != 0 {
        return;
    }
    // SAFETY: an empty list is not read.
    assert_eq!(unsafe { libc::setgroups(0, std::ptr::null()) }, 0);
    // SAFETY: takes a number.
    assert_eq!(unsafe { libc::setgid(NOBODY) }, 0);
    // SAFETY: as above.
    assert_eq!(unsafe { libc::setuid(NOBODY) }, 0);
}

#[expect(unsafe_code, reason = "std has no prctl")]
fn hide() {
    #[cfg(target_os = "linux")]
    // SAFETY: takes numbers.
    assert_eq!(unsafe { libc::prctl(libc::PR_SET_DUMPABLE, 0) }, 0);
}

fn what_may_not_be_read_is_refused_with_the_reason(program: Program) {
    let wanted = format!("process {} may not be read: ", program.id());
    let ended = program.end();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stdout.contains(&wanted) && ended.stdout.contains("root"), "{ended:?}");
}
