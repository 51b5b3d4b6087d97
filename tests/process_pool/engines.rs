//! An executor that has nothing but names and bytes: what an engine on other machines would have.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use asyncio::{ContextVar, Error, Executor, FunctionId, Job, Lease, Parcel, RemoteJob, Result};

use super::double;

/// Keeps calls until the test says what happens to them.
#[derive(Clone, Default)]
struct Cluster(Arc<Mutex<VecDeque<RemoteJob>>>);

impl Executor for Cluster {
    fn execute(&self, job: Job) -> Result<()> {
        let job = job.into_remote().map_err(|_| Error::value_error("only remote functions leave this machine"))?;
        self.0.lock().unwrap().push_back(job);
        Ok(())
    }
}

impl Cluster {
    fn next(&self) -> RemoteJob {
        self.0.lock().unwrap().pop_front().unwrap()
    }
}

/// What a node gets and gives: bytes only.
fn node(name: String, signature: u64, arguments: Vec<u8>) -> Vec<u8> {
    let function = FunctionId::new(name, signature);
    function.call(Parcel::from_bytes(&arguments).unwrap()).to_bytes()
}

fn run_on_a_node(job: &mut RemoteJob) -> Parcel {
    let (name, signature) = (job.function().name().to_owned(), job.function().signature());
    let answer = node(name, signature, job.arguments().unwrap().to_bytes());
    Parcel::from_bytes(&answer).unwrap()
}

fn lease(job: &RemoteJob) -> Lease {
    job.lease().expect("nobody has cancelled or answered it")
}

static TENANT: ContextVar<String> = ContextVar::remote("tenant");

#[asyncio::remote]
fn bill(items: Vec<u8>, price: f64) -> Result<(String, f64)> {
    let tenant = TENANT.get().ok_or_else(|| Error::runtime_error("nobody pays"))?;
    Ok((tenant, items.len() as f64 * price))
}

#[asyncio::test]
async fn a_call_is_a_name_and_bytes_and_so_is_its_answer() {
    let cluster = Cluster::default();
    TENANT.set("ada".to_owned());
    let call = bill.on(&cluster)(vec![1, 2, 3], 1.5);
    let mut job = cluster.next();
    assert!(job.function().name().ends_with("engines::bill"));
    let answer = run_on_a_node(&mut job);
    assert!(lease(&job).answer(answer));
    assert_eq!(call.await.unwrap(), ("ada".to_owned(), 4.5));
}

#[asyncio::test]
async fn a_failure_is_an_answer_too() {
    let cluster = Cluster::default();
    let call = bill.on(&cluster)(vec![], 1.0);
    let mut job = cluster.next();
    let answer = run_on_a_node(&mut job);
    assert!(lease(&job).answer(answer));
    assert!(matches!(call.await.unwrap_err(), Error::RuntimeError(text) if text.as_str() == "nobody pays"));
}

#[asyncio::test]
async fn a_node_that_was_given_up_cannot_answer_any_more() {
    let cluster = Cluster::default();
    let call = double.on(&cluster)(21);
    let mut job = cluster.next();
    let lost = lease(&job);
    let late = run_on_a_node(&mut job);
    // The same arguments, once more.
    let second = lease(&job);
    let answer = run_on_a_node(&mut job);
    assert!(!lost.answer(late));
    assert!(second.answer(answer.clone()));
    assert!(job.lease().is_none(), "it is answered");
    assert_eq!(call.await.unwrap(), 42);
}

#[asyncio::test]
async fn a_cancelled_call_is_told_and_is_not_leased() {
    let cluster = Cluster::default();
    let (waiting, running) = (double.on(&cluster)(1), double.on(&cluster)(2));
    let (waits, mut runs) = (cluster.next(), cluster.next());
    let told = Arc::new(Mutex::new(0));
    for job in [&waits, &runs] {
        let told = told.clone();
        job.when_cancelled(move || *told.lock().unwrap() += 1);
    }
    drop(waiting);
    assert!(waits.lease().is_none());
    let leased = lease(&runs);
    drop(running);
    assert_eq!(*told.lock().unwrap(), 2);
    let answer = run_on_a_node(&mut runs);
    assert!(!leased.answer(answer), "nobody waits");
}

#[asyncio::test]
async fn an_engine_that_gives_up_says_why_and_one_that_forgets_a_call_breaks_it() {
    let cluster = Cluster::default();
    let (one, other, third) = (double.on(&cluster)(1), double.on(&cluster)(2), double.on(&cluster)(3));
    assert!(lease(&cluster.next()).fail(Error::runtime_error("no node has the memory")));
    assert!(one.await.unwrap_err().to_string().contains("no node has the memory"));
    let job = cluster.next();
    drop(lease(&job));
    drop(job);
    assert!(matches!(other.await.unwrap_err(), Error::BrokenProcessPool(_)));
    // Never begun: as with a pool of threads.
    drop(cluster.next());
    assert!(third.await.unwrap_err().is_cancelled());
}

#[asyncio::test]
async fn an_answer_that_is_none_fails_the_call() {
    let cluster = Cluster::default();
    for nonsense in [Parcel::default(), Parcel::from_bytes(&[0, 0, 0, 0, 0, 0, 0, 0, 77, 1, 2]).unwrap()] {
        let call = double.on(&cluster)(1);
        assert!(lease(&cluster.next()).answer(nonsense));
        assert!(matches!(call.await.unwrap_err(), Error::ValueError(_)));
    }
}

#[test]
fn bytes_of_no_parcel_are_refused() {
    for bytes in [
        &[][..],
        &[1, 0, 0],
        &[1, 0, 0, 0, 0, 0, 0, 0],
        &[255; 16],
        &[1, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 5],
    ] {
        assert!(matches!(Parcel::from_bytes(bytes), Err(Error::ValueError(_))), "{bytes:?}");
    }
    assert!(Parcel::from_bytes(&[0; 8]).unwrap().is_empty());
}
