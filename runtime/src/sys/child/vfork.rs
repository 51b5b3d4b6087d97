//! Children of a program that has one thread: born in this process's memory, on a stack that is kept for the next one.
//!
//! That is what `posix_spawn` does too, for everybody: so it maps a stack for each child and unmaps it, and the child's
//! descriptor takes another call. Both are a sixth of what a child costs its parent.
//!
//! One thread, because the system reads the environment while the child is born, and only std's own lock, which nobody
//! else can take, keeps other threads from changing it.

use std::convert::Infallible;
use std::ffi::{CStr, OsString};
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::ptr;
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use super::prepare::check;
use super::spawn::{Refusal, places, text};
use super::{Order, Preparation, Stream};
use crate::sys::signals;

/// The child's exit code if its program does not run. Nobody asks for it.
const NO_PROGRAM: libc::c_int = 127;

/// Starts the child; its number and its descriptor, if the system knows those. `None` if another way has to be taken.
pub(super) fn start(order: &Order) -> io::Result<Option<(libc::pid_t, Option<OwnedFd>)>> {
    if !is_for_us(order) || !has_one_thread() {
        return Ok(None);
    }
    let folder = order.cwd.as_ref().map(|folder| text(folder.as_os_str())).transpose()?;
    let names = std::iter::once(order.name.as_ref().unwrap_or(&order.executable));
    let texts = joined(names.chain(&order.args))?;
    let mut args = Vec::with_capacity(order.args.len() + 2);
    args.extend(texts.split_inclusive(|byte| *byte == 0).map(|text| text.as_ptr().cast()).chain([ptr::null()]));
    let places = if order.executable.as_bytes().contains(&b'/') {
        joined(std::iter::once(&order.executable))?
    } else {
        places(order)?.iter().flat_map(|place| place.to_bytes_with_nul()).copied().collect()
    };
    let mut copies = Vec::new();
    let mut streams = [Place::Stays; 3];
    for (place, stream) in streams.iter_mut().zip(&order.streams) {
        *place = Place::of(stream, &mut copies)?;
    }
    let plan = Plan {
        streams,
        folder: folder.as_deref(),
        starts_session: order.preparation.start_new_session,
        group: order.group,
        places: &places,
        args: &args,
        // SAFETY: the library's own variable; nobody writes to it, as there is no other thread.
        env: unsafe { environ },
        error: AtomicI32::new(0),
    };
    plan.bear()
}

/// Texts in one piece, each with a NUL at its end. Memory in many pieces would cost more than the rest of what is done here.
fn joined<'a>(texts: impl Iterator<Item = &'a OsString> + Clone) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(texts.clone().map(|text| text.len() + 1).sum());
    for text in texts {
        if text.as_bytes().contains(&0) {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "a text for a program has a NUL in it"));
        }
        bytes.extend_from_slice(text.as_bytes());
        bytes.push(0);
    }
    Ok(bytes)
}

unsafe extern "C" {
    static environ: *const *const libc::c_char;
}

fn is_for_us(order: &Order) -> bool {
    let Preparation { start_new_session, umask, user, group, extra_groups, pass_fds, pre_exec } = &order.preparation;
    let has_rights = [umask, user, group].into_iter().any(Option::is_some) || extra_groups.is_some();
    // A group after a session of its own is an error, which std gives.
    let is_mistaken = *start_new_session && order.group.is_some();
    !has_rights && !is_mistaken && pass_fds.is_empty() && pre_exec.is_none() && order.env.is_none()
}

/// Whether this is certainly the only thread: newer versions of glibc know.
fn has_one_thread() -> bool {
    static FLAG: OnceLock<Option<&'static libc::c_char>> = OnceLock::new();
    let flag = FLAG.get_or_init(|| {
        // SAFETY: the name ends in NUL.
        let flag = unsafe { libc::dlsym(libc::RTLD_DEFAULT, c"__libc_single_threaded".as_ptr()) };
        // SAFETY: it is null, or the library's variable of this name and type, which stays as long as the process.
        unsafe { flag.cast::<libc::c_char>().as_ref() }
    });
    // SAFETY: it is valid. Who changes it does so where threads begin and end, and if there are others it was false
    // before they began.
    flag.is_some_and(|flag| unsafe { ptr::from_ref(flag).read_volatile() } != 0)
}

/// What becomes of one standard stream.
#[derive(Clone, Copy)]
enum Place {
    Stays,
    /// The device that has nothing to read, and takes everything.
    Null,
    Is(RawFd),
}

