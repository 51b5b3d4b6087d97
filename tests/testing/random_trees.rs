//! Random trees of scopes, groups, branches and deadlines, cancelled at random: nothing hangs, nothing is left behind,
//! each clean-up runs once, and no request is left on the task around them.

use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;

use asyncio::testing::assert_no_leaks;
use asyncio::{Error, Result, TaskGroup, create_task, gather, scope, sleep, timeout, with_cleanup};

use crate::support::reports::Reports;
use crate::support::tasks::{me, ticks};

const SECOND: Duration = Duration::from_secs(1);

/// What all nodes of one tree share.
#[derive(Clone, Default)]
struct Tree {
    begun: Rc<Cell<u32>>,
    cleaned: Rc<Cell<u32>>,
}

/// A small generator: each node has its own, so that a tree depends on its seed alone.
#[derive(Clone, Copy)]
struct Random(u64);

impl Random {
    fn next(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }

    fn fork(&mut self) -> Self {
        Self(self.0 ^ self.next(1 << 30))
    }
}

type Node = Pin<Box<dyn Future<Output = Result<()>>>>;

fn node(tree: Tree, mut random: Random, depth: u32) -> Node {
    Box::pin(async move {
        let requests = me().cancelling();
        let outcome = if depth == 0 { leaf(&tree, random).await } else { inner(&tree, &mut random, depth).await };
        // Only a request from outside may be there that was not before.
        assert!(me().cancelling() >= requests);
        outcome
    })
}

async fn leaf(tree: &Tree, mut random: Random) -> Result<()> {
    tree.begun.set(tree.begun.get() + 1);
    let (kind, length) = (random.next(6), random.next(5));
    let mut state = tree;
    let body = async |_: &mut &Tree| {
        match kind {
            0 => ticks(length as usize).await,
            1 => sleep(SECOND * length as u32).await,
            2 => {
                ticks(length as usize).await;
                return Err(Error::value_error("a leaf"));
            }
            3 => {
                create_task(async move { ticks(length as usize).await }).await?;
            }
            4 => {
                ticks(length as usize).await;
                me().cancel();
                ticks(1).await;
            }
            _ => sleep(SECOND * 1000).await,
        }
        Ok(())
    };
    with_cleanup(&mut state, body, async |tree| {
        tree.cleaned.set(tree.cleaned.get() + 1);
        ticks(length as usize).await;
    })
    .await
}

async fn inner(tree: &Tree, random: &mut Random, depth: u32) -> Result<()> {
    let mut child = || node(tree.clone(), random.fork(), depth - 1);
    let (one, two, three) = (child(), child(), child());
    match random.next(6) {
        0 => {
            scope(async |s| {
                s.spawn(one);
                let awaited = s.spawn(two);
                three.await?;
                awaited.await
            })
            .await
        }
        1 => {
            TaskGroup::run(async |group| {
                group.create_task(one)?;
                let awaited = group.create_task(two)?;
                three.await?;
                awaited.await
            })
            .await
        }
        2 => {
            asyncio::select! {
                ended = one => ended,
                ended = two => ended,
                ended = three => ended,
            }
        }
        3 => timeout(SECOND * random.next(4) as u32, one).await,
        4 => {
            // Its children may outlive it: a group around them waits.
            TaskGroup::run(async |group| {
                let children = [group.create_task(one)?, group.create_task(two)?];
                gather(children).await?;
                three.await
            })
            .await
        }
        _ => {
            let mut kept = one;
            asyncio::select! {
                keep ended = &mut kept => return ended,
                _ = two => {}
            }
            scope(async |s| {
                s.spawn(three);
                kept.await
            })
            .await
        }
    }
}

#[asyncio::test(virtual_time, seeds = 200, timeout = "900000s")]
async fn they_end_in_good_order() {
    let reports = Reports::here();
    for shape in 0..6_u64 {
        let seed = asyncio::testing::seed().expect("the test has seeds");
        let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ shape);
        let tree = Tree::default();
        let before = me().cancelling();
        let root = node(tree.clone(), random.fork(), 1 + random.next(4) as u32);
        let ended = assert_no_leaks(timeout(SECOND * 100_000, async {
            let task = create_task(root);
            for _ in 0..random.next(3) {
                ticks(random.next(12) as usize).await;
                sleep(SECOND / 2 * random.next(4) as u32).await;
                task.cancel();
            }
            let handle = task.as_any();
            let outcome = task.await;
            assert!(handle.done());
            drop(outcome);
            Ok::<_, Error>(())
        }))
        .await;
        ended.unwrap_or_else(|error| panic!("the tree of {seed} and {shape}: {error}"));
        assert_eq!(me().cancelling(), before);
        assert_eq!(tree.begun.get(), tree.cleaned.get(), "the tree of {seed} and {shape}");
    }
    // Where a child of a gather fails and its group cancels the waiter in the same tick, both say so, as in Python.
    let known = |message: &String| message == "exception of a gather() was never retrieved";
    assert!(reports.messages().iter().all(known), "{reports:?}");
}
