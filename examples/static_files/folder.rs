//! From paths to open files: never outside of the folder, and never blocking the loop.
//!
//! Finding and opening a file may take as long as a disk or a network needs, so it is done in the default executor. What
//! was found stays open for a second, within which the loop answers by itself; small files stay in memory as well.
//! Only `sendfile` may make the loop wait, for a part of a large file that is not in the system's memory yet.
//!
//! `..` is refused, and so are links that lead out of the folder. They are looked at before the file is opened: who can
//! exchange files for links in the folder meanwhile must be trusted.

use std::cell::RefCell;
use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use asyncio::Error;

use super::date::{self, Now};
use super::kinds::kind_of;
use super::request::{FAILED, Fault, NOT_FOUND};

/// How long a file that was found may be used without another look.
const FRESH: Duration = Duration::from_secs(1);

/// The most files that are kept open for that; those that are being sent come on top.
const MOST: usize = 128;

/// Files up to this size are kept in memory.
pub const SMALL: u64 = 16 * 1024;

/// An open file and what is said of it.
#[derive(Debug)]
pub struct Found {
    pub file: File,
    pub length: u64,
    /// All of it, if it is small.
    pub content: Option<Vec<u8>>,
    /// In quotation marks.
    pub etag: String,
    pub modified: String,
    /// The lines of a head that are always the same, without `Content-Length`.
    pub fields: String,
    /// How the answer with all of it goes on behind them, to the end of the head.
    pub length_field: String,
}

/// The files below one folder.
#[derive(Debug)]
pub struct Folder {
    /// Without links.
    root: Arc<Path>,
    /// By paths as requests write them.
    open: RefCell<HashMap<String, (Instant, Arc<Found>)>>,
    now: Now,
}

impl Folder {
    pub fn new(root: impl AsRef<Path>) -> io::Result<Rc<Self>> {
        let root = root.as_ref().canonicalize()?;
        if !root.is_dir() {
            return Err(io::Error::new(ErrorKind::NotADirectory, format!("{} is no folder", root.display())));
        }
        Ok(Rc::new(Self { root: root.into(), open: RefCell::default(), now: Now::default() }))
    }

    /// The time of day.
    pub fn now(&self) -> Rc<str> {
        self.now.text()
    }

    /// What was found under this path a short time ago.
    pub fn recent(&self, path: &str) -> Option<Arc<Found>> {
        let open = self.open.borrow();
        let (until, found) = open.get(path)?;
        (Instant::now() < *until).then(|| found.clone())
    }

    /// What is there under this path.
    pub async fn find(&self, path: &str) -> Result<Arc<Found>, Fault> {
        let (root, relative) = (self.root.clone(), relative(path).ok_or(NOT_FOUND)?);
        let found = asyncio::to_thread(move || open(&root, &relative)).await;
        let found = found.map_err(|error| if is_missing(&error) { NOT_FOUND } else { FAILED })?;
        let found = Arc::new(found);
        let mut open = self.open.borrow_mut();
        if open.len() >= MOST {
            let now = Instant::now();
            open.retain(|_, (until, _)| now < *until);
            if open.len() >= MOST {
                open.clear();
            }
        }
        open.insert(path.to_owned(), (Instant::now() + FRESH, found.clone()));
        Ok(found)
    }
}

/// Whether there is nothing that clients may have, and not only for the moment.
fn is_missing(error: &Error) -> bool {
    let Error::OsError(error) = error else { return false };
    matches!(
        error.kind(),
        ErrorKind::NotFound
            | ErrorKind::NotADirectory
            | ErrorKind::PermissionDenied
            | ErrorKind::InvalidFilename
            | ErrorKind::InvalidInput
    )
}

/// Below the root; `None` for what cannot be there.
fn relative(path: &str) -> Option<PathBuf> {
    let mut relative = PathBuf::new();
    for segment in path.split('/').filter(|segment| !segment.is_empty()) {
        let segment = unescape(segment)?;
        match &segment[..] {
            b"." => {}
            b".." => return None,
            _ if segment.contains(&b'/') || segment.contains(&0) => return None,
            _ => relative.push(OsStr::from_bytes(&segment)),
        }
    }
    Some(relative)
}

/// `%20` is a space.
fn unescape(text: &str) -> Option<Vec<u8>> {
    let mut bytes = text.bytes();
    let mut plain = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            plain.push(byte);
            continue;
        }
        let mut digit = || char::from(bytes.next()?).to_digit(16);
        plain.push(u8::try_from(digit()? * 16 + digit()?).ok()?);
    }
    Some(plain)
}

/// Takes its time.
fn open(root: &Path, relative: &Path) -> io::Result<Found> {
    let mut path = root.join(relative).canonicalize()?;
    if path.is_dir() {
        path = path.join("index.html").canonicalize()?;
    }
    // Opening what is no file, such as a pipe, may take for ever.
    if !path.starts_with(root) || !path.metadata()?.is_file() {
        return Err(ErrorKind::NotFound.into());
    }
    let mut file = File::open(&path)?;
    let about = file.metadata()?;
    let mut length = about.len();
    let mut content = None;
    if length <= SMALL {
        let mut bytes = Vec::new();
        (&mut file).take(SMALL).read_to_end(&mut bytes)?;
        length = bytes.len() as u64;
        content = Some(bytes);
    }
    let modified = about.modified().unwrap_or(SystemTime::UNIX_EPOCH);
    let nanos = modified.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos());
    let (kind, etag, modified) = (kind_of(&path), format!("\"{nanos:x}-{length:x}\""), date::format(modified));
    let fields =
        format!("Content-Type: {kind}\r\nLast-Modified: {modified}\r\nETag: {etag}\r\nAccept-Ranges: bytes\r\n");
    let length_field = format!("Content-Length: {length}\r\n\r\n");
    Ok(Found { file, length, content, etag, modified, fields, length_field })
}
