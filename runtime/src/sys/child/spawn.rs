//! `posix_spawn` for options that std would `fork` for: a new session, descriptors to pass, another environment.
//!
//! What neither of the two can do without a fork is left to std: [`start`] says so.

use std::collections::BTreeMap;
use std::env;
use std::ffi::{CStr, CString, OsStr, OsString};
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;
use std::ptr;
use std::sync::OnceLock;

use super::{Order, Preparation, Stream};
use crate::sys::signals::no_signals;

/// Where a program is looked for if there is no `PATH`.
const PATH: &str = "/bin:/usr/bin";

/// Starts the child; `None` if another way has to be taken.
pub(super) fn start(order: &Order) -> io::Result<Option<libc::pid_t>> {
    if !is_for_us(order) {
        return Ok(None);
    }
    let mut actions = Actions::new()?;
    if let Some(cwd) = &order.cwd {
        actions.change_folder(&text(cwd.as_os_str())?)?;
    }
    // Below 3 a descriptor would be in the way of the streams that are put there.
    let mut copies = Vec::new();
    for (fd, stream) in (0..).zip(&order.streams) {
        match stream {
            Stream::Inherit => {}
            Stream::Null => actions.open_null(fd)?,
            Stream::File(file) if file.as_raw_fd() > libc::STDERR_FILENO => actions.put(file.as_raw_fd(), fd)?,
            Stream::File(file) => {
                let copy: OwnedFd = file.try_clone()?;
                actions.put(copy.as_raw_fd(), fd)?;
                copies.push(copy);
            }
        }
    }
    for fd in &order.preparation.pass_fds {
        // Onto itself, which has the system keep it.
        actions.put(*fd, *fd)?;
    }
    let attributes = Attributes::new(order)?;
    let name = order.name.as_ref().unwrap_or(&order.executable);
    let args = std::iter::once(name).chain(&order.args).map(|arg| text(arg)).collect::<io::Result<Vec<_>>>()?;
    let env = environment(order)?;
    let (args, env) = (pointers(&args), pointers(&env));
    let spawn = |path: &CStr| {
        let mut pid = 0;
        // SAFETY: the path ends in NUL, both lists in null; they, the actions and the attributes live through the call.
        let code = unsafe {
            libc::posix_spawn(&raw mut pid, path.as_ptr(), &actions.0, &attributes.0, args.as_ptr(), env.as_ptr())
        };
        check(code).map(|()| pid)
    };
    find(order, spawn).map(Some)
}

fn is_for_us(order: &Order) -> bool {
    let Preparation { start_new_session, umask, user, group, extra_groups, pass_fds, pre_exec } = &order.preparation;
    let needs_fork = [umask, user, group].into_iter().any(|number| number.is_some())
        || extra_groups.is_some()
        || pre_exec.is_some()
        // One after the other is an error, which std gives.
        || (*start_new_session && order.group.is_some());
    let needs_us = *start_new_session || !pass_fds.is_empty() || order.env.is_some();
    let needs_new_library = order.cwd.is_some() || !pass_fds.is_empty();
    needs_us && !needs_fork && (!needs_new_library || change_folder().is_some())
}

/// Tries the places where the program may be.
fn find(order: &Order, spawn: impl Fn(&CStr) -> io::Result<libc::pid_t>) -> io::Result<libc::pid_t> {
    let mut refusal = Refusal::default();
    let places = places(order)?;
    let is_sure = places.len() == 1;
    for place in places {
        // Looking is cheaper than starting a child in vain.
        let found = if !is_sure && place.to_bytes().starts_with(b"/") { look(&place) } else { Ok(()) };
        match found.and_then(|()| spawn(&place)) {
            Err(error) => refusal.add(error)?,
            result => return result,
        }
    }
    Err(refusal.0)
}

/// Why the program is in none of the places so far. That it is in one of them and may not be run says most.
pub(super) struct Refusal(pub(super) io::Error);

impl Refusal {
    /// It is not in one more. The error, if looking further makes no sense.
    pub(super) fn add(&mut self, error: io::Error) -> io::Result<()> {
        match error.raw_os_error() {
            Some(libc::ENOENT | libc::ENOTDIR) if self.0.raw_os_error() == Some(libc::EACCES) => {}
            Some(libc::ENOENT | libc::ENOTDIR | libc::EACCES) => self.0 = error,
            _ => return Err(error),
        }
        Ok(())
    }
}

impl Default for Refusal {
    fn default() -> Self {
        Self(io::Error::from_raw_os_error(libc::ENOENT))
    }
}

/// Where the program may be: for a name without a slash in the folders of the child's `PATH`, in their order.
pub(super) fn places(order: &Order) -> io::Result<Vec<CString>> {
    let program = order.executable.as_bytes();
    if program.contains(&b'/') || program.is_empty() {
        return Ok(vec![text(&order.executable)?]);
    }
    let path = match &order.env {
        Some(env) => env.iter().rev().find(|(name, _)| name == "PATH").map(|(_, value)| value.clone()),
        None => env::var_os("PATH"),
    };
    let path = path.unwrap_or_else(|| PATH.into());
    let place = |folder: PathBuf| {
        let place = folder.join(OsStr::from_bytes(program));
        // A relative one counts from the child's folder.
        text(if place.is_absolute() { place } else { PathBuf::from(".").join(place) }.as_os_str())
    };
    env::split_paths(&path).map(place).collect()
}

