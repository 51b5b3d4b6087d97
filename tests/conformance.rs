//! The same program under CPython and here: what both note is compared, line by line.
//!
//! A chapter is a pair of files, `conformance/CHAPTER.py` and `conformance/CHAPTER.rs`. A program is a function of one
//! name in both; each is a test here. It notes what happens, in order (`say`). The newest Python that is found runs the
//! chapter once; the programs here run in strict mode and in the default mode, each in virtual time, and each trace has
//! to be Python's. Where a difference is intended the program declares it, with the row of `differences.md` that
//! says why; a difference that is not there fails too. Without a Python nothing is compared, and a message says so.

mod conformance {
    pub(crate) mod calls;
    pub(crate) mod cancelling;
    pub(crate) mod datagrams;
    pub(crate) mod eager;
    pub(crate) mod errors;
    pub(crate) mod futures;
    pub(crate) mod gathering;
    pub(crate) mod locks;
    pub(crate) mod meeting;
    pub(crate) mod moments;
    pub(crate) mod queues;
    pub(crate) mod readers;
    pub(crate) mod running;
    pub(crate) mod servers;
    pub(crate) mod streams;
    pub(crate) mod subprocesses;
    pub(crate) mod task_groups;
    pub(crate) mod tasks;
    pub(crate) mod threads;
    pub(crate) mod timeouts;
    pub(crate) mod transports;
    pub(crate) mod watching;
}
#[path = "conformance/harness/mod.rs"]
mod harness;
#[path = "support/missing.rs"]
mod missing;

use std::process::ExitCode;

use libtest_mimic::Arguments;
use log::{LevelFilter, Log, Metadata, Record};

use harness::python::Python;
use harness::trials::{self, Chapter};
use missing::missing;

/// A chapter, by the name of its two files.
macro_rules! chapter {
    ($name:ident) => {
        Chapter { name: stringify!($name), programs: conformance::$name::PROGRAMS }
    };
}

const CHAPTERS: &[Chapter] = &[
    chapter!(calls),
    chapter!(futures),
    chapter!(tasks),
    chapter!(eager),
    chapter!(cancelling),
    chapter!(timeouts),
    chapter!(gathering),
    chapter!(moments),
    chapter!(task_groups),
    chapter!(locks),
    chapter!(meeting),
    chapter!(queues),
    chapter!(errors),
    chapter!(readers),
    chapter!(threads),
    chapter!(running),
    chapter!(transports),
    chapter!(servers),
    chapter!(streams),
    chapter!(datagrams),
    chapter!(watching),
    chapter!(subprocesses),
];

/// What the programs log is no part of their traces; Python's log is off as well.
struct Silence;

impl Log for Silence {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        false
    }

    fn log(&self, _: &Record<'_>) {}

    fn flush(&self) {}
}

fn main() -> ExitCode {
    log::set_logger(&Silence).expect("there is no other");
    // Where the level is off, failures go to standard error.
    log::set_max_level(LevelFilter::Error);
    let mut tests = trials::of_the_comparison();
    match Python::find() {
        Some(python) => {
            eprintln!("compared with {python}");
            tests.extend(CHAPTERS.iter().flat_map(|chapter| trials::of_chapter(chapter, &python)));
        }
        None => missing(format_args!("there is no Python 3.11 or newer here, so nothing is compared")),
    }
    libtest_mimic::run(&Arguments::from_args(), tests).exit_code()
}
