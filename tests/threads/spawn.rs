//! The spawn traits of the futures crates, and which types may cross threads.

use std::rc::Rc;
use std::time::Duration;

use asyncio::{
    ConcurrentFuture, EventLoop, LoopHandle, ThreadPoolExecutor, all_tasks, get_running_loop, sleep, wrap_future,
};
use futures_task::{FutureObj, LocalFutureObj, LocalSpawn, Spawn};

#[asyncio::test(timeout = "20s")]
async fn local_spawn_starts_a_task_of_what_never_leaves_the_thread() {
    let event_loop = get_running_loop().unwrap();
    event_loop.status_local().unwrap();
    let shared = Rc::new(std::cell::Cell::new(0));
    let cell = shared.clone();
    let future = async move {
        sleep(Duration::ZERO).await;
        cell.set(1);
    };
    event_loop.spawn_local_obj(LocalFutureObj::new(Box::new(future))).unwrap();
    assert_eq!(all_tasks().unwrap().len(), 2);
    asyncio::testing::until_idle().await;
    assert_eq!(shared.get(), 1);
}

#[asyncio::test(timeout = "20s")]
async fn spawn_starts_a_task_from_another_thread() {
    let handle = get_running_loop().unwrap().handle();
    let outcome = ConcurrentFuture::new();
    let set = outcome.clone();
    std::thread::spawn(move || {
        handle.status().unwrap();
        let future = async move {
            futures_lite::future::yield_now().await;
            set.set_result(std::thread::current().id()).unwrap();
        };
        handle.spawn_obj(FutureObj::new(Box::new(future))).unwrap();
    });
    assert_eq!(wrap_future(outcome).unwrap().await.unwrap(), std::thread::current().id());
}

#[test]
fn a_closed_loop_says_that_it_is_shut_down() {
    let event_loop = EventLoop::new().unwrap();
    let handle = event_loop.handle();
    event_loop.close().unwrap();
    assert!(event_loop.status_local().unwrap_err().is_shutdown());
    assert!(handle.status().unwrap_err().is_shutdown());
    assert!(event_loop.spawn_local_obj(LocalFutureObj::new(Box::new(async {}))).unwrap_err().is_shutdown());
    assert!(handle.spawn_obj(FutureObj::new(Box::new(async {}))).unwrap_err().is_shutdown());
}

/// That a loop is none of these stands in `ui-tests/fail/api/loop_moved_to_a_thread.rs`.
#[test]
fn what_crosses_threads_says_so_by_its_type() {
    fn crosses<T: Send + Sync + Clone>() {}
    crosses::<LoopHandle>();
    crosses::<ThreadPoolExecutor>();
    crosses::<ConcurrentFuture<std::cell::Cell<u8>>>();
}
