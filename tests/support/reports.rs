//! What reached the exception handler.

use std::cell::{Ref, RefCell};
use std::panic::Location;
use std::rc::Rc;

use asyncio::{AnyTask, Error, EventLoop};

/// One report.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) message: String,
    pub(crate) exception: Option<Error>,
    pub(crate) source: Option<&'static Location<'static>>,
    /// The name of the task that it is about.
    pub(crate) task: Option<String>,
    pub(crate) keys: Vec<&'static str>,
    /// Its number in the index of errors.
    pub(crate) code: Option<&'static str>,
}

/// The reports so far; clones share them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reports(Rc<RefCell<Vec<Report>>>);

impl Reports {
    /// Collects what is reported to a loop from now on.
    pub(crate) fn of(event_loop: &EventLoop) -> Self {
        let reports = Self::default();
        let collected = reports.clone();
        event_loop.set_exception_handler(move |_, context| {
            collected.0.borrow_mut().push(Report {
                message: context.message().to_owned(),
                exception: context.get_exception().cloned(),
                source: context.source_traceback(),
                task: context.get::<AnyTask>("task").map(AnyTask::get_name),
                keys: context.keys(),
                code: context.get_code(),
            });
        });
        reports
    }

    /// Those of the running loop.
    pub(crate) fn here() -> Self {
        Self::of(&asyncio::get_running_loop().unwrap())
    }

    pub(crate) fn all(&self) -> Ref<'_, Vec<Report>> {
        self.0.borrow()
    }

    pub(crate) fn messages(&self) -> Vec<String> {
        self.all().iter().map(|report| report.message.clone()).collect()
    }

    /// The only one.
    pub(crate) fn one(&self) -> Ref<'_, Report> {
        let all = self.all();
        assert_eq!(all.len(), 1, "{all:#?}");
        Ref::map(all, |all| &all[0])
    }
}
