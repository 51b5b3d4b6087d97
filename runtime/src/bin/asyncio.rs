//! `asyncio ps PID` and `asyncio pstree PID`: the tasks of a running process, also where its loop is stuck.
//!
//! Python: `python -m asyncio ps`, `python -m asyncio pstree`. Nothing runs in that process, and nothing stops it.

use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use asyncio::{ProcessTasks, Result};

const USAGE: &str = "usage: asyncio ps PID [--json] [--watch]\n       asyncio pstree PID [--json] [--watch]\n";

/// How long `--watch` waits between two looks.
const PAUSE: Duration = Duration::from_secs(1);

/// How long callbacks are counted to say how many there are a second.
const COUNT: Duration = Duration::from_millis(100);

#[derive(Clone, Copy)]
enum What {
    Table,
    Tree,
}

struct Arguments {
    what: What,
    process: u32,
    json: bool,
    watch: bool,
}

pub(crate) fn main() -> ExitCode {
    if std::env::args().skip(1).any(|argument| matches!(argument.as_str(), "--help" | "-h")) {
        print(&mut std::io::stdout(), USAGE);
        return ExitCode::SUCCESS;
    }
    let Some(arguments) = parse(std::env::args().skip(1)) else {
        print(&mut std::io::stderr(), USAGE);
        return ExitCode::from(2);
    };
    match run(&arguments) {
        Ok(code) => code,
        Err(error) => {
            print(&mut std::io::stderr(), &format!("asyncio: {error}\n"));
            ExitCode::FAILURE
        }
    }
}

/// Looks twice, for how many callbacks there are a second, or until the process is gone.
fn run(arguments: &Arguments) -> Result<ExitCode> {
    let mut tasks = ProcessTasks::read(arguments.process)?;
    std::thread::sleep(COUNT);
    loop {
        tasks = ProcessTasks::read(arguments.process)?.since(&tasks);
        let code = show(arguments, &tasks);
        if !arguments.watch {
            return Ok(code);
        }
        std::thread::sleep(PAUSE);
    }
}

fn parse(arguments: impl Iterator<Item = String>) -> Option<Arguments> {
    let (mut what, mut process, mut json, mut watch) = (None, None, false, false);
    for argument in arguments {
        match argument.as_str() {
            "ps" if what.is_none() => what = Some(What::Table),
            "pstree" if what.is_none() => what = Some(What::Tree),
            "--json" => json = true,
            "--watch" => watch = true,
            number if process.is_none() => process = Some(number.parse().ok()?),
            _ => return None,
        }
    }
    Some(Arguments { what: what?, process: process?, json, watch })
}

/// Prints what there is to see; circles go to standard error and are a failure, as in Python.
fn show(arguments: &Arguments, tasks: &ProcessTasks) -> ExitCode {
    let mut text = match (arguments.json, arguments.what) {
        (true, _) => tasks.json(),
        (false, What::Table) => tasks.table(),
        (false, What::Tree) => tasks.tree(),
    };
    if arguments.watch && !arguments.json {
        // Clears the screen.
        text.insert_str(0, "\x1b[2J\x1b[H");
    }
    print(&mut std::io::stdout(), &text);
    let cycles = tasks.cycles();
    if cycles.is_empty() || !matches!(arguments.what, What::Tree) {
        return ExitCode::SUCCESS;
    }
    for cycle in cycles {
        print(&mut std::io::stderr(), &format!("asyncio: tasks await each other in a circle: {cycle}\n"));
    }
    ExitCode::FAILURE
}

fn print(to: &mut impl Write, text: &str) {
    // Whoever reads has gone: there is nobody to tell.
    let _ = to.write_all(text.as_bytes());
}
