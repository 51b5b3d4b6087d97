//! A filter of system calls: what programs see of a system that lacks some of them.

/// From now on the system answers these calls with that error.
pub(crate) fn refuse_calls(calls: &[i64], error: i32) {
    let refused = u8::try_from(calls.len()).unwrap();
    let is_call = |(number, call): (usize, &i64)| {
        let to_the_error = refused - u8::try_from(number).unwrap();
        jump(*call, to_the_error, 0)
    };
    let mut filter = vec![load(0)];
    filter.extend(calls.iter().enumerate().map(is_call));
    filter.extend([end(libc::SECCOMP_RET_ALLOW), end(libc::SECCOMP_RET_ERRNO | u32::try_from(error).unwrap())]);
    install(&mut filter);
}

/// Children that are born by `clone`, with a process descriptor or without.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Birth {
    WithDescriptor,
    WithoutDescriptor,
}

/// From now on the system says that it has no call of this number, and refuses such a birth with that error.
pub(crate) fn refuse(missing: i64, birth: Birth, error: i32) {
    const FIRST_ARGUMENT: u32 = 16;
    let with_descriptor = |jt, jf| {
        let flag = u32::try_from(libc::CLONE_PIDFD).unwrap();
        statement(libc::BPF_JMP | libc::BPF_JSET | libc::BPF_K, jt, jf, flag)
    };
    let refused = |error: i32| end(libc::SECCOMP_RET_ERRNO | u32::try_from(error).unwrap());
    let (with, without) = if birth == Birth::WithDescriptor { (2, 0) } else { (0, 2) };
    let mut filter = [
        load(0),
        jump(missing, 4, 0),
        jump(libc::SYS_clone, 0, 2),
        load(FIRST_ARGUMENT),
        with_descriptor(with, without),
        end(libc::SECCOMP_RET_ALLOW),
        refused(libc::ENOSYS),
        refused(error),
    ];
    install(&mut filter);
}

fn statement(code: u32, jt: u8, jf: u8, k: u32) -> libc::sock_filter {
    libc::sock_filter { code: u16::try_from(code).unwrap(), jt, jf, k }
}

fn load(offset: u32) -> libc::sock_filter {
    statement(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0, offset)
}

/// So many statements are passed over if it is this call, and so many if not.
fn jump(call: i64, jt: u8, jf: u8) -> libc::sock_filter {
    statement(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, jt, jf, u32::try_from(call).unwrap())
}

fn end(action: u32) -> libc::sock_filter {
    statement(libc::BPF_RET | libc::BPF_K, 0, 0, action)
}

#[expect(unsafe_code, reason = "std has no filters of system calls")]
fn install(filter: &mut [libc::sock_filter]) {
    let program = libc::sock_fprog { len: u16::try_from(filter.len()).unwrap(), filter: filter.as_mut_ptr() };
    // SAFETY: numbers.
    assert_eq!(unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) }, 0);
    // SAFETY: the program and its statements live through the call, which copies them.
    let result = unsafe { libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const program) };
    assert_eq!(result, 0, "{}", std::io::Error::last_os_error());
}
