//! A filter of system calls: what programs see of a system that lacks some of them.

/// Children that are born by `clone`, with a process descriptor or without.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Birth {
    WithDescriptor,
    WithoutDescriptor,
}

/// From now on the system says that it has no call of this number, and refuses such a birth with that error.
#[expect(unsafe_code, reason = "std has no filters of system calls")]
pub(crate) fn refuse(missing: i64, birth: Birth, error: i32) {
    const FIRST_ARGUMENT: u32 = 16;
    let statement = |code: u32, jt, jf, k| libc::sock_filter { code: u16::try_from(code).unwrap(), jt, jf, k };
    let load = |offset| statement(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0, offset);
    let is_call = |call: i64, jt, jf| {
        statement(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, jt, jf, u32::try_from(call).unwrap())
    };
    let with_descriptor = |jt, jf| {
        let flag = u32::try_from(libc::CLONE_PIDFD).unwrap();
        statement(libc::BPF_JMP | libc::BPF_JSET | libc::BPF_K, jt, jf, flag)
    };
    let end = |action| statement(libc::BPF_RET | libc::BPF_K, 0, 0, action);
    let refused = |error: i32| end(libc::SECCOMP_RET_ERRNO | u32::try_from(error).unwrap());
    let (with, without) = if birth == Birth::WithDescriptor { (2, 0) } else { (0, 2) };
    let mut filter = [
        load(0),
        is_call(missing, 4, 0),
        is_call(libc::SYS_clone, 0, 2),
        load(FIRST_ARGUMENT),
        with_descriptor(with, without),
        end(libc::SECCOMP_RET_ALLOW),
        refused(libc::ENOSYS),
        refused(error),
    ];
    let program = libc::sock_fprog { len: 8, filter: filter.as_mut_ptr() };
    // SAFETY: numbers.
    assert_eq!(unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) }, 0);
    // SAFETY: the program and its statements live through the call, which copies them.
    let result = unsafe { libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const program) };
    assert_eq!(result, 0, "{}", std::io::Error::last_os_error());
}
