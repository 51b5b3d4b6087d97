//! Random sequences of everything that can happen to a queue, cancels between any two ticks included, against a plain
//! model: what went in comes out, once and in order, and nobody waits for what is there.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use asyncio::{Error, Queue, QueueStorage, Task};
use prop::sample::Index;
use proptest::prelude::*;

use crate::support::quiet::{quiet, run, tick};

#[derive(Clone, Copy, Debug)]
enum Step {
    Put,
    PutNowait,
    Get,
    GetNowait,
    CancelPut(Index),
    CancelGet(Index),
    TaskDone,
    Tick,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        3 => Just(Step::Put),
        1 => Just(Step::PutNowait),
        3 => Just(Step::Get),
        1 => Just(Step::GetNowait),
        1 => any::<Index>().prop_map(Step::CancelPut),
        1 => any::<Index>().prop_map(Step::CancelGet),
        1 => Just(Step::TaskDone),
        2 => Just(Step::Tick),
    ];
    prop::collection::vec(step, 1..80)
}

/// What really went in and out, in its order.
#[derive(Clone, Default)]
struct Ledger {
    put: Rc<RefCell<Vec<u32>>>,
    got: Rc<RefCell<Vec<u32>>>,
}

/// A plain queue that keeps a ledger.
struct Recording {
    items: VecDeque<u32>,
    ledger: Ledger,
}

impl QueueStorage<u32> for Recording {
    fn put(&mut self, item: u32) {
        self.ledger.put.borrow_mut().push(item);
        self.items.push_back(item);
    }

    fn get(&mut self) -> Option<u32> {
        let item = self.items.pop_front()?;
        self.ledger.got.borrow_mut().push(item);
        Some(item)
    }

    fn len(&self) -> usize {
        self.items.len()
    }
}

/// All that is known of a run.
struct Run {
    queue: Queue<u32>,
    ledger: Ledger,
    putters: Vec<(u32, Task<()>)>,
    getters: Vec<Task<u32>>,
    next: u32,
    /// What came back to those who asked at once, and what they put.
    taken: Vec<u32>,
    added: Vec<u32>,
    done: usize,
}

impl Run {
    fn new(maxsize: usize) -> Self {
        let ledger = Ledger::default();
        let storage = Recording { items: VecDeque::new(), ledger: ledger.clone() };
        let queue = Queue::with_storage(maxsize, storage);
        let (putters, getters, taken, added) = Default::default();
        Self { queue, ledger, putters, getters, next: 0, taken, added, done: 0 }
    }

    fn item(&mut self) -> u32 {
        self.next += 1;
        self.next
    }

    async fn step(&mut self, step: Step) {
        match step {
            Step::Put => {
                let item = self.item();
                self.putters.push((item, asyncio::create_task(self.queue.put(item))));
            }
            Step::PutNowait => {
                let item = self.item();
                match self.queue.put_nowait(item) {
                    Ok(()) => self.added.push(item),
                    Err(error) => assert!(matches!(error.error, Error::QueueFull) && error.item == item),
                }
            }
            Step::Get => self.getters.push(asyncio::create_task(self.queue.get())),
            Step::GetNowait => self.taken.extend(self.queue.get_nowait().ok()),
            Step::CancelPut(index) if !self.putters.is_empty() => {
                index.get(&self.putters).1.cancel();
            }
            Step::CancelGet(index) if !self.getters.is_empty() => {
                index.get(&self.getters).cancel();
            }
            Step::CancelPut(_) | Step::CancelGet(_) => {}
            Step::TaskDone => self.done += usize::from(self.queue.task_done().is_ok()),
            Step::Tick => tick().await,
        }
        assert!(self.queue.maxsize() == 0 || self.queue.qsize() <= self.queue.maxsize());
    }

    /// Compares what the tasks say with the ledger, once nothing is on its way.
    async fn check(self) {
        quiet().await;
        let Self { queue, ledger, putters, getters, mut taken, mut added, done, .. } = self;
        let (put, got) = (ledger.put.take(), ledger.got.take());
        assert!(put.starts_with(&got), "out of order: {put:?} went in, {got:?} came out");
        assert_eq!(put.len() - got.len(), queue.qsize());
        let (putting, getting) = (waiting(putters.iter().map(|putter| &putter.1)), waiting(&getters));
        assert!(putting == 0 || queue.full(), "{putting} wait although there is room");
        assert!(getting == 0 || queue.empty(), "{getting} wait although there are items");
        let unfinished = put.len() - done;
        let expected = format!("unfinished: {unfinished}, getters: {getting}, putters: {putting}>");
        let shown = format!("{queue:?}");
        assert!(shown.ends_with(&expected), "{shown} is not {expected}");
        for (item, task) in putters {
            task.cancel();
            added.extend(task.await.ok().map(|()| item));
        }
        for task in getters {
            task.cancel();
            taken.extend(task.await.ok());
        }
        // Those who were told that they put or got are those of the ledger.
        assert_eq!(sorted(added), sorted(put));
        assert_eq!(sorted(taken), sorted(got));
        assert!(format!("{queue:?}").ends_with("getters: 0, putters: 0>"));
    }
}

fn waiting<'a, T: 'static>(tasks: impl IntoIterator<Item = &'a Task<T>>) -> usize {
    tasks.into_iter().filter(|task| !task.done()).count()
}

fn sorted(mut items: Vec<u32>) -> Vec<u32> {
    items.sort_unstable();
    items
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn what_goes_in_comes_out_once_and_in_order(maxsize in 0..4_usize, steps in steps()) {
        run(async move {
            let mut run = Run::new(maxsize);
            for step in steps {
                run.step(step).await;
            }
            run.check().await;
        });
    }
}
