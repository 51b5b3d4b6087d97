//! The house rules, checked: the order of the rooms, a head on every file, its length, and where unsafe and the
//! operating system may be named. `ARCHITECTURE.md` says why. No dependency, and no parser: a rule that needs one is
//! a rule for clippy.

use std::fs;
use std::path::{Path, PathBuf};

/// A room may import only rooms to its left. A new one joins this list and `ARCHITECTURE.md` in one commit.
const ROOMS: &str = "sealed exceptions constants log clock sys
    context debug timers handle
    event_loop
    cancellation trace future coroutine task inspect
    timeouts wait select scope taskgroup sync queues executor asyncgens signals runner
    net ssl transports protocols tls endpoints streams subprocess
    process_pool workers
    testing";

/// The roof: they may name every room, and no room names them.
const ROOF: [&str; 3] = ["lib", "private", "guide"];

/// The only rooms with unsafe code.
const UNSAFE: [&str; 2] = ["sys", "task"];

/// Crates that stand for the operating system; only `sys` names them.
const SYSTEM: [&str; 4] = ["mio", "libc", "socket2", "windows_sys"];

const LONGEST: usize = 400;

/// Taken over from the benchmark harness, which asks that it stays as it is.
const NOT_OURS: [&str; 1] = ["benches/common.rs"];

#[test]
fn every_file_of_the_house_keeps_its_rules() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    for folder in ["runtime", "macros", "tests", "examples", "benches"] {
        collect(&root.join(folder), &mut files);
    }
    assert!(files.len() > 50, "the house has moved: {} files found", files.len());
    let mut complaints = Vec::new();
    for file in files {
        let path = file.strip_prefix(root).expect("it was found below the root").to_string_lossy().replace('\\', "/");
        let text = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{path}: {error}"));
        complaints.extend(check(&path, &text));
    }
    assert!(complaints.is_empty(), "{} house rules are broken:\n{}", complaints.len(), complaints.join("\n"));
}

/// What a report's code looks like: ASY0007.
fn report_codes(text: &str) -> impl Iterator<Item = &str> {
    let number = |code: &&str| code.len() == 7 && code[3..].bytes().all(|byte| byte.is_ascii_digit());
    text.match_indices("ASY").filter_map(|(at, _)| text.get(at..at + 7)).filter(number)
}

#[test]
fn every_code_of_a_report_has_its_page_and_every_page_its_report() {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("runtime/src");
    let mut files = Vec::new();
    collect(&sources, &mut files);
    let mut reported = std::collections::BTreeSet::new();
    for text in files.iter().map(|file| fs::read_to_string(file).expect("it is a source")) {
        let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        code.for_each(|line| reported.extend(report_codes(line).map(str::to_owned)));
    }
    let guide = fs::read_to_string(sources.join("guide/errors.md")).expect("the chapter is there");
    let pages = guide.lines().filter_map(|line| line.strip_prefix("# ")).flat_map(report_codes);
    let table = guide.lines().filter(|line| line.starts_with("| [ASY")).filter_map(|line| report_codes(line).next());
    let pages: std::collections::BTreeSet<_> = pages.map(str::to_owned).collect();
    assert_eq!(pages, table.map(str::to_owned).collect());
    assert_eq!(pages, reported);
    let pages: Vec<_> = guide.split("\n# ASY").skip(1).collect();
    let title = |page: &str| page.lines().next().map(str::to_owned);
    let without_program: Vec<_> = pages.iter().filter(|page| !page.contains("\n```")).copied().map(title).collect();
    assert!(without_program.is_empty(), "no program shows these: {without_program:?}");
    let without_advice: Vec<_> =
        pages.iter().filter(|page| !page.contains("What to do: ")).copied().map(title).collect();
    assert!(without_advice.is_empty(), "of these it is not said what to do: {without_advice:?}");
}

/// The places at which a report is made that gets no code.
fn reports_without_code(text: &str) -> Vec<usize> {
    let lines: Vec<_> = text.lines().map(code_of).collect();
    let begins = |number: &usize| lines[*number].contains("ExceptionContext::new(");
    let has_none = |number: &usize| !lines[*number..].iter().take(8).any(|line| line.contains(".code("));
    (0..lines.len()).filter(begins).filter(has_none).map(|number| number + 1).collect()
}

