//! Which system call a thread is in, as the kernel says: seen from outside, so nothing is done to the thread.

/// What a thread does at the moment.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "no other system tells"))]
pub(crate) enum Doing {
    /// It runs on a processor, or waits for one.
    Runs,
    /// It waits in this system call: "nanosleep", "read of descriptor 7".
    Call(String),
}

/// What a thread of a process does; `None` where the system does not tell.
#[cfg(target_os = "linux")]
pub(crate) fn doing(process: u32, thread: usize) -> Option<Doing> {
    let text = std::fs::read_to_string(format!("/proc/{process}/task/{thread}/syscall")).ok()?;
    parse(&text)
}

/// What a thread of a process does; not on this system.
#[cfg(not(target_os = "linux"))]
pub(crate) fn doing(_process: u32, _thread: usize) -> Option<Doing> {
    None
}

/// The kernel's line: "running", or the number of the call, its arguments, and two addresses. The number −1 is a wait
/// that is no call, such as that for a page of memory.
#[cfg(target_os = "linux")]
fn parse(text: &str) -> Option<Doing> {
    let mut words = text.split_whitespace();
    let first = words.next()?;
    if first == "running" {
        return Some(Doing::Runs);
    }
    let number: i64 = first.parse().ok()?;
    if number < 0 {
        return None;
    }
    let of_descriptor = DESCRIPTOR_CALLS.iter().find(|(other, _)| *other == number);
    let argument = words.next().and_then(|word| u64::from_str_radix(word.trim_start_matches("0x"), 16).ok());
    if let (Some((_, name)), Some(fd)) = (of_descriptor, argument) {
        // The kernel takes the lower half.
        return Some(Doing::Call(format!("{name} of descriptor {}", fd as u32)));
    }
    let other = OTHER_CALLS.iter().find(|(other, _)| *other == number);
    Some(Doing::Call(other.map_or_else(|| format!("number {number}"), |(_, name)| (*name).to_owned())))
}

#[cfg(target_os = "linux")]
macro_rules! calls {
    ($($(#[$only:meta])? $number:ident $name:literal,)*) => {
        &[$($(#[$only])? (libc::$number, $name),)*]
    };
}

/// Those that wait for what stands behind their first argument.
#[cfg(target_os = "linux")]
const DESCRIPTOR_CALLS: &[(i64, &str)] = calls! {
    SYS_accept "accept",
    SYS_accept4 "accept",
    SYS_close "close",
    SYS_connect "connect",
    SYS_copy_file_range "copy_file_range",
    SYS_epoll_pwait "epoll_wait",
    #[cfg(target_arch = "x86_64")] SYS_epoll_wait "epoll_wait",
    SYS_fallocate "fallocate",
    SYS_fcntl "fcntl",
    SYS_fdatasync "fdatasync",
    SYS_flock "flock",
    SYS_fsync "fsync",
    SYS_ftruncate "ftruncate",
    SYS_getdents64 "getdents",
    SYS_io_uring_enter "io_uring_enter",
    SYS_ioctl "ioctl",
    SYS_pread64 "pread",
    SYS_preadv "preadv",
    SYS_pwrite64 "pwrite",
    SYS_pwritev "pwritev",
    SYS_read "read",
    SYS_readv "readv",
    SYS_recvfrom "recv",
    SYS_recvmmsg "recvmmsg",
    SYS_recvmsg "recvmsg",
    SYS_sendfile "sendfile",
    SYS_sendmmsg "sendmmsg",
    SYS_sendmsg "sendmsg",
    SYS_sendto "send",
    SYS_splice "splice",
    SYS_write "write",
    SYS_writev "writev",
};

/// Others that may take their time.
#[cfg(target_os = "linux")]
const OTHER_CALLS: &[(i64, &str)] = calls! {
    SYS_clock_nanosleep "nanosleep",
    SYS_execve "execve",
    SYS_futex "futex, as for a mutex, a condition or the end of a thread",
    SYS_getrandom "getrandom",
    SYS_linkat "link",
    SYS_mkdirat "mkdir",
    SYS_mmap "mmap",
    SYS_msync "msync",
    SYS_munmap "munmap",
    SYS_nanosleep "nanosleep",
    #[cfg(target_arch = "x86_64")] SYS_open "open",
    SYS_openat "open",
    #[cfg(target_arch = "x86_64")] SYS_pause "pause",
    #[cfg(target_arch = "x86_64")] SYS_poll "poll",
    SYS_ppoll "poll",
    SYS_pselect6 "select",
    #[cfg(target_arch = "x86_64")] SYS_rename "rename",
    SYS_renameat2 "rename",
    SYS_rt_sigsuspend "sigsuspend",
    SYS_rt_sigtimedwait "sigtimedwait",
    #[cfg(target_arch = "x86_64")] SYS_select "select",
    #[cfg(target_arch = "x86_64")] SYS_stat "stat",
    SYS_statx "stat",
    SYS_sync "sync",
    #[cfg(target_arch = "x86_64")] SYS_unlink "unlink",
    SYS_unlinkat "unlink",
    SYS_wait4 "wait for a child",
    SYS_waitid "wait for a child",
};

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_s_line_becomes_words() {
        let call = |text: &str| Some(Doing::Call(text.to_owned()));
        assert_eq!(parse("running\n"), Some(Doing::Runs));
        let line = |number: i64| format!("{number} 0x7 0x7ffd 0x10 0x0 0x0 0x0 0x7ffd8 0x7f1e\n");
        assert_eq!(parse(&line(libc::SYS_clock_nanosleep)), call("nanosleep"));
        assert_eq!(parse(&line(libc::SYS_read)), call("read of descriptor 7"));
        assert_eq!(parse(&line(100_000)), call("number 100000"));
        assert_eq!(parse("-1 0x7ffd 0x7f1e\n"), None);
        assert_eq!((parse(""), parse("what?")), (None, None));
    }

    #[test]
    fn a_thread_that_sleeps_is_seen_and_one_that_is_gone_is_not() {
        let (sender, receiver) = std::sync::mpsc::channel();
        let (end, ended) = std::sync::mpsc::channel::<()>();
        let thread = std::thread::spawn(move || {
            sender.send(super::super::thread_number()).unwrap();
            assert!(ended.recv().is_err());
        });
        let number = receiver.recv().unwrap();
        let expected = "futex, as for a mutex, a condition or the end of a thread";
        // It may not have come to its wait yet.
        while doing(std::process::id(), number) != Some(Doing::Call(expected.to_owned())) {
            std::thread::yield_now();
        }
        drop(end);
        thread.join().unwrap();
        assert_eq!(doing(std::process::id(), usize::MAX), None);
    }
}
