//! What goes along with a call: the caller's deadline, and context variables that were made for it.

use std::time::{Duration, Instant};

use asyncio::{ContextVar, Executor, Result, ThreadPoolExecutor, remote_deadline};

use super::pool;

static REQUEST: ContextVar<String> = ContextVar::remote("request");
static NUMBER: ContextVar<u64> = ContextVar::remote("request");
static STAYS: ContextVar<u64> = ContextVar::with_default("stays", || 1);

#[asyncio::remote]
fn values() -> Result<(Option<String>, Option<u64>, Option<u64>)> {
    Ok((REQUEST.get(), NUMBER.get(), STAYS.get()))
}

#[asyncio::remote]
fn values_of_a_task() -> Result<(Option<String>, Option<String>)> {
    asyncio::run(async {
        let task = asyncio::create_task(async {
            let came = REQUEST.get();
            REQUEST.set("own".to_owned());
            Ok::<_, asyncio::Error>((came, REQUEST.get()))
        });
        task.await
    })
}

#[asyncio::test]
async fn variables_that_were_made_for_it_go_along_and_the_others_stay() {
    let (processes, threads) = (pool(1), ThreadPoolExecutor::new());
    let executors: [&dyn Executor; 2] = [&processes, &threads];
    for executor in executors {
        assert_eq!(values.on(executor)().await.unwrap(), (None, None, Some(1)));
        let context = asyncio::copy_context();
        let call = context.run(|| {
            REQUEST.set("seven".to_owned());
            NUMBER.set(7);
            STAYS.set(2);
            values.on(executor)()
        });
        assert_eq!(call.await.unwrap(), (Some("seven".to_owned()), Some(7), Some(1)));
        assert_eq!(values.on(executor)().await.unwrap(), (None, None, Some(1)), "nothing is left behind");
    }
}

#[asyncio::test]
async fn the_tasks_of_a_worker_see_them_and_may_set_their_own() {
    REQUEST.set("seven".to_owned());
    let seen = values_of_a_task.on(&pool(1))().await.unwrap();
    assert_eq!(seen, (Some("seven".to_owned()), Some("own".to_owned())));
    assert_eq!(REQUEST.get().as_deref(), Some("seven"), "what a worker sets does not come back");
}

#[asyncio::remote]
fn values_of_the_next() -> Result<(Option<String>, Option<u64>, Option<u64>)> {
    pool(1).submit(values.call())?.result(super::LONG)
}

#[asyncio::test]
async fn they_go_on_to_a_workers_own_workers() {
    REQUEST.set("seven".to_owned());
    let (request, ..) = values_of_the_next.on(&pool(1))().await.unwrap();
    assert_eq!(request.as_deref(), Some("seven"));
}

/// How much time there is.
#[asyncio::remote]
fn left() -> Result<Option<Duration>> {
    Ok(remote_deadline().map(|deadline| deadline.saturating_duration_since(Instant::now())))
}

#[asyncio::test]
async fn the_nearest_deadline_goes_along() {
    let pool = pool(1);
    assert_eq!(left.on(&pool)().await.unwrap(), None);
    let (far, near) = (Duration::from_secs(3000), Duration::from_secs(1000));
    let nested = async { asyncio::timeout(near, async { left.on(&pool)().await }).await };
    let there = asyncio::timeout(far, nested).await.unwrap().unwrap();
    assert!(there <= near && there > Duration::from_secs(900), "{there:?}");
    let nested = async { asyncio::timeout(far, async { left.on(&pool)().await }).await };
    let there = asyncio::timeout(near, nested).await.unwrap().unwrap();
    assert!(there <= near && there > Duration::from_secs(900), "{there:?}");
    assert_eq!(left.on(&pool)().await.unwrap(), None, "a deadline that was left behind does not count");
}

#[asyncio::test]
async fn a_plain_call_has_no_deadline() {
    let here = asyncio::timeout(Duration::from_secs(10), async { left() }).await;
    assert_eq!(here.unwrap(), None);
}
