//! A child of a fork sees no running loop, can use nothing of its parent's, and has loops of its own.

use std::cell::Cell;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::rc::Rc;
use std::time::Duration;

use asyncio::{Error, EventLoop, get_event_loop, get_running_loop, set_event_loop};

use crate::fork::in_child;
use crate::program::{Program, Test, succeeds, test};

pub(crate) const TESTS: &[Test] = &[
    test!(a_child_sees_no_running_loop_and_no_current_one, look_from_a_child),
    test!(everything_of_the_parents_loop_is_refused_in_the_child, use_from_a_child),
    test!(a_child_runs_a_loop_of_its_own_inside_of_its_parents_callback, run_in_a_child),
    test!(what_a_child_does_disturbs_nothing_of_its_parent, disturb_from_a_child),
    test!(the_pollers_descriptors_go_with_their_loop, count_pollers),
];

fn a_child_sees_no_running_loop_and_no_current_one(program: Program) {
    // CPython: test_unix_events.TestFork.test_fork_not_share_current_task, test_events …get_event_loop_new_process,
    // test_unix_events.TestFork.test_fork_not_share_event_loop
    succeeds(program);
}

fn everything_of_the_parents_loop_is_refused_in_the_child(program: Program) {
    succeeds(program);
}

fn a_child_runs_a_loop_of_its_own_inside_of_its_parents_callback(program: Program) {
    // CPython: test_unix_events.TestFork.test_fork_asyncio_run
    succeeds(program);
}

fn what_a_child_does_disturbs_nothing_of_its_parent(program: Program) {
    succeeds(program);
}

fn the_pollers_descriptors_go_with_their_loop(program: Program) {
    // CPython: BaseSelectorEventLoop.close() closes the selector and the self-pipe.
    succeeds(program);
}

fn is_refused<T>(result: asyncio::Result<T>) {
    match result {
        Err(Error::RuntimeError(_)) => {}
        Err(other) => panic!("{other} is no RuntimeError"),
        Ok(_) => panic!("it was not refused"),
    }
}

fn names_the_fork<T>(result: asyncio::Result<T>) {
    match result {
        Err(error @ Error::RuntimeError(_)) => assert!(error.to_string().contains("parent of a fork"), "{error}"),
        Err(other) => panic!("{other} is no RuntimeError"),
        Ok(_) => panic!("it was not refused"),
    }
}

#[asyncio::main]
async fn look_from_a_child() {
    let event_loop = get_running_loop().unwrap();
    set_event_loop(Some(event_loop.clone()));
    in_child(|| {
        is_refused(get_running_loop());
        is_refused(get_event_loop());
        is_refused(asyncio::current_task());
        is_refused(asyncio::all_tasks());
        is_refused(asyncio::ensure_future(async {}));
        is_refused(asyncio::Future::<()>::new());
    });
    assert!(get_event_loop().unwrap() == event_loop);
    assert!(asyncio::current_task().unwrap().is_some());
    set_event_loop(None);
}

#[asyncio::main]
async fn use_from_a_child() {
    let event_loop = get_running_loop().unwrap();
    let idle = EventLoop::new().unwrap();
    let (handle, (near, _far)) = (event_loop.handle(), UnixStream::pair().unwrap());
    event_loop.add_writer(&near, || ()).unwrap();
    in_child(|| {
        for parents in [&event_loop, &idle] {
            names_the_fork(parents.run_forever());
            names_the_fork(parents.run_until_complete(async {}));
            names_the_fork(parents.call_soon(|| ()));
            names_the_fork(parents.call_later(Duration::ZERO, || ()));
            names_the_fork(parents.call_at(Duration::ZERO, || ()));
            names_the_fork(parents.call_soon_threadsafe(|| ()));
            names_the_fork(parents.create_task(async {}));
            names_the_fork(parents.add_reader(&near, || ()));
            names_the_fork(parents.add_writer(&near, || ()));
        }
        names_the_fork(handle.call_soon_threadsafe(|| ()));
    });
    // The parent goes on as before.
    assert!(event_loop.remove_writer(&near));
    event_loop.call_soon(|| ()).unwrap();
    idle.close().unwrap();
}

#[asyncio::main]
async fn run_in_a_child() {
    let ran = asyncio::create_task(async { Ok::<_, Error>("the parent's task") });
    let event_loop = get_running_loop().unwrap();
    let inside = event_loop.clone();
    let forked = asyncio::create_task(async move {
        in_child(move || {
            let answer = asyncio::run(async move {
                assert!(get_running_loop()? != inside, "it is another loop");
                asyncio::sleep(Duration::from_millis(2)).await;
                let outcome = asyncio::ConcurrentFuture::new();
                let setter = outcome.clone();
                let thread = std::thread::spawn(move || setter.set_result(40).unwrap());
                let thirty = asyncio::wrap_future(outcome)?.await?;
                thread.join().unwrap();
                let two = asyncio::create_task(async { Ok::<_, Error>(2) }).await?;
                Ok::<_, Error>(thirty + two)
            });
            assert_eq!(answer.unwrap(), 42);
            is_refused(get_running_loop());
        });
    });
    forked.await.unwrap();
    assert!(get_running_loop().unwrap() == event_loop);
    assert_eq!(ran.await.unwrap(), "the parent's task");
}

#[asyncio::main]
async fn disturb_from_a_child() {
    let event_loop = get_running_loop().unwrap();
    let (near, mut far) = UnixStream::pair().unwrap();
    let near = Rc::new(near);
    let calls = Rc::new(Cell::new(0));
    let (counted, watched) = (calls.clone(), near.clone());
    let reader = move || {
        counted.set(counted.get() + 1);
        let mut byte = [0];
        assert_eq!((&*watched).read(&mut byte).unwrap(), 1);
    };
    event_loop.add_reader(&*near, reader).unwrap();
    let timer = event_loop.call_later(Duration::from_millis(5), || ()).unwrap();
    let other = EventLoop::new().unwrap();
    let parents = other.clone();
    in_child(move || {
        event_loop.remove_reader(&*near);
        event_loop.stop();
        timer.cancel();
        set_event_loop(None);
        let _ = event_loop.close();
        parents.close().unwrap();
        drop(parents);
        drop(event_loop);
    });
    // The reader is still registered with the kernel, and the other loop still wakes from afar.
    for round in 1..=3 {
        far.write_all(b"x").unwrap();
        while calls.get() < round {
            asyncio::sleep(Duration::from_millis(1)).await;
        }
    }
    let handle = other.handle();
    let thread = std::thread::spawn(move || handle.call_soon_threadsafe(|| ()));
    thread.join().unwrap().unwrap();
    other.close().unwrap();
}

/// How many descriptors of this process are pollers.
#[cfg(target_os = "linux")]
fn pollers() -> usize {
    let entries = std::fs::read_dir("/proc/self/fd").unwrap();
    let links = entries.filter_map(|entry| std::fs::read_link(entry.unwrap().path()).ok());
    links.filter(|link| link.to_string_lossy().contains("eventpoll")).count()
}

#[cfg(not(target_os = "linux"))]
fn pollers() -> usize {
    0
}

fn count_pollers() -> std::process::ExitCode {
    let before = pollers();
    let event_loop = EventLoop::new().unwrap();
    if cfg!(target_os = "linux") {
        assert!(pollers() > before, "a loop has a poller");
    }
    // None of these keeps it open.
    let future = event_loop.create_future::<()>();
    let (handle, clone) = (event_loop.handle(), event_loop.clone());
    event_loop.close().unwrap();
    assert_eq!(pollers(), before);
    drop((future, handle, clone));
    std::process::ExitCode::SUCCESS
}
