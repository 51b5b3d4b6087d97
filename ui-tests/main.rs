//! The compiler over small programs: those it must accept, and those with one mistake each, of which it must say in one
//! sentence what to write instead.
//!
//! The exact text is compared on the toolchain it was blessed on. On another one, whose wording may differ, each mistake must
//! still be told in our sentence, which stands in the first line of its file. `README.md` says how to add and bless a case.

mod compiler;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::{env, fs};

use compiler::Compiler;

/// The toolchain on which the `.stderr` files were blessed.
const BLESSED_ON: &str = "rustc 1.95.";

/// Whether only our sentences are compared: on another toolchain, or when asked for.
fn only_sentences(compiler: &Compiler) -> bool {
    env::var_os("ASYNCIO_UI_SENTENCES").is_some() || !compiler.version().starts_with(BLESSED_ON)
}

#[test]
fn programs_are_accepted_and_mistakes_are_explained() {
    let compiler = Compiler::find();
    let cases = trybuild::TestCases::new();
    for kind in ["main", "coroutine", "protocol"] {
        cases.pass(format!("ui-tests/pass/{kind}/*.rs"));
    }
    if only_sentences(&compiler) {
        eprintln!("only the sentences are compared, with {}", compiler.version());
        every_mistake_is_told_in_its_sentence(&compiler);
    } else {
        cases.compile_fail("ui-tests/fail/**/*.rs");
    }
}

fn every_mistake_is_told_in_its_sentence(compiler: &Compiler) {
    for case in sources("fail") {
        let said = compiler.check(&case, &["--edition", "2024"]);
        assert!(!said.accepted, "{} is accepted", case.display());
        let sentence = sentence(&case);
        assert!(said.text.contains(&sentence), "{}: {sentence:?} is not in\n{}", case.display(), said.text);
    }
}

/// Their programs need the feature, so they are no cases of trybuild's, which has none.
#[cfg(feature = "process-pool")]
#[test]
fn mistakes_with_remote_functions_are_explained() {
    let compiler = Compiler::find();
    for case in sources("remote") {
        let said = compiler.check(&case, &["--edition", "2024"]);
        assert!(!said.accepted, "{} is accepted", case.display());
        let sentence = sentence(&case);
        assert!(said.text.contains(&sentence), "{}: {sentence:?} is not in\n{}", case.display(), said.text);
        let errors = said.text.lines().filter(|line| line.starts_with("error") && !line.contains("aborting")).count();
        // What serde needs are two traits, and each lacks.
        let most = if said.text.contains("derive(serde::Serialize)") { 2 } else { 1 };
        assert!(errors <= most, "{}: {errors} errors in\n{}", case.display(), said.text);
    }
}

/// Without a compiler: what was blessed is what we want to say.
#[test]
fn every_mistake_has_one_error_with_its_sentence() {
    let cases = sources("fail");
    assert!(cases.len() >= 40, "only {} mistakes", cases.len());
    for case in cases {
        let name = case.display();
        let source = read(&case);
        assert!(source.lines().count() <= 25, "{name} has more than 25 lines");
        let said = read(&case.with_extension("stderr"));
        let errors = said.lines().filter(|line| line.starts_with("error")).count();
        assert_eq!(errors, 1, "{name} has {errors} errors");
        assert!(!said.contains("\nwarning"), "{name} brings a warning as well");
        let sentence = sentence(&case);
        assert!(said.contains(&sentence), "{name}: {sentence:?} is not in\n{said}");
    }
}

#[test]
fn tests_made_by_the_macro_run() {
    let compiler = Compiler::find();
    for case in sources("pass/test") {
        let program = compiler.build_tests(&case);
        let output = std::process::Command::new(&program).output().expect("the program was built");
        let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{}:\n{text}", case.display());
        let expected = expected_result(&case);
        assert!(text.contains(&expected), "{}: {expected:?} is not in\n{text}", case.display());
    }
}

/// The first line of a test program: `// result: 3 passed; 0 failed; 1 ignored`.
fn expected_result(case: &Path) -> String {
    first_line(case, "// result: ")
}

/// Code of edition 2021 captures fewer lifetimes and drops temporaries later; the expansions must not care.
#[test]
fn users_may_stay_in_edition_2021() {
    let compiler = Compiler::find();
    for directory in ["pass/main", "pass/coroutine", "pass/protocol"] {
        for case in sources(directory) {
            let said = compiler.check(&case, &["--edition", "2021"]);
            assert!(said.accepted, "{}:\n{}", case.display(), said.text);
        }
    }
}

/// What somebody types is unfinished most of the time. The compiler complains about it, once, and the macros add nothing.
#[test]
fn half_typed_input_has_the_compilers_own_errors_only() {
    const HALF_TYPED: [&str; 14] = [
        "let count =",
        "let count = ;",
        "let count = 1",
        "let count = 1 let other = 2;",
        "let (one, two = (1, 2);",
        "let text = String::",
        "let text = String::new().",
        "if count {",
        "for line in { }",
        "match 1 { 1 => , _ => {} }",
        "std::future::ready(1).await.",
        "return std::fs::",
        "let work = async move |",
        "work(1, , 2);",
    ];
    const ITEMS: [(&str, &str, &str); 5] = [
        ("#[asyncio::main]", "async fn work() { ", " }"),
        ("#[asyncio::test]", "async fn work() { ", " }"),
        ("#[asyncio::coroutine]", "async fn work(count: u8) { ", " }"),
        ("#[asyncio::coroutine]", "async fn work(count: u8, ", ") { drop(count) }"),
        ("#[asyncio::protocol]", "impl Echo { fn data_received(&mut self, data: &[u8]) { ", " } }"),
    ];
    let compiler = Compiler::find();
    for (attribute, before, after) in ITEMS {
        for cut in HALF_TYPED {
            let program = |attribute: &str| {
                format!("#![allow(unused)]\nstruct Echo;\n{attribute}\n{before}\n{cut}\n{after}\nfn main() {{}}\n")
            };
            let own = compiler.errors_in(&program(""));
            let with_macro = compiler.errors_in(&program(attribute));
            assert!(!own.is_empty(), "{cut:?} is not half typed");
            assert_eq!(with_macro, own, "{attribute} over {cut:?}");
        }
    }
}

/// All `.rs` files below a directory of `ui-tests`, in order.
fn sources(directory: &str) -> Vec<PathBuf> {
    let mut found = BTreeSet::new();
    let mut directories = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("ui-tests").join(directory)];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(&directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display())) {
            let path = entry.expect("can be listed").path();
            if path.is_dir() {
                directories.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.insert(path);
            }
        }
    }
    assert!(!found.is_empty(), "no case in {directory}");
    found.into_iter().collect()
}

/// The first line of a mistake: `// error: ` and a part of the error that says what to write.
fn sentence(case: &Path) -> String {
    first_line(case, "// error: ")
}

fn first_line(case: &Path, begin: &str) -> String {
    let source = read(case);
    let line = source.lines().next().and_then(|line| line.strip_prefix(begin));
    line.unwrap_or_else(|| panic!("the first line of {} is not `{begin}…`", case.display())).to_owned()
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