/// The places at which something is logged that users see, without the number under which they could look it up.
fn warnings_without_code(text: &str) -> Vec<usize> {
    const SEEN: [&str; 4] = ["log::warning(", "log::failure(", "record!(warn,", "record!(error,"];
    let lines: Vec<_> = text.lines().collect();
    let begins = |number: &usize| SEEN.iter().any(|call| code_of(lines[*number]).contains(call));
    // A report has its number already.
    let has_one =
        |line: &&str| report_codes(line).next().is_some() || line.contains("(&report)") || line.contains("{context}");
    let has_none = |number: &usize| !lines[*number..].iter().take(3).any(has_one);
    (0..lines.len()).filter(begins).filter(has_none).map(|number| number + 1).collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries {
        let path = entry.expect("the folder can be read").path();
        if path.is_dir() && path.file_name().is_some_and(|name| name != "target") {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

/// All that is wrong with one file, a line each.
fn check(path: &str, text: &str) -> Vec<String> {
    if NOT_OURS.contains(&path) {
        return Vec::new();
    }
    let mut complaints = Vec::new();
    if !text.starts_with("//!") && !text.starts_with("#![doc = include_str!") {
        complaints.push(format!("{path}: the file does not begin with `//!`; say what it is and why it exists"));
    }
    let length = text.lines().count();
    if length > LONGEST {
        complaints.push(format!("{path}: {length} lines; split it by idea, {LONGEST} is the limit"));
    }
    if path.starts_with("runtime/src/") {
        let lines = reports_without_code(text).into_iter();
        let what = "a report has a code and a page in guide/errors.md; say which by `.code(\"ASY…\")`";
        complaints.extend(lines.map(|line| format!("{path}:{line}: {what}")));
        let lines = warnings_without_code(text).into_iter().filter(|_| path != "runtime/src/log.rs");
        let what = "what is logged for users begins with a code, \"ASY…: \", which has a page in guide/errors.md";
        complaints.extend(lines.map(|line| format!("{path}:{line}: {what}")));
    }
    // The binary is a user of the crate as any other.
    let room = path.strip_prefix("runtime/src/").filter(|path| !path.starts_with("bin/")).map(room_of);
    for (number, line) in text.lines().enumerate() {
        let code = code_of(line);
        let found = match room {
            Some(room) => in_room(room, path, &code),
            None => outside(path, &code),
        };
        complaints.extend(found.into_iter().map(|what| format!("{path}:{}: {what}", number + 1)));
    }
    complaints
}

/// The first part of a path below `runtime/src`.
fn room_of(path: &str) -> &str {
    path.split('/').next().unwrap_or(path).trim_end_matches(".rs")
}

/// What is wrong with one line of a room.
fn in_room(room: &str, path: &str, code: &str) -> Vec<String> {
    let mut complaints = Vec::new();
    let place = |room: &str| ROOMS.split_whitespace().position(|other| other == room);
    let roof = ROOF.contains(&room);
    if !roof && place(room).is_none() {
        return vec![format!("room `{room}` has no place in the order; see ROOMS in tests/architecture.rs")];
    }
    for target in crate_paths(code) {
        if target == "{" {
            complaints.push("`crate::{…}` hides which room is meant; write one `use crate::room::…` a room".to_owned());
        } else if !roof && place(target).is_none() {
            complaints.push(format!("`crate::{target}` is no room; name it by its room"));
        } else if place(target) > place(room) && !roof {
            complaints.push(format!("`{room}` imports `{target}`, which stands to its right"));
        }
    }
    let root_file = path.ends_with(&format!("src/{room}.rs")) || path.ends_with(&format!("src/{room}/mod.rs"));
    if root_file && !roof && code.starts_with("use super::") {
        complaints.push("`super` is the crate here; write `crate::room::…`".to_owned());
    }
    for word in words(code) {
        if word == "unsafe" && !UNSAFE.contains(&room) {
            complaints.push("unsafe code belongs to sys/ and task/".to_owned());
        }
    }
    for krate in SYSTEM.into_iter().filter(|_| room != "sys") {
        if code.contains(&format!("{krate}::")) && words(code).any(|word| word == krate) {
            complaints.push(format!("only sys/ names {krate}"));
        }
    }
    complaints
}

/// What is wrong with one line of the macros, the tests, an example or a benchmark.
fn outside(path: &str, code: &str) -> Vec<String> {
    let public_only =
        ["tests/", "examples/", "benches/", "runtime/src/bin/"].iter().any(|folder| path.starts_with(folder));
    if public_only && words(code).any(|word| word == "__private") {
        return vec!["`__private` is for macros; use public names".to_owned()];
    }
    Vec::new()
}

/// The rooms that a line names: the word after each `crate::`, or `{`.
fn crate_paths(code: &str) -> impl Iterator<Item = &str> {
    code.match_indices("crate::").filter_map(move |(at, path)| {
        let rest = &code[at + path.len()..];
        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        if rest.starts_with('{') { Some("{") } else { rest.get(..end).filter(|word| !word.is_empty()) }
    })
}

fn words(code: &str) -> impl Iterator<Item = &str> {
    code.split(|c: char| !c.is_alphanumeric() && c != '_')
}

/// A line without its comment and without what stands between quotes.
fn code_of(line: &str) -> String {
    let mut code = String::new();
    let (mut quoted, mut before) = (false, ' ');
    for c in line.chars() {
        match c {
            '"' if before != '\\' && before != '\'' => quoted = !quoted,
            '/' if before == '/' && !quoted => {
                code.pop();
                return code;
            }
            c if !quoted => code.push(c),
            _ => {}
        }
        before = c;
    }
    code
}

#[test]
fn each_broken_rule_is_caught() {
    let complaint = |path: &str, text: &str| check(path, &format!("//! Head.\n{text}")).join("\n");
    let caught = |path: &str, text: &str, part: &str| {
        let found = complaint(path, text);
        assert!(found.contains(part), "{text:?} in {path} gave {found:?}");
    };
    caught("runtime/src/event_loop/run.rs", "use crate::transports::Transport;", "stands to its right");
    caught("runtime/src/event_loop/run.rs", "    let x = crate::task::spawn();", "stands to its right");
    caught("runtime/src/event_loop/run.rs", "use crate::{handle::Handle, timers};", "hides which room");
    caught("runtime/src/event_loop/run.rs", "use crate::private::run_main;", "is no room");
    caught("runtime/src/event_loop/run.rs", "fn f() -> crate::Handle {", "is no room");
    caught("runtime/src/handle.rs", "use super::event_loop::EventLoop;", "is the crate here");
    caught("runtime/src/attic/mod.rs", "use std::fmt;", "no place in the order");
    caught("runtime/src/queues/fifo.rs", "unsafe { x.get() }", "unsafe code belongs");
    caught("runtime/src/net/dns.rs", "use libc::addrinfo;", "only sys/ names libc");
    caught("runtime/src/net/dns.rs", &"\n".repeat(400), "split it by idea");
    caught("runtime/src/bin/asyncio.rs", "use asyncio::__private::handled;", "use public names");
    caught("examples/tour.rs", "use asyncio::__private::handled;", "use public names");
    caught("runtime/src/net/dns.rs", "f(ExceptionContext::new(text).exception(error));", "has a code and a page");
    caught("runtime/src/net/dns.rs", "crate::log::warning(\n    \"it is late\",\n);", "begins with a code");
    caught("runtime/src/net/dns.rs", "crate::log::record!(error, \"it is late\");", "begins with a code");
    assert!(check("macros/src/lib.rs", "use syn::Item;\n")[0].contains("does not begin with"));

    let allowed = |path: &str, text: &str| assert_eq!(complaint(path, text), "", "{text:?} in {path}");
    allowed("runtime/src/transports/socket.rs", "use crate::event_loop::EventLoop;");
    allowed("runtime/src/handle/mod.rs", "/// As [`run`](crate::run) does; never unsafe, see libc::read");
    allowed("runtime/src/handle/mod.rs", "let text = \"crate::task is unsafe\";");
    allowed("runtime/src/sys/socket.rs", "unsafe { libc::recv(fd) }");
    allowed("runtime/src/private.rs", "pub use crate::protocols::Protocol;");
    allowed("runtime/src/net/dns.rs", "let it = ExceptionContext::new(text)\n    .code(\"ASY0001\");");
    allowed("runtime/src/net/dns.rs", "crate::log::record!(debug, \"it is late\");");
    allowed("runtime/src/net/dns.rs", "crate::log::failure(&format_args!(\n    \"ASY0001: it is late\"\n));");
    allowed("runtime/src/net/dns.rs", "/// let context = asyncio::ExceptionContext::new(text);");
    allowed("runtime/src/lib.rs", "extern crate self as asyncio;");
}
