//! Children of a scope are tasks like any other.

use std::cell::Cell;
use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

use asyncio::{Error, Result, scope, sleep};

use crate::support::net::running;

const SECOND: Duration = Duration::from_secs(1);

/// Panics, which the compiler does not see.
async fn panics(what: &str) {
    assert!(what.is_empty(), "{what}");
}

#[asyncio::test(virtual_time)]
async fn a_child_has_a_name_and_is_the_current_task_and_among_all_tasks() -> Result<()> {
    let parent = asyncio::current_task()?.expect("a test is one");
    scope(async |s| {
        assert_eq!(asyncio::current_task()?.as_ref(), Some(&parent), "the body runs in the task around the scope");
        let child = s.spawn(async {
            let me = asyncio::current_task()?.expect("a child is one");
            sleep(SECOND).await;
            Ok::<_, Error>(me)
        });
        child.set_name("reader");
        sleep(SECOND / 2).await;
        assert!(asyncio::all_tasks()?.iter().any(|task| task.get_name() == "reader"));
        let any = (*child).clone();
        assert_eq!(child.await?, any);
        Ok(())
    })
    .await
}

#[asyncio::test(virtual_time)]
async fn waking_one_of_ten_thousand_polls_that_one_only() -> Result<()> {
    const CHILDREN: usize = 10_000;
    let polls = Cell::new(0);
    let gates: Vec<_> = (0..CHILDREN).map(|_| running().create_future::<()>()).collect();
    scope(async |s| {
        for gate in &gates {
            let polls = &polls;
            s.spawn(async move {
                let mut gate = gate.into_future();
                poll_fn(|cx| {
                    polls.set(polls.get() + 1);
                    std::pin::Pin::new(&mut gate).poll(cx)
                })
                .await
            });
        }
        sleep(Duration::ZERO).await;
        assert_eq!(polls.get(), CHILDREN);
        for woken in [7, 9_999, 0] {
            let before = polls.get();
            gates[woken].set_result(())?;
            sleep(SECOND).await;
            assert_eq!(polls.get() - before, 1);
        }
        for gate in gates.iter().filter(|gate| !gate.done()) {
            gate.set_result(())?;
        }
        Ok(())
    })
    .await?;
    assert_eq!(polls.get(), 2 * CHILDREN);
    Ok(())
}

#[asyncio::test(virtual_time)]
async fn one_child_is_cancelled_alone_and_its_clean_up_is_awaited() -> Result<()> {
    let cleaned = Cell::new(false);
    let survivor = scope(async |s| {
        let doomed = s.spawn(async {
            let mut state = ();
            let clean_up = async |(): &mut ()| {
                sleep(SECOND).await;
                cleaned.set(true);
            };
            asyncio::with_cleanup(&mut state, async |()| sleep(9 * SECOND).await, clean_up).await;
        });
        let other = s.spawn(async {
            sleep(3 * SECOND).await;
            Ok::<_, Error>("not disturbed")
        });
        sleep(SECOND).await;
        doomed.cancel_with("alone");
        assert!(doomed.await.unwrap_err().is_cancelled());
        assert!(cleaned.get());
        other.await
    })
    .await?;
    assert_eq!(survivor, "not disturbed");
    Ok(())
}

#[asyncio::test(virtual_time)]
async fn a_child_that_is_cancelled_before_its_first_step_never_runs() -> Result<()> {
    scope(async |s| {
        let child = s.spawn(panics("it ran"));
        child.cancel();
        assert!(child.await.unwrap_err().is_cancelled());
        Ok(())
    })
    .await
}

#[asyncio::test(virtual_time)]
async fn a_child_is_woken_from_another_thread() -> Result<()> {
    let done = asyncio::ConcurrentFuture::new();
    let setter = done.clone();
    let thread = std::thread::spawn(move || setter.set_result(5).unwrap());
    let text = String::from("borrowed");
    let value = scope(async |s| {
        let child = s.spawn(async {
            let value = asyncio::wrap_future(done)?.await?;
            Ok::<_, Error>(value + text.len())
        });
        child.await
    })
    .await?;
    thread.join().unwrap();
    assert_eq!(value, 13);
    Ok(())
}

#[asyncio::test(virtual_time)]
async fn a_child_that_yields_for_ever_starves_nobody() -> Result<()> {
    let turns = Cell::new(0);
    scope(async |s| {
        let busy = s.spawn(async {
            loop {
                turns.set(turns.get() + 1);
                sleep(Duration::ZERO).await;
            }
            #[expect(unreachable_code, reason = "it says what the child gives")]
            Ok::<(), Error>(())
        });
        for _ in 0..10 {
            sleep(Duration::ZERO).await;
        }
        busy.cancel();
        Ok(())
    })
    .await?;
    assert!((10..=13).contains(&turns.get()), "{} turns in ten batches", turns.get());
    Ok(())
}

#[asyncio::test(virtual_time)]
async fn done_callbacks_contexts_and_the_call_graph_work_for_children() -> Result<()> {
    static NAME: asyncio::ContextVar<u8> = asyncio::ContextVar::new("name");

    #[asyncio::coroutine]
    async fn deep() {
        sleep(SECOND).await;
    }

    NAME.set(1);
    let called = std::rc::Rc::new(Cell::new(false));
    let sign = called.clone();
    scope(async |s| {
        let child = s.spawn(async {
            NAME.set(2);
            deep().await;
        });
        child.add_done_callback(move |_| sign.set(true));
        sleep(SECOND / 2).await;
        let graph = asyncio::format_call_graph(Some(&*child))?;
        assert!(graph.contains("deep()") && graph.contains("waits in sleep()"), "{graph}");
        child.await
    })
    .await?;
    sleep(Duration::ZERO).await;
    assert!(called.get());
    assert_eq!(NAME.get(), Some(1), "the child has a copy of the context");
    Ok(())
}

#[asyncio::test(virtual_time)]
async fn a_foreign_combinator_inside_of_a_child_wakes_it() -> Result<()> {
    let polls = Cell::new(0);
    scope(async |s| {
        let child = s.spawn(poll_fn(|cx| {
            polls.set(polls.get() + 1);
            if polls.get() == 3 {
                return Poll::Ready(());
            }
            // By a clone, as others keep it.
            let kept = cx.waker().clone();
            kept.wake();
            Poll::Pending
        }));
        child.await
    })
    .await?;
    assert_eq!(polls.get(), 3);
    Ok(())
}
