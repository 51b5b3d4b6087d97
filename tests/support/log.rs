//! What was logged under the target "asyncio", and by what speaks TLS below it, thread by thread: tests run beside each other.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Once;

use log::{Level, LevelFilter, Log, Metadata, Record};

thread_local! {
    static RECORDS: RefCell<Option<Vec<(Level, String)>>> = const { RefCell::new(None) };
    static LISTENER: RefCell<Option<Listener>> = const { RefCell::new(None) };
}

type Listener = Rc<dyn Fn(&str)>;

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
        let listener = LISTENER.with_borrow(Clone::clone);
        if let Some(listener) = listener {
            listener(&text);
        }
        if !collected && record.level() <= Level::Warn {
            eprintln!("{}: {text}", record.level());
        }
    }

    fn flush(&self) {}
}

/// Collects what this thread logs from now on.
pub(crate) fn collect() {
    install();
    RECORDS.set(Some(Vec::new()));
}

/// Calls `listener` with the text of each record that this thread logs from now on.
pub(crate) fn listen(listener: impl Fn(&str) + 'static) {
    install();
    LISTENER.set(Some(Rc::new(listener)));
}

fn install() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        log::set_logger(&Collector).unwrap();
        log::set_max_level(LevelFilter::Debug);
    });
}

/// What was collected, of one level.
pub(crate) fn collected(level: Level) -> Vec<String> {
    RECORDS.with_borrow(|records| {
        let records = records.as_ref().expect("collect() was called").iter();
        records.filter(|record| record.0 == level).map(|record| record.1.clone()).collect()
    })
}
