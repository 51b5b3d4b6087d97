//! Children of a program that has one thread: they are started in another way than those of one that has several.

use std::fs::{self, File, Permissions};
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use asyncio::subprocess::{CreateSubprocess, DEVNULL, PIPE, Process, STDOUT};
use asyncio::{Error, Signal, create_subprocess_exec, create_subprocess_shell};

use crate::filter::{Birth, refuse};
use crate::program::{Test, succeed, test};
use crate::subprocesses::{children, descriptors, settled};

pub(crate) const TESTS: &[Test] = &[
    test!(options_of_all_kinds_do_what_they_do_elsewhere, options),
    test!(a_program_is_looked_for_in_every_folder_of_the_path, path),
    test!(a_program_that_does_not_run_is_an_error_and_leaves_nothing_behind, errors),
    test!(a_child_has_no_handlers_and_no_blocked_signals, signals),
    test!(standard_streams_that_are_closed_are_in_nobodys_way, closed_streams),
    test!(no_other_way_is_taken, filtered),
];

succeed! {
    options_of_all_kinds_do_what_they_do_elsewhere
    a_program_is_looked_for_in_every_folder_of_the_path
    a_program_that_does_not_run_is_an_error_and_leaves_nothing_behind
    a_child_has_no_handlers_and_no_blocked_signals
    standard_streams_that_are_closed_are_in_nobodys_way
    no_other_way_is_taken
}

fn threads() -> usize {
    fs::read_dir("/proc/self/task").unwrap().count()
}

/// Starts it, waits for its end, and gives its exit code and all that it has written.
async fn run<C>(command: CreateSubprocess<Process, C>) -> (i32, String) {
    assert_eq!(threads(), 1);
    let mut process = command.stdout(PIPE).await.unwrap();
    let (output, _) = process.communicate().await.unwrap();
    (process.returncode().unwrap(), String::from_utf8(output.unwrap()).unwrap())
}

#[asyncio::main]
async fn options() {
    let shell = |line: &str| create_subprocess_exec("/bin/sh").args(["-c", line]);
    assert_eq!(run(shell("echo $0 $1; exit 7").args(["a b", ""])).await, (7, "a b\n".to_owned()));
    let here = std::env::current_dir().unwrap();
    assert_eq!(run(shell("pwd")).await.1.trim_end(), here.to_str().unwrap());
    assert_eq!(run(shell("pwd").cwd("/usr")).await.1, "/usr\n");
    assert_eq!(run(create_subprocess_exec("./sh").args(["-c", "pwd"]).cwd("/usr/bin")).await.1, "/usr/bin\n");
    let nothing = shell("readlink /proc/$$/fd/0 /proc/$$/fd/2").stdin(DEVNULL).stderr(DEVNULL);
    assert_eq!(run(nothing).await.1, "/dev/null\n/dev/null\n");
    assert_eq!(run(shell("echo 1; echo 2 >&2").stderr(STDOUT)).await.1, "1\n2\n");
    assert_eq!(run(shell("cat").stdin(File::open("/proc/self/comm").unwrap())).await.1.len(), 15 + 1);
    let name = create_subprocess_exec("nobody").executable("/bin/sh").args(["-c", "echo $0; cat /proc/$$/cmdline"]);
    assert_eq!(run(name).await.1, "nobody\nnobody\0-c\0echo $0; cat /proc/$$/cmdline\0");
    let group = "set -- $(cat /proc/$$/stat); echo $(($1 == $5)) $(($1 == $6))";
    assert_eq!(run(shell(group)).await.1, "0 0\n");
    assert_eq!(run(shell(group).process_group(0)).await.1, "1 0\n");
    assert_eq!(run(shell(group).start_new_session(true)).await.1, "1 1\n");
    assert_eq!(run(create_subprocess_shell("echo $ASYNCIO_TEST_PROGRAM | tail -c 10")).await.1, "elsewhere\n");
    let mut cat = create_subprocess_exec("cat").stdin(PIPE).stdout(PIPE).await.unwrap();
    let (output, _) = cat.communicate().input("there and back").await.unwrap();
    assert_eq!(output.as_deref(), Some(&b"there and back"[..]));
    let sleep = create_subprocess_exec("sleep").arg("100").await.unwrap();
    sleep.terminate().unwrap();
    assert_eq!(sleep.wait().await.unwrap(), -15);
    assert!(sleep.kill().is_err());
    let tree = create_subprocess_shell("sleep 100 & wait").process_group(0).await.unwrap();
    assert_eq!(tree.terminate_tree(std::time::Duration::from_secs(5)).await.unwrap(), -15);
    settled().await;
    assert_eq!((threads(), children().as_str()), (1, ""));
}

