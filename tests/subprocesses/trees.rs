//! Ending a child with all its descendants.

use std::time::Duration;

use asyncio::subprocess::{CreateSubprocess, PIPE, Shell};
use asyncio::{Error, Process, create_subprocess_exec, create_subprocess_shell};

use super::{ended, gone};

const POLITE: &str = "sleep 100 & echo $!; wait";
/// Neither the child nor its own child listens to SIGTERM.
const STUBBORN: &str = "trap '' TERM; sh -c 'echo $$; while :; do sleep 0.01; done' & wait";
/// The child goes at once, and its own child does not.
const SURVIVED: &str = "(trap '' TERM; sh -c 'echo $$; while :; do sleep 0.01; done') & read line; exit 3";

/// A child, and the number of its own child.
async fn family(child: CreateSubprocess<Process, Shell>) -> (Process, u32) {
    let mut process = child.stdin(PIPE).stdout(PIPE).await.unwrap();
    let line = process.stdout.as_mut().unwrap().readline().await.unwrap();
    (process, String::from_utf8(line).unwrap().trim().parse().unwrap())
}

#[asyncio::test(timeout = "10s")]
async fn a_tree_that_listens_ends_by_sigterm_at_once() {
    let (process, grandchild) = family(create_subprocess_shell(POLITE).process_group(0)).await;
    assert_eq!(process.terminate_tree(Duration::from_secs(60)).await.unwrap(), -15);
    ended(grandchild).await;
}

#[asyncio::test(timeout = "10s")]
async fn a_tree_that_does_not_listen_ends_by_sigkill_after_the_grace() {
    let event_loop = asyncio::get_running_loop().unwrap();
    let (process, grandchild) = family(create_subprocess_shell(STUBBORN).start_new_session(true)).await;
    let began = event_loop.time();
    assert_eq!(process.terminate_tree(Duration::from_millis(100)).await.unwrap(), -9);
    assert!(event_loop.time() - began >= Duration::from_millis(100));
    ended(grandchild).await;
}

#[asyncio::test(timeout = "20s")]
async fn a_busy_loop_gives_no_longer_grace() {
    let (process, grandchild) = family(create_subprocess_shell(STUBBORN).process_group(0)).await;
    let (event_loop, grace) = (asyncio::get_running_loop().unwrap(), Duration::from_secs(1));
    let own = event_loop.clone();
    let busy = asyncio::create_task(async move {
        while !own.is_closed() {
            std::thread::sleep(Duration::from_millis(100));
            asyncio::sleep(Duration::ZERO).await;
        }
    });
    let began = event_loop.time();
    assert_eq!(process.terminate_tree(grace).await.unwrap(), -9);
    let took = event_loop.time() - began;
    // Each look comes a tenth of a second late, and there would be two dozen.
    assert!(took >= grace && took < 2 * grace, "{took:?}");
    busy.cancel();
    ended(grandchild).await;
}

#[asyncio::test(timeout = "10s")]
async fn descendants_end_although_the_child_has_ended_long_ago() {
    let (process, grandchild) = family(create_subprocess_shell(SURVIVED).process_group(0)).await;
    process.stdin.as_ref().unwrap().close();
    assert_eq!(process.wait().await.unwrap(), 3);
    assert_ne!(super::status(grandchild), None);
    assert_eq!(process.terminate_tree(Duration::from_millis(50)).await.unwrap(), 3);
    ended(grandchild).await;
}

#[asyncio::test(timeout = "10s")]
async fn a_cancel_ends_the_tree_politely() {
    let family_of = asyncio::Queue::new();
    let pids = family_of.clone();
    let task = asyncio::create_task(async move {
        let child = create_subprocess_shell(STUBBORN).terminate_on_drop(Duration::from_millis(50));
        let (process, grandchild) = family(child).await;
        pids.put_nowait((process.pid(), grandchild)).unwrap();
        process.wait().await
    });
    let (child, grandchild) = family_of.get().await.unwrap();
    task.cancel();
    assert!(matches!(task.await, Err(Error::CancelledError(_))));
    gone(child).await;
    ended(grandchild).await;
}

#[asyncio::test(timeout = "10s")]
async fn kill_on_drop_kills_the_whole_group() {
    let child = create_subprocess_shell(STUBBORN).process_group(0).kill_on_drop(true);
    let (process, grandchild) = family(child).await;
    let pid = process.pid();
    drop(process);
    gone(pid).await;
    ended(grandchild).await;
}

#[test]
fn a_tree_ends_with_its_loop() {
    let grandchild = asyncio::run(async {
        let child = create_subprocess_shell(STUBBORN).terminate_on_drop(Duration::from_secs(60));
        let (process, grandchild) = family(child).await;
        drop(process);
        Ok::<_, Error>(grandchild)
    });
    asyncio::run(ended(grandchild.unwrap())).unwrap();
}

#[test]
fn descendants_of_a_child_that_has_ended_end_with_the_loop() {
    let grandchild = asyncio::run(async {
        let child = create_subprocess_shell(SURVIVED).terminate_on_drop(Duration::from_secs(60));
        let (process, grandchild) = family(child).await;
        process.stdin.as_ref().unwrap().close();
        assert_eq!(process.wait().await?, 3);
        drop(process);
        Ok::<_, Error>(grandchild)
    });
    asyncio::run(ended(grandchild.unwrap())).unwrap();
}

#[asyncio::test(timeout = "10s")]
async fn a_child_without_a_group_of_its_own_has_no_tree() {
    let process = create_subprocess_exec("sleep").arg("10").kill_on_drop(true).await.unwrap();
    let error = process.terminate_tree(Duration::ZERO).await.unwrap_err();
    assert!(matches!(&error, Error::ValueError(_)) && error.to_string().contains("process_group(0)"), "{error}");
    let group = create_subprocess_exec("true").process_group(1).terminate_on_drop(Duration::ZERO);
    assert!(matches!(group.await, Err(Error::ValueError(_))));
}
