//! What was logged under the target "asyncio", and by what speaks TLS below it, thread by thread: tests run beside each other.

use std::cell::RefCell;
use std::sync::Once;

use log::{Level, LevelFilter, Log, Metadata, Record};

thread_local! {
    static RECORDS: RefCell<Option<Vec<(Level, String)>>> = const { RefCell::new(None) };
}

struct Collector;

impl Log for Collector {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "asyncio" || metadata.target().starts_with("rustls")
    }

    fn log(&self, record: &Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        let text = record.args().to_string();
        let collected = RECORDS.with_borrow_mut(|records| match records {
            Some(records) => {
                records.push((record.level(), text.clone()));
                true
            }
            None => false,
        });
        if !collected && record.level() <= Level::Warn {
            eprintln!("{}: {text}", record.level());
        }
    }

    fn flush(&self) {}
}

/// Collects what this thread logs from now on.
pub(crate) fn collect() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        log::set_logger(&Collector).unwrap();
        log::set_max_level(LevelFilter::Debug);
    });
    RECORDS.set(Some(Vec::new()));
}

/// What was collected, of one level.
pub(crate) fn collected(level: Level) -> Vec<String> {
    RECORDS.with_borrow(|records| {
        let records = records.as_ref().expect("collect() was called").iter();
        records.filter(|record| record.0 == level).map(|record| record.1.clone()).collect()
    })
}