/// A folder for the programs of one test.
fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("asyncio-{}-{name}", std::process::id()));
    fs::create_dir(&folder).unwrap();
    folder
}

fn program(folder: &std::path::Path, name: &str, mode: u32) {
    fs::write(folder.join(name), format!("#!/bin/sh\necho {}\n", folder.display())).unwrap();
    fs::set_permissions(folder.join(name), Permissions::from_mode(mode)).unwrap();
}

#[asyncio::main]
#[expect(unsafe_code, reason = "the environment is everybody's")]
async fn path() {
    let folders = ["first", "second", "third"].map(folder);
    program(&folders[0], "here", 0o600);
    program(&folders[1], "here", 0o700);
    program(&folders[2], "here", 0o700);
    program(&folders[0], "refused", 0o600);
    let path = std::env::join_paths(["/no/such/folder".into(), folders[0].clone(), folders[1].clone(), "".into()]);
    // SAFETY: there is no other thread.
    unsafe { std::env::set_var("PATH", path.unwrap()) };
    let second = format!("{}\n", folders[1].display());
    assert_eq!(run(create_subprocess_exec("here")).await, (0, second));
    let Err(Error::OsError(error)) = create_subprocess_exec("refused").await else { panic!("nobody may run it") };
    assert_eq!((error.kind(), error.subject()), (ErrorKind::PermissionDenied, Some("refused")));
    let Err(Error::OsError(error)) = create_subprocess_exec("nowhere").await else { panic!("it is nowhere") };
    assert_eq!((error.kind(), error.subject()), (ErrorKind::NotFound, Some("nowhere")));
    // An empty name is this folder; of the child, if it has one of its own.
    let third = format!("{}\n", folders[2].display());
    fs::remove_file(folders[1].join("here")).unwrap();
    assert_eq!(run(create_subprocess_exec("here").cwd(&folders[2])).await, (0, third));
    folders.iter().for_each(|folder| fs::remove_dir_all(folder).unwrap());
}

#[asyncio::main]
async fn errors() {
    let here = folder("errors");
    let text = here.join("text");
    fs::write(&text, "no program").unwrap();
    fs::set_permissions(&text, Permissions::from_mode(0o700)).unwrap();
    assert_eq!(create_subprocess_exec("/bin/true").await.unwrap().wait().await.unwrap(), 0);
    settled().await;
    let before = descriptors();
    let error = async |command: CreateSubprocess<Process>| match command.stdin(PIPE).stdout(PIPE).await {
        Err(Error::OsError(error)) => (error.raw_os_error(), error.subject().map(str::to_owned)),
        other => panic!("{other:?}"),
    };
    let exec = |program: &std::path::Path| create_subprocess_exec(program);
    for (command, number, subject) in [
        (exec("/no/such/program".as_ref()), libc::ENOENT, "/no/such/program"),
        (exec("/dev/null/program".as_ref()), libc::ENOTDIR, "/dev/null/program"),
        (exec("".as_ref()), libc::ENOENT, ""),
        (exec("/etc/passwd".as_ref()), libc::EACCES, "/etc/passwd"),
        (exec("/bin".as_ref()), libc::EACCES, "/bin"),
        (exec(&text), libc::ENOEXEC, text.to_str().unwrap()),
        (exec("/bin/true".as_ref()).cwd("/no/such/folder"), libc::ENOENT, "/no/such/folder"),
        (exec("/bin/true".as_ref()).arg("x".repeat(10 << 20)), libc::E2BIG, "/bin/true"),
        (exec("/bin/true".as_ref()).process_group(i32::MAX), libc::EPERM, "/bin/true"),
    ] {
        assert_eq!(error(command).await, (Some(number), Some(subject.to_owned())));
    }
    settled().await;
    assert_eq!((descriptors(), threads(), children().as_str()), (before, 1, ""));
    fs::remove_dir_all(here).unwrap();
}

