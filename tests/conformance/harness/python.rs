//! The Python to compare with: which one is found, and what it says of a chapter.

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The oldest that has task groups, barriers and timeouts.
const OLDEST: u32 = 11;
/// Newer ones are found under the name `python3`.
const NEWEST: u32 = 15;

/// An interpreter of Python 3.
#[derive(Clone, Debug)]
pub(crate) struct Python {
    program: PathBuf,
    pub(crate) minor: u32,
}

/// What the programs of a chapter noted.
#[derive(Debug)]
pub(crate) struct Traces {
    programs: HashMap<String, Vec<String>>,
    /// Why there are not more, if it ended before its end.
    failure: Option<String>,
}

impl Traces {
    /// What the program of that name noted.
    pub(crate) fn of(&self, name: &str) -> Result<&[String], String> {
        self.programs.get(name).map(Vec::as_slice).ok_or_else(|| {
            self.failure.clone().unwrap_or_else(|| "the chapter's Python file has no such program".to_owned())
        })
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.programs.keys().map(String::as_str)
    }
}

impl Python {
    /// The newest one; or the one that the variable `CONFORMANCE_PYTHON` names.
    pub(crate) fn find() -> Option<Self> {
        if let Some(program) = std::env::var_os("CONFORMANCE_PYTHON") {
            let python = Self::ask(Path::new(&program));
            assert!(python.is_some(), "CONFORMANCE_PYTHON is no Python of 3.{OLDEST} or later: {program:?}");
            return python;
        }
        let installed = pyenv_versions();
        let by_version = (OLDEST..=NEWEST).rev().flat_map(|minor| {
            let start = format!("3.{minor}.");
            let pyenv = installed.iter().filter(move |path| version_of(path).starts_with(&start));
            let pyenv = pyenv.map(|path| path.join("bin/python3"));
            std::iter::once(PathBuf::from(format!("python3.{minor}"))).chain(pyenv)
        });
        by_version.chain([PathBuf::from("python3")]).find_map(|program| Self::ask(&program))
    }

    /// The interpreter of that name, if there is one that is new enough.
    fn ask(program: &Path) -> Option<Self> {
        let version = "import sys; print(*sys.version_info[:2])";
        let output = Command::new(program).args(["-E", "-s", "-c", version]).stderr(Stdio::null()).output().ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        let (major, minor) = text.trim().split_once(' ')?;
        let minor = minor.parse().ok()?;
        (major == "3" && minor >= OLDEST).then(|| Self { program: program.to_owned(), minor })
    }

    /// Runs the programs of a chapter, but those that are left out.
    pub(crate) fn run(&self, chapter: &str, left_out: impl Iterator<Item = &'static str>) -> Traces {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/conformance");
        let mut command = Command::new(&self.program);
        // Without the user's settings, and without files beside the sources.
        command.args(["-E", "-s", "-B", "-X", "utf8", "-m", "harness.run", chapter]);
        command.args(left_out).current_dir(folder);
        let (output, failure) = match command.stdin(Stdio::null()).output() {
            Ok(output) => {
                let errors = String::from_utf8_lossy(&output.stderr);
                let failure = format!("{self} ended with {} in chapter {chapter}:\n{errors}", output.status);
                (output.stdout, (!output.status.success()).then_some(failure))
            }
            Err(error) => (Vec::new(), Some(format!("{self} did not start: {error}"))),
        };
        Traces { programs: parse(&String::from_utf8_lossy(&output)), failure }
    }
}

impl fmt::Display for Python {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Python 3.{} ({})", self.minor, self.program.display())
    }
}

/// What pyenv has installed, the newest patch first.
fn pyenv_versions() -> Vec<PathBuf> {
    let root = std::env::var_os("PYENV_ROOT").map(PathBuf::from);
    let root = root.or_else(|| Some(std::env::home_dir()?.join(".pyenv")));
    let listed = root.and_then(|root| root.join("versions").read_dir().ok());
    let mut versions: Vec<PathBuf> = listed.into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    versions.sort_by_key(|path| version_of(path).rsplit('.').next().and_then(|patch| patch.parse::<u32>().ok()));
    versions.reverse();
    versions
}

fn version_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// `@ NAME` begins a program, `> LINE` is what it noted.
fn parse(output: &str) -> HashMap<String, Vec<String>> {
    let mut traces = HashMap::<String, Vec<String>>::new();
    let mut name = "";
    for line in output.lines() {
        if let Some(next) = line.strip_prefix("@ ") {
            name = next;
            traces.insert(name.to_owned(), Vec::new());
        } else if let Some(noted) = line.strip_prefix("> ") {
            traces.entry(name.to_owned()).or_default().push(noted.to_owned());
        }
    }
    traces
}
