//! One question to one thread at a time, and the handler that answers it.

use std::io;
use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicU32, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::signal;
use super::thread::Stack;
use crate::sys::errno;

/// A thread that runs, or waits where a signal can end the wait, answers in microseconds.
const PATIENCE: Duration = Duration::from_millis(250);
/// How much of a stack is copied at the most, in words: half a mebibyte. What lies beyond is the outermost frames.
const MOST: usize = 64 * 1024;

/// What is being asked. The lower two bits say how far it is, the others are the number of the thread.
static STATE: AtomicU32 = AtomicU32::new(FREE);
const FREE: u32 = 0;
/// Somebody prepares a question. No thread has number zero.
const TAKEN: u32 = 3;
const ASKED: u32 = 1;
const COPYING: u32 = 2;
const ANSWERED: u32 = 3;

/// Valid from `ASKED` to `ANSWERED`.
static LOW: AtomicUsize = AtomicUsize::new(0);
static HIGH: AtomicUsize = AtomicUsize::new(0);
static WORDS: AtomicPtr<usize> = AtomicPtr::new(ptr::null_mut());
static ROOM: AtomicUsize = AtomicUsize::new(0);
/// Valid at `ANSWERED`.
static REGISTERS: [AtomicUsize; 4] = [const { AtomicUsize::new(0) }; 4];
static COPIED: AtomicUsize = AtomicUsize::new(0);

/// Where a thread was, and the stack that it had then.
#[derive(Debug)]
pub(crate) struct Sample {
    pub(crate) program_counter: usize,
    pub(crate) stack_pointer: usize,
    pub(crate) frame_pointer: usize,
    /// Where this function returns to, where the machine has a register for that.
    #[cfg_attr(target_arch = "x86_64", expect(dead_code, reason = "it stands on the stack"))]
    pub(crate) link: usize,
    /// From the first whole word at the stack pointer on. Empty: the thread is on a stack that is not its own.
    stack: Vec<usize>,
    /// There is more of it than was copied.
    pub(crate) cut: bool,
}

impl Sample {
    /// What stood at an address of the stack.
    pub(crate) fn word(&self, address: usize) -> Option<usize> {
        let offset = address.checked_sub(first_word(self.stack_pointer))?;
        self.stack.get(offset / size_of::<usize>()).copied().filter(|_| offset % size_of::<usize>() == 0)
    }
}

/// Asks another thread, which must live until this returns.
pub(crate) fn sample(of: &Stack) -> io::Result<Sample> {
    let thread = u32::try_from(of.thread).map_err(io::Error::other)?;
    let signal = signal::claim(of.thread)?;
    let turn = Turn::take()?;
    let room = ((of.high - of.low) / size_of::<usize>()).min(MOST);
    let mut words = vec![0; room];
    LOW.store(of.low, Ordering::Relaxed);
    HIGH.store(of.high, Ordering::Relaxed);
    WORDS.store(words.as_mut_ptr(), Ordering::Relaxed);
    ROOM.store(room, Ordering::Relaxed);
    let state = |phase| thread << 2 | phase;
    // Release: a handler that sees the question sees what belongs to it.
    STATE.store(state(ASKED), Ordering::Release);
    let answered = send(thread, signal).map(|()| turn.wait(state));
    match answered {
        Ok(true) => {}
        // It may begin to answer at this moment, and then has the words until it has done so.
        Ok(false) | Err(_) if turn.take_back(state) => {
            return Err(answered.err().unwrap_or_else(|| io::ErrorKind::TimedOut.into()));
        }
        Ok(false) | Err(_) => {}
    }
    words.truncate(COPIED.load(Ordering::Relaxed));
    let [program_counter, stack_pointer, frame_pointer, link] =
        [0, 1, 2, 3].map(|index: usize| REGISTERS[index].load(Ordering::Relaxed));
    let cut = words.len() == MOST;
    Ok(Sample { program_counter, stack_pointer, frame_pointer, link, stack: words, cut })
}

/// The right to ask; given back on drop.
struct Turn;

impl Turn {
    fn take() -> io::Result<Self> {
        let until = Instant::now() + PATIENCE;
        loop {
            match STATE.compare_exchange(FREE, TAKEN, Ordering::Acquire, Ordering::Relaxed) {
                Ok(_) => return Ok(Self),
                Err(state) if Instant::now() < until => wait(state, until),
                Err(_) => return Err(io::Error::other("another thread is being asked all the while")),
            }
        }
    }

    /// False: the time is over.
    fn wait(&self, state: impl Fn(u32) -> u32) -> bool {
        let until = Instant::now() + PATIENCE;
        loop {
            let now = STATE.load(Ordering::Acquire);
            if now == state(ANSWERED) {
                return true;
            }
            if Instant::now() >= until {
                return false;
            }
            wait(now, until);
        }
    }