/// The number of a list of signals, as the system shows it.
fn set(status: &str, name: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    u64::from_str_radix(line.trim_start_matches(':').trim(), 16).unwrap()
}

#[asyncio::main]
#[expect(unsafe_code, reason = "std has no signals")]
async fn signals() {
    const HANGUP: u64 = 1 << (libc::SIGHUP - 1);
    const BROKEN_PIPE: u64 = 1 << (libc::SIGPIPE - 1);
    let event_loop = asyncio::get_running_loop().unwrap();
    event_loop.add_signal_handler(Signal::SIGUSR1, || ()).unwrap();
    // SAFETY: no handler.
    assert_ne!(unsafe { libc::signal(libc::SIGHUP, libc::SIG_IGN) }, libc::SIG_ERR);
    // SAFETY: all zeroes is a valid set of signals.
    let mut blocked: libc::sigset_t = unsafe { std::mem::zeroed() };
    // SAFETY: the set is valid.
    unsafe { libc::sigaddset(&raw mut blocked, libc::SIGUSR2) };
    // SAFETY: as above; a null pointer asks for no former set.
    unsafe { libc::sigprocmask(libc::SIG_BLOCK, &raw const blocked, std::ptr::null_mut()) };
    let own = fs::read_to_string("/proc/self/status").unwrap();
    let (_, child) = run(create_subprocess_exec("cat").arg("/proc/self/status")).await;
    let ignored = set(&own, "SigIgn");
    assert_eq!(ignored & (HANGUP | BROKEN_PIPE), HANGUP | BROKEN_PIPE, "Rust's programs ignore the second");
    let expected = [0, ignored & !BROKEN_PIPE, 0];
    assert_eq!(["SigBlk", "SigIgn", "SigCgt"].map(|name| set(&child, name)), expected);
    let after = fs::read_to_string("/proc/self/status").unwrap();
    for name in ["SigBlk", "SigIgn", "SigCgt"] {
        assert_eq!(set(&own, name), set(&after, name), "{name}");
    }
}

#[asyncio::main]
#[expect(unsafe_code, reason = "nobody else closes them")]
async fn closed_streams() {
    // SAFETY: numbers. What is opened next gets them.
    unsafe { (libc::close(0), libc::close(1)) };
    assert_eq!(run(create_subprocess_exec("echo").arg("x")).await, (0, "x\n".to_owned()));
    let (file, other) = (File::open("/dev/null").unwrap(), File::open("/proc/self/comm").unwrap());
    assert_eq!(run(create_subprocess_exec("cat").stdin(other)).await.1.len(), 15 + 1);
    assert_eq!(run(create_subprocess_exec("cat").stdin(file)).await, (0, String::new()));
}

/// A filter of system calls refuses what std starts children by.
#[asyncio::main]
#[expect(unsafe_code, reason = "std does not look names up")]
async fn filtered() {
    // SAFETY: the name ends in NUL.
    if unsafe { libc::dlsym(libc::RTLD_DEFAULT, c"__libc_single_threaded".as_ptr()) }.is_null() {
        // A C library that does not know: the other way is the only one.
        return;
    }
    refuse(libc::SYS_clone3, Birth::WithoutDescriptor, libc::EMFILE);
    assert_eq!(std::process::Command::new("true").spawn().unwrap_err().raw_os_error(), Some(libc::EMFILE));
    assert_eq!(run(create_subprocess_exec("echo").arg("x")).await, (0, "x\n".to_owned()));
}
