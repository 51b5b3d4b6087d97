//! `rustc` on one file, with the `asyncio` that this test was built with. Quicker than a cargo project a case.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::SystemTime;
use std::{env, fs};

use memchr::memmem;

/// The compiler, and where it finds `asyncio`.
#[derive(Debug)]
pub(crate) struct Compiler {
    rustc: OsString,
    dependencies: PathBuf,
    library: PathBuf,
}

/// What the compiler said.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) accepted: bool,
    pub(crate) text: String,
}

impl Compiler {
    /// The compiler of this test run.
    pub(crate) fn find() -> Self {
        let program = env::current_exe().expect("a test knows its program");
        let dependencies = program.parent().expect("a program is in a directory").to_owned();
        let is_library = |path: &PathBuf| {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            name.starts_with("libasyncio-") && name.ends_with(".rlib")
        };
        let age = |path: &PathBuf| path.metadata().and_then(|meta| meta.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
        let entries = fs::read_dir(&dependencies).expect("is a directory");
        let libraries = entries.map(|entry| entry.expect("can be listed").path()).filter(is_library);
        // There may be others, with other features. They have the same names, but for what the compiler adds to each.
        let symbol = symbol_of_asyncio(&fs::read(&program).expect("it can be read"));
        let is_ours = |path: &PathBuf| fs::read(path).is_ok_and(|library| contains(&library, &symbol));
        let library = libraries.filter(is_ours).max_by_key(age).expect("this test depends on asyncio");
        Self { rustc: env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()), dependencies, library }
    }

    /// `rustc 1.95.0 (…)`.
    pub(crate) fn version(&self) -> String {
        let output = Command::new(&self.rustc).arg("--version").output().expect("rustc is installed");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// Compiles one file as far as errors go.
    pub(crate) fn check(&self, source: &Path, arguments: &[&str]) -> Said {
        let mut rustc = self.command();
        rustc.args(arguments).arg("--emit=metadata").arg("-o").arg(self.scratch("checked", "rmeta")).arg(source);
        let output = rustc.output().expect("rustc is installed");
        Said { accepted: output.status.success(), text: String::from_utf8_lossy(&output.stderr).into_owned() }
    }

    /// Builds a program that runs the tests of one file.
    pub(crate) fn build_tests(&self, source: &Path) -> PathBuf {
        let program = self.scratch("tests", env::consts::EXE_EXTENSION);
        let output = self.command().args(["--test", "--edition", "2024", "-o"]).arg(&program).arg(source).output();
        let output = output.expect("rustc is installed");
        assert!(output.status.success(), "{}:\n{}", source.display(), String::from_utf8_lossy(&output.stderr));
        program
    }

    /// The places and the first lines of all errors in a program.
    pub(crate) fn errors_in(&self, program: &str) -> Vec<String> {
        let mut rustc = self.command();
        rustc.args(["--edition", "2024", "--test", "--emit=metadata", "--error-format=short", "-"]);
        rustc.arg("-o").arg(self.scratch("half_typed", "rmeta"));
        rustc.stdin(Stdio::piped()).stderr(Stdio::piped());
        let mut child = rustc.spawn().expect("rustc is installed");
        let mut input = child.stdin.take().expect("is piped");
        std::io::Write::write_all(&mut input, program.as_bytes()).expect("rustc reads it");
        drop(input);
        let output = child.wait_with_output().expect("rustc ends");
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        text.lines().filter(|line| line.starts_with('<')).map(ToOwned::to_owned).collect()
    }

    fn command(&self) -> Command {
        let mut rustc = Command::new(&self.rustc);
        rustc.arg("-L").arg(format!("dependency={}", self.dependencies.display()));
        rustc.arg("--extern").arg(format!("asyncio={}", self.library.display()));
        rustc
    }

    /// A file beside this test's program, that no other test writes.
    fn scratch(&self, name: &str, extension: &str) -> PathBuf {
        let directory = self.dependencies.join("ui-scratch");
        fs::create_dir_all(&directory).expect("the build directory can be written to");
        directory.join(format!("{name}-{:?}", std::thread::current().id())).with_extension(extension)
    }
}

/// The full name that the compiler has given to a function of the `asyncio` in a program.
fn symbol_of_asyncio(program: &[u8]) -> Vec<u8> {
    // Named here, so that it is in there.
    std::hint::black_box(asyncio::get_running_loop as fn() -> _);
    let name = b"16get_running_loop";
    let part = |byte: &u8| byte.is_ascii_alphanumeric() || b"_$.".contains(byte);
    let symbols = memmem::find_iter(program, name).map(|at| {
        let begin = program[..at].iter().rposition(|byte| !part(byte)).map_or(0, |before| before + 1);
        let length = program[at..].iter().position(|byte| !part(byte)).unwrap_or(program.len() - at);
        &program[begin..at + length]
    });
    // What is longer belongs to a part of it.
    let symbol = symbols.filter(|symbol| contains(symbol, b"7asyncio")).min_by_key(|symbol| symbol.len());
    symbol.expect("a function that is named is linked").to_owned()
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    memmem::find(text, part).is_some()
}