    /// False: it was answered after all.
    fn take_back(&self, state: impl Fn(u32) -> u32) -> bool {
        if STATE.compare_exchange(state(ASKED), TAKEN, Ordering::Acquire, Ordering::Acquire).is_ok() {
            return true;
        }
        // The handler runs, and comes to its end.
        while STATE.load(Ordering::Acquire) != state(ANSWERED) {
            wait(state(COPYING), Instant::now() + PATIENCE);
        }
        false
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        STATE.store(FREE, Ordering::Release);
        wake();
    }
}

/// Runs on the thread that is asked, at any moment: only atomics, copying, `gettid` and `futex`.
pub(super) extern "C" fn on_signal(_: libc::c_int, _: *mut libc::siginfo_t, context: *mut libc::c_void) {
    errno::kept(|| {
        // SAFETY: the call cannot fail.
        let thread = unsafe { libc::gettid() }.unsigned_abs();
        let copying = thread << 2 | COPYING;
        // Else the question was taken back, or the signal is nobody's question.
        if STATE.compare_exchange(thread << 2 | ASKED, copying, Ordering::Acquire, Ordering::Relaxed).is_err() {
            return;
        }
        // SAFETY: the system gives each handler with SA_SIGINFO what the thread was doing.
        let registers = registers(unsafe { &*context.cast::<libc::ucontext_t>() });
        for (place, value) in REGISTERS.iter().zip(registers) {
            place.store(value, Ordering::Relaxed);
        }
        COPIED.store(copy_from(registers[1]), Ordering::Relaxed);
        STATE.store(thread << 2 | ANSWERED, Ordering::Release);
        wake();
    });
}

/// The address of the first whole word at or above this one.
fn first_word(address: usize) -> usize {
    address.wrapping_add(size_of::<usize>() - 1) & !(size_of::<usize>() - 1)
}

/// Copies the stack from this address on; how many words that were.
fn copy_from(stack_pointer: usize) -> usize {
    let (low, high) = (LOW.load(Ordering::Relaxed), HIGH.load(Ordering::Relaxed));
    let from = first_word(stack_pointer);
    if !(low..high).contains(&from) {
        return 0;
    }
    let count = ((high - from) / size_of::<usize>()).min(ROOM.load(Ordering::Relaxed));
    let to = WORDS.load(Ordering::Relaxed);
    for index in 0..count {
        let word = ptr::with_exposed_provenance::<usize>(from + index * size_of::<usize>());
        // SAFETY: it is a word of this thread's own stack, between its pointer and its beginning: mapped, and written by
        // nobody else while this handler runs. Volatile, for no variable that the compiler knows stands there.
        let word = unsafe { word.read_volatile() };
        // SAFETY: the vector of whoever asks has room for so many, and is not touched until this is answered.
        unsafe { to.wrapping_add(index).write(word) };
    }
    count
}

/// Program counter, stack pointer, frame pointer, link register.
#[cfg(target_arch = "x86_64")]
fn registers(context: &libc::ucontext_t) -> [usize; 4] {
    let register = |number: libc::c_int| context.uc_mcontext.gregs[number as usize] as usize;
    [register(libc::REG_RIP), register(libc::REG_RSP), register(libc::REG_RBP), 0]
}

/// Program counter, stack pointer, frame pointer, link register.
#[cfg(target_arch = "aarch64")]
fn registers(context: &libc::ucontext_t) -> [usize; 4] {
    let machine = &context.uc_mcontext;
    [machine.pc as usize, machine.sp as usize, machine.regs[29] as usize, machine.regs[30] as usize]
}

fn send(thread: u32, signal: i32) -> io::Result<()> {
    // SAFETY: the call takes numbers, and its handler is installed.
    let result = unsafe { libc::syscall(libc::SYS_tgkill, std::process::id(), thread, signal) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Sleeps while the state is this, and no longer than until then.
fn wait(state: u32, until: Instant) {
    // Less than a second always.
    let left = until.saturating_duration_since(Instant::now()).subsec_nanos();
    let time = libc::timespec { tv_sec: 0, tv_nsec: left.into() };
    let operation = libc::FUTEX_WAIT | libc::FUTEX_PRIVATE_FLAG;
    // SAFETY: the word and the time live through the call. However it ends, the caller looks at the word again.
    unsafe { libc::syscall(libc::SYS_futex, STATE.as_ptr(), operation, state, &raw const time) };
}

/// Wakes all that sleep in [`wait`].
fn wake() {
    let operation = libc::FUTEX_WAKE | libc::FUTEX_PRIVATE_FLAG;
    // SAFETY: the word lives for ever.
    unsafe { libc::syscall(libc::SYS_futex, STATE.as_ptr(), operation, i32::MAX) };
}