impl Place {
    /// Below 3 a descriptor would be in the way of the streams that are put there, so it is copied.
    fn of(stream: &Stream, copies: &mut Vec<OwnedFd>) -> io::Result<Self> {
        match stream {
            Stream::Inherit => Ok(Self::Stays),
            Stream::Null => Ok(Self::Null),
            Stream::File(file) if file.as_raw_fd() > libc::STDERR_FILENO => Ok(Self::Is(file.as_raw_fd())),
            Stream::File(file) => {
                let copy: OwnedFd = file.try_clone()?;
                let place = Self::Is(copy.as_raw_fd());
                copies.push(copy);
                Ok(place)
            }
        }
    }
}

/// What the child does until its program runs. All memory that it needs for that is there before it is born.
struct Plan<'a> {
    streams: [Place; 3],
    folder: Option<&'a CStr>,
    starts_session: bool,
    group: Option<libc::pid_t>,
    /// Where the program may be: texts, each of which ends in NUL.
    places: &'a [u8],
    /// Ends in null, as does the environment.
    args: &'a [*const libc::c_char],
    env: *const *const libc::c_char,
    /// Why the program does not run: the child writes it into the memory that it shares with its parent.
    error: AtomicI32,
}

impl Plan<'_> {
    fn bear(&self) -> io::Result<Option<(libc::pid_t, Option<OwnedFd>)>> {
        static STACK: Mutex<Option<Stack>> = Mutex::new(None);
        let mut stack = STACK.lock().unwrap_or_else(PoisonError::into_inner);
        let stack = match &mut *stack {
            Some(stack) => stack,
            none => none.insert(Stack::new()?),
        };
        let mut descriptor: RawFd = -1;
        let flags = libc::CLONE_VM | libc::CLONE_VFORK | libc::CLONE_PIDFD | libc::SIGCHLD;
        let (top, plan) = (stack.top(), ptr::from_ref(self).cast_mut().cast());
        let pid = without_signals(|| {
            // SAFETY: the child runs `run` on a stack of its own, which nobody else uses while the lock is held, and
            // with the plan, which lives until this returns: the system lets this thread go on only when the child has
            // its program or is gone. What `run` does in the memory that both share is told there.
            let pid = unsafe { libc::clone(run, top, flags, plan, &raw mut descriptor) };
            if pid < 0 { Err(io::Error::last_os_error()) } else { Ok(pid) }
        });
        let pid = match pid? {
            Ok(pid) => pid,
            // A system, or a cage, that does not know these words.
            Err(error) if matches!(error.raw_os_error(), Some(libc::EINVAL | libc::ENOSYS | libc::EPERM)) => {
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        // SAFETY: the system has just given it out, to nobody else.
        let descriptor = (descriptor >= 0).then(|| unsafe { OwnedFd::from_raw_fd(descriptor) });
        match self.error.load(Ordering::Relaxed) {
            0 => Ok(Some((pid, descriptor))),
            error => {
                // SAFETY: a null pointer asks for no status. The child has ended, so this does not wait.
                unsafe { libc::waitpid(pid, ptr::null_mut(), 0) };
                Err(io::Error::from_raw_os_error(error))
            }
        }
    }

    /// In the child. As std and Python do it: the signals and the group first, then what the program has open.
    fn fulfil(&self) -> io::Result<Infallible> {
        default_actions();
        if self.starts_session {
            // SAFETY: no argument.
            check(unsafe { libc::setsid() })?;
        }
        if let Some(group) = self.group {
            // SAFETY: numbers.
            check(unsafe { libc::setpgid(0, group) })?;
        }
        if let Some(folder) = self.folder {
            // SAFETY: the text ends in NUL.
            check(unsafe { libc::chdir(folder.as_ptr()) })?;
        }
        for (fd, place) in (0..).zip(self.streams) {
            match place {
                Place::Stays => {}
                Place::Is(file) => {
                    // SAFETY: numbers; the file is open, and the copy stays open in the program.
                    check(unsafe { libc::dup2(file, fd) })?;
                }
                Place::Null => put_nothing(fd)?,
            }
        }
        let nothing = signals::no_signals();
        // SAFETY: the set is valid; a null pointer asks for no former one.
        unsafe { libc::sigprocmask(libc::SIG_SETMASK, &raw const nothing, ptr::null_mut()) };
        self.run_program()
    }

    /// Looks for the program in all places. Returns if it is in none.
    fn run_program(&self) -> io::Result<Infallible> {
        let mut refusal = Refusal::default();
        let mut rest = self.places;
        while let Ok(place) = CStr::from_bytes_until_nul(rest) {
            rest = rest.get(place.count_bytes() + 1..).unwrap_or_default();
            // SAFETY: the place ends in NUL, and both lists of texts in null.
            unsafe { libc::execve(place.as_ptr(), self.args.as_ptr(), self.env) };
            refusal.add(io::Error::last_os_error())?;
        }
        Err(refusal.0)
    }
}

/// What the child runs, in its parent's memory: system calls, and writes to its own stack and to `error`, nothing else.
/// It takes no lock and allocates nothing, since it could not give back what its parent has.
extern "C" fn run(plan: *mut libc::c_void) -> libc::c_int {
    // SAFETY: the parent waits, and keeps its plan meanwhile.
    let plan = unsafe { &*plan.cast::<Plan<'_>>() };
    let Err(error) = plan.fulfil();
    plan.error.store(error.raw_os_error().unwrap_or(libc::EINVAL), Ordering::Relaxed);
    // SAFETY: ends the child without running anything of its parent's.
    unsafe { libc::_exit(NO_PROGRAM) }
}

/// What the parent has handlers for is as it was before: they would run in its memory. As std starts children, SIGPIPE is
/// not ignored either: Rust's programs do that, others do not expect it.
fn default_actions() {
    for signal in 1..=libc::SIGRTMAX() {
        let Ok(mut action) = signals::action(signal) else { continue };
        let is_default = action.sa_sigaction == libc::SIG_DFL;
        if !is_default && (action.sa_sigaction != libc::SIG_IGN || signal == libc::SIGPIPE) {
            action.sa_sigaction = libc::SIG_DFL;
            // The default is possible for everything that could be changed.
            let _ = signals::set_action(signal, &action);
        }
    }
}

/// Opens the device that has nothing to read, and takes everything.
fn put_nothing(place: RawFd) -> io::Result<()> {
    let mode = if place == libc::STDIN_FILENO { libc::O_RDONLY } else { libc::O_WRONLY };
    // SAFETY: the text ends in NUL.
    let fd = unsafe { libc::open(c"/dev/null".as_ptr(), mode) };
    check(fd)?;
    if fd != place {
        // SAFETY: numbers.
        check(unsafe { libc::dup2(fd, place) })?;
        // SAFETY: it is open, and the child's own.
        unsafe { libc::close(fd) };
    }
    Ok(())
}

/// Calls `f` while this thread takes no signal: a handler that the child began to run would do so in this memory.
fn without_signals<T>(f: impl FnOnce() -> T) -> io::Result<T> {
    let (mut all, mut before) = (signals::no_signals(), signals::no_signals());
    // SAFETY: the set is valid.
    unsafe { libc::sigfillset(&raw mut all) };
    // SAFETY: both sets are valid, and live through the call, which writes to the second.
    check(unsafe { libc::sigprocmask(libc::SIG_BLOCK, &raw const all, &raw mut before) })?;
    let result = f();
    // SAFETY: the set is what the system gave out above.
    unsafe { libc::sigprocmask(libc::SIG_SETMASK, &raw const before, ptr::null_mut()) };
    Ok(result)
}

/// The stack of a child that is being born.
struct Stack(*mut libc::c_void);

// SAFETY: memory of the process, which belongs to no thread.
unsafe impl Send for Stack {}

impl Stack {
    /// Ample for the few calls that are made on it.
    const SIZE: usize = 64 * 1024;
    /// Below it, and larger than any page: whoever exceeds it ends, instead of writing to other memory.
    const GUARD: usize = 64 * 1024;

    fn new() -> io::Result<Self> {
        let (access, kind) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
        // SAFETY: new memory, at an address that the system chooses.
        let memory = unsafe { libc::mmap(ptr::null_mut(), Self::GUARD + Self::SIZE, access, kind, -1, 0) };
        if memory == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: its lower part, which nobody uses.
        check(unsafe { libc::mprotect(memory, Self::GUARD, libc::PROT_NONE) })?;
        Ok(Self(memory))
    }

    /// Where it begins: it grows downwards.
    fn top(&self) -> *mut libc::c_void {
        // SAFETY: the end of the memory that `new` has mapped.
        unsafe { self.0.byte_add(Self::GUARD + Self::SIZE) }
    }
}
