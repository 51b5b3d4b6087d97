//! All tasks asleep, and nobody left to wake one: what is reported, and what is not.

mod no_false_alarm;
mod reported;

use std::cell::RefCell;
use std::rc::Rc;

use asyncio::{Error, Result, Runner};

/// Runs something with a runner that ends deadlocks; its outcome, and the texts of what was reported.
fn run<T: 'static>(body: impl Future<Output = Result<T>> + 'static) -> (Result<T>, Vec<String>) {
    let reports = Rc::new(RefCell::new(Vec::new()));
    let collected = reports.clone();
    let mut runner = Runner::builder().on_deadlock(Error::runtime_error("it hangs")).build();
    let outcome = runner.run(async move {
        asyncio::get_running_loop()?.set_exception_handler(move |_, report| {
            collected.borrow_mut().push(report.to_string());
        });
        body.await
    });
    runner.close().unwrap();
    let reports = reports.take();
    (outcome, reports)
}