/// Whether it may be run.
fn look(place: &CStr) -> io::Result<()> {
    // SAFETY: the text ends in NUL, and lives through the call.
    let result = unsafe { libc::access(place.as_ptr(), libc::X_OK) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// The child's environment, each name once.
fn environment(order: &Order) -> io::Result<Vec<CString>> {
    let variables: BTreeMap<OsString, OsString> = match &order.env {
        Some(env) => env.iter().cloned().collect(),
        // std reads it under its lock.
        None => env::vars_os().collect(),
    };
    let line = |(name, value): (OsString, OsString)| {
        let mut line = name.into_vec();
        line.push(b'=');
        line.extend_from_slice(value.as_bytes());
        Ok(CString::new(line)?)
    };
    variables.into_iter().map(line).collect()
}

pub(super) fn text(text: &OsStr) -> io::Result<CString> {
    Ok(CString::new(text.as_bytes())?)
}

/// A list that ends in null, as long as `texts` lives.
fn pointers(texts: &[CString]) -> Vec<*mut libc::c_char> {
    texts.iter().map(|text| text.as_ptr().cast_mut()).chain([ptr::null_mut()]).collect()
}

fn check(code: libc::c_int) -> io::Result<()> {
    if code == 0 { Ok(()) } else { Err(io::Error::from_raw_os_error(code)) }
}

/// What happens to the child's descriptors, in order.
struct Actions(libc::posix_spawn_file_actions_t);

impl Actions {
    fn new() -> io::Result<Self> {
        let mut actions = MaybeUninit::uninit();
        // SAFETY: there is room for what the call makes.
        check(unsafe { libc::posix_spawn_file_actions_init(actions.as_mut_ptr()) })?;
        // SAFETY: the call has made it. The library lets it be moved: it is a count and a pointer.
        Ok(Self(unsafe { actions.assume_init() }))
    }

    fn put(&mut self, fd: RawFd, place: RawFd) -> io::Result<()> {
        // SAFETY: the list was made; the rest are numbers.
        check(unsafe { libc::posix_spawn_file_actions_adddup2(&raw mut self.0, fd, place) })
    }

    fn open_null(&mut self, fd: RawFd) -> io::Result<()> {
        let mode = if fd == libc::STDIN_FILENO { libc::O_RDONLY } else { libc::O_WRONLY };
        // SAFETY: the list was made, and copies the text.
        check(unsafe { libc::posix_spawn_file_actions_addopen(&raw mut self.0, fd, c"/dev/null".as_ptr(), mode, 0) })
    }

    fn change_folder(&mut self, folder: &CStr) -> io::Result<()> {
        let change = change_folder().ok_or(io::ErrorKind::Unsupported)?;
        // SAFETY: the list was made, and copies the text, which ends in NUL.
        check(unsafe { change(&raw mut self.0, folder.as_ptr()) })
    }
}

impl Drop for Actions {
    fn drop(&mut self) {
        // SAFETY: it was made, and is not used any more.
        unsafe { libc::posix_spawn_file_actions_destroy(&raw mut self.0) };
    }
}

type ChangeFolder = unsafe extern "C" fn(*mut libc::posix_spawn_file_actions_t, *const libc::c_char) -> libc::c_int;

/// A function of newer C libraries only. Since the same version of glibc a descriptor can be put onto itself.
fn change_folder() -> Option<ChangeFolder> {
    static FOUND: OnceLock<Option<ChangeFolder>> = OnceLock::new();
    *FOUND.get_or_init(|| {
        // SAFETY: the name ends in NUL.
        let found = unsafe { libc::dlsym(libc::RTLD_DEFAULT, c"posix_spawn_file_actions_addchdir_np".as_ptr()) };
        // SAFETY: it is null, which is `None`, or the function of this name, whose type is this.
        unsafe { std::mem::transmute::<*mut libc::c_void, Option<ChangeFolder>>(found) }
    })
}

/// What kind of process the child is.
struct Attributes(libc::posix_spawnattr_t);

impl Attributes {
    fn new(order: &Order) -> io::Result<Self> {
        let mut attributes = MaybeUninit::uninit();
        // SAFETY: there is room for what the call makes.
        check(unsafe { libc::posix_spawnattr_init(attributes.as_mut_ptr()) })?;
        // SAFETY: the call has made it. The library lets it be moved: it is plain numbers.
        let mut attributes = Self(unsafe { attributes.assume_init() });
        let this = &raw mut attributes.0;
        let mut flags = libc::POSIX_SPAWN_SETSIGDEF | libc::POSIX_SPAWN_SETSIGMASK;
        if order.preparation.start_new_session {
            flags |= libc::c_int::from(libc::POSIX_SPAWN_SETSID);
        }
        if let Some(group) = order.group {
            flags |= libc::POSIX_SPAWN_SETPGROUP;
            // SAFETY: it was made; the rest is a number.
            check(unsafe { libc::posix_spawnattr_setpgroup(this, group) })?;
        }
        // As std starts children: Rust's programs ignore SIGPIPE, others do not expect that.
        let mut deadly = no_signals();
        // SAFETY: the set is valid.
        unsafe { libc::sigaddset(&raw mut deadly, libc::SIGPIPE) };
        // SAFETY: it was made, and copies the set.
        check(unsafe { libc::posix_spawnattr_setsigdefault(this, &raw const deadly) })?;
        let blocked = no_signals();
        // SAFETY: as above.
        check(unsafe { libc::posix_spawnattr_setsigmask(this, &raw const blocked) })?;
        let flags = libc::c_short::try_from(flags).expect("they are few");
        // SAFETY: it was made; the rest is a number.
        check(unsafe { libc::posix_spawnattr_setflags(this, flags) })?;
        Ok(attributes)
    }
}

impl Drop for Attributes {
    fn drop(&mut self) {
        // SAFETY: it was made, and is not used any more.
        unsafe { libc::posix_spawnattr_destroy(&raw mut self.0) };
    }
}
