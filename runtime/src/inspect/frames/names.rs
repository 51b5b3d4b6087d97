//! Functions and lines for addresses of code, as far as the program was built with them.

use std::fmt;
use std::path::{Path, PathBuf};
use std::ptr;

use crate::sys::Loaded;

/// Where Rust's own library says that its sources are: this, a hash, and `library/…`.
const RUSTC: &str = "/rustc/";

/// Whose function it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whose {
    /// This crate's.
    Runtime,
    /// Rust's library's.
    Library,
    /// Another Rust crate's: most of all the program's.
    Program,
    /// In another language, or nothing is known.
    Foreign,
}

/// A function that a thread is in. One address is several where functions were inlined.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    name: String,
    file: Option<PathBuf>,
    line: Option<u32>,
}

/// Names what stands before each of the addresses.
pub(super) fn of(addresses: &[u64], files: &[Loaded]) -> Vec<Frame> {
    let mut frames = Vec::new();
    for address in addresses {
        let before = frames.len();
        let code = ptr::without_provenance_mut(usize::try_from(*address).unwrap_or_default());
        backtrace::resolve(code, |symbol| {
            let name = symbol.name().map_or_else(|| nameless(address - 1, files), |name| format!("{name:#}"));
            let file = symbol.filename().map(Path::to_owned);
            frames.push(Frame { name, file, line: symbol.lineno() });
        });
        if frames.len() == before {
            frames.push(Frame { name: nameless(address - 1, files), file: None, line: None });
        }
    }
    // It keeps the debug information of whole files.
    backtrace::clear_symbol_cache();
    frames
}

/// Where it is, in the words of a program that looks addresses up, such as `addr2line`.
fn nameless(address: u64, files: &[Loaded]) -> String {
    match files.iter().find(|file| file.contains(address)) {
        Some(file) if file.name.is_empty() => {
            format!("a function without a name, at {:#x} of the program", address.wrapping_sub(file.bias))
        }
        Some(file) => format!("a function without a name, at {:#x} of {}", address.wrapping_sub(file.bias), file.name),
        None => format!("a function without a name, at {address:#x} of the memory"),
    }
}

/// The folder of this crate's sources, as it was compiled.
fn sources() -> PathBuf {
    let here = Path::new(file!());
    let root = here.ancestors().nth(3).unwrap_or(here);
    if root.is_absolute() { root.to_owned() } else { Path::new(env!("CARGO_MANIFEST_DIR")).join("src") }
}

impl Frame {
    /// Whether this is where the loop runs what is ready.
    pub(super) fn runs_a_batch(&self) -> bool {
        self.whose() == Whose::Runtime && self.name.ends_with("run_closely")
    }

    pub(super) fn whose(&self) -> Whose {
        // A name has no crate before it where only lines are known, a file says nothing where only names are.
        match self.file.as_deref() {
            Some(file) if file.starts_with(sources()) => Whose::Runtime,
            Some(file) if file.starts_with(RUSTC) => Whose::Library,
            Some(file) if file.extension().is_some_and(|extension| extension == "rs") => Whose::Program,
            Some(_) => Whose::Foreign,
            None => whose(&self.name),
        }
    }
}

/// Whose function has a name like `<asyncio::task::Task<T> as core::future::Future>::poll`.
fn whose(name: &str) -> Whose {
    match name.trim_start_matches(['<', '&']).split_once("::") {
        Some(("asyncio", _)) => Whose::Runtime,
        Some(("alloc" | "core" | "std", _)) => Whose::Library,
        Some(_) => Whose::Program,
        None if name == "__rust_try" => Whose::Library,
        None => Whose::Foreign,
    }
}

impl fmt::Display for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        let (Some(file), Some(line)) = (&self.file, self.line) else { return Ok(()) };
        // Short, as other reports show it, where the program is started from its own folder.
        let folder = std::env::current_dir().unwrap_or_default();
        let short = match file.strip_prefix(RUSTC) {
            Ok(library) => library.iter().skip(1).collect(),
            Err(_) => file.strip_prefix(folder).unwrap_or(file).to_owned(),
        };
        write!(f, " at {}:{line}", short.display())
    }
}
