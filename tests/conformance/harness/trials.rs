//! The tests: one for each program, one for each chapter, some for the comparison itself.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

use libtest_mimic::{Failed, Trial};

use super::comparison::compare;
use super::program::{Difference, Mode, Program};
use super::python::{Python, Traces};
use super::trace;

/// Nothing here takes a tenth of it.
const LIMIT: Duration = Duration::from_secs(30);

/// A pair of files of one name.
pub(crate) struct Chapter {
    pub(crate) name: &'static str,
    pub(crate) programs: &'static [Program],
}

/// A chapter and what Python says of it, asked once.
struct Asked {
    chapter: &'static Chapter,
    python: Python,
    traces: OnceLock<Traces>,
}

impl Asked {
    fn traces(&self) -> &Traces {
        self.traces.get_or_init(|| {
            let left_out = self.chapter.programs.iter().filter(|program| self.is_too_old_for(program));
            self.python.run(self.chapter.name, left_out.map(|program| program.name))
        })
    }

    fn is_too_old_for(&self, program: &Program) -> bool {
        self.python.minor < program.since
    }
}

/// The tests of a chapter; programs that need a newer Python are ignored, and said so.
pub(crate) fn of_chapter(chapter: &'static Chapter, python: &Python) -> Vec<Trial> {
    let asked = Arc::new(Asked { chapter, python: python.clone(), traces: OnceLock::new() });
    let pairs = chapter.programs.iter().map(|program| {
        let asked = asked.clone();
        let skipped = asked.is_too_old_for(program);
        if skipped {
            eprintln!("skipped: {}::{} needs Python 3.{}", chapter.name, program.name, program.since);
        }
        let name = format!("{}::{}", chapter.name, program.name);
        Trial::test(name, move || pair(program, asked.traces())).with_ignored_flag(skipped)
    });
    let mut trials: Vec<Trial> = pairs.collect();
    let whole = format!("{}::every_program_has_its_counterpart", chapter.name);
    trials.push(Trial::test(whole, move || counterparts(chapter, asked.traces())));
    trials
}

/// Runs a program in each mode and compares.
fn pair(program: &'static Program, traces: &Traces) -> Result<(), Failed> {
    let python = traces.of(program.name)?;
    for mode in [Mode::Strict, Mode::Default] {
        if mode == Mode::Strict || !program.strict_only {
            let here = run(program, mode)?;
            compare(python, &here, program.differences).map_err(|text| format!("{mode:?} mode: {text}"))?;
        }
    }
    Ok(())
}

/// Runs a program on a thread of its own, and gives what it noted.
fn run(program: &'static Program, mode: Mode) -> Result<Vec<String>, Failed> {
    let (done, ended) = mpsc::channel();
    let body = move || {
        let outcome = catch_unwind(AssertUnwindSafe(|| (program.run)(mode)));
        let mut lines = trace::take();
        match outcome {
            Ok(Ok(())) => {}
            Ok(Err(error)) => lines.push(format!("ended with {error}")),
            Err(_) => lines.push("ended with a panic, which stands above".to_owned()),
        }
        let _ = done.send(lines);
    };
    thread::Builder::new().name(program.name.to_owned()).spawn(body).map_err(|error| error.to_string())?;
    ended.recv_timeout(LIMIT).map_err(|error| match error {
        RecvTimeoutError::Timeout => format!("{mode:?} mode: still running after {LIMIT:?}").into(),
        RecvTimeoutError::Disconnected => "its thread ended without a trace".into(),
    })
}

fn counterparts(chapter: &Chapter, traces: &Traces) -> Result<(), Failed> {
    let known = |name: &str| chapter.programs.iter().any(|program| program.name == name);
    let mut alone: Vec<&str> = traces.names().filter(|name| !known(name)).collect();
    alone.sort();
    if alone.is_empty() { Ok(()) } else { Err(format!("in Python only: {alone:?}").into()) }
}

/// The comparison can fail, and a declared difference has to be there.
pub(crate) fn of_the_comparison() -> Vec<Trial> {
    const ROW: &str = "cancelled timer";
    let lines = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
    type Case = (&'static str, &'static str, &'static [Difference], &'static str);
    let fails = move |name: &str, (python, here, differences, why): Case| {
        Trial::test(format!("comparison::{name}"), move || match compare(&lines(python), &lines(here), differences) {
            Ok(()) => Err("nothing was noticed".into()),
            Err(text) if text.contains(why) => Ok(()),
            Err(text) => Err(format!("{why:?} is not what was noticed: {text}").into()),
        })
    };
    vec![
        fails("another_line_is_noticed", ("a b c", "a x c", &[], "≠ b")),
        fails("a_missing_line_is_noticed", ("a b c", "a b", &[], "(nothing)")),
        fails("another_order_is_noticed", ("a b", "b a", &[], "≠ a")),
        fails(
            "a_difference_that_is_gone_is_noticed",
            (
                "a",
                "a",
                &[Difference { row: "timers with equal deadlines", python: &["b"], here: &["c"] }],
                "stands 0 times in Python's trace",
            ),
        ),
        fails(
            "a_difference_without_a_row_is_noticed",
            ("a", "b", &[Difference { row: ROW, python: &["a"], here: &["b"] }], "has no row"),
        ),
    ]
}
