//! Where and as what a child runs.

use std::io::ErrorKind;

use asyncio::subprocess::{CreateSubprocess, PIPE};
use asyncio::{Error, Process, create_subprocess_exec, create_subprocess_shell};

/// Everything that a child writes, without the last end of a line.
async fn output<C: 'static>(child: CreateSubprocess<Process, C>) -> String {
    let (stdout, _) = child.stdout(PIPE).await.unwrap().communicate().await.unwrap();
    String::from_utf8(stdout.unwrap()).unwrap().trim_end().to_owned()
}

#[asyncio::test(timeout = "10s")]
async fn a_child_runs_where_it_is_told_to() {
    assert_eq!(output(create_subprocess_exec("pwd").cwd("/usr/lib")).await, "/usr/lib");
}

#[asyncio::test(timeout = "10s")]
async fn a_child_has_the_environment_that_it_is_given_and_no_other() {
    // CPython: test_subprocess.SubprocessMixin.{test_create_subprocess_env_exec,test_create_subprocess_env_shell}
    let script = "echo ${FOO-unset} ${HOME-unset}";
    let shell = || create_subprocess_shell(script);
    assert_eq!(output(shell().env([("FOO", "bar")])).await, "bar unset");
    let more = std::env::vars_os().chain([("FOO".into(), "more".into())]);
    assert!(output(shell().env(more)).await.starts_with("more "));
    let program = create_subprocess_exec("/usr/bin/env").env([("FOO", "bar baz")]);
    assert_eq!(output(program).await, "FOO=bar baz");
}

#[asyncio::test(timeout = "10s")]
async fn what_no_program_can_be_given_is_refused() {
    let command = || create_subprocess_exec("true");
    for (child, wrong) in [
        (create_subprocess_exec("tr\0ue"), "tr\\0ue"),
        (command().arg("a\0rgument"), "a\\0rgument"),
        (command().executable("/bin/tr\0ue"), "/bin/tr\\0ue"),
        (command().cwd("/\0"), "/\\0"),
        (command().env([("NA\0ME", "")]), "NA\\0ME"),
        (command().env([("NAME", "val\0ue")]), "val\\0ue"),
        // It would be a variable `A` with the value `B=c`.
        (command().env([("A=B", "c")]), "A=B"),
    ] {
        let error = child.await.unwrap_err();
        assert!(matches!(&error, Error::ValueError(_)) && error.to_string().contains(wrong), "{error}");
    }
    assert_eq!(command().env([("=odd", "")]).await.unwrap().wait().await.unwrap(), 0);
}

#[asyncio::test(timeout = "10s")]
async fn a_program_is_looked_for_in_the_path_of_the_child() {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;

    let folder = std::env::temp_dir().join(format!("asyncio-path-{}", std::process::id()));
    let (first, second) = (folder.join("first"), folder.join("second"));
    for place in [&first, &second] {
        std::fs::create_dir_all(place).unwrap();
    }
    let write = |place: &std::path::Path, mode| {
        let mut options = std::fs::OpenOptions::new();
        let mut file = options.write(true).create(true).truncate(true).mode(mode).open(place.join("tool")).unwrap();
        file.write_all(b"#!/bin/sh\necho $0").unwrap();
    };
    let found = |path: String| output(create_subprocess_exec("tool").env([("PATH", path)]).cwd(&folder));
    // What may not be run is passed over.
    write(&first, 0o600);
    write(&second, 0o700);
    let path = format!("/missing:{}:{}", first.display(), second.display());
    assert_eq!(found(path.clone()).await, second.join("tool").to_str().unwrap());
    // A relative one counts from the child's folder.
    assert_eq!(found("second".to_owned()).await, "./second/tool");
    std::fs::remove_file(second.join("tool")).unwrap();
    for (path, kind) in [(path, ErrorKind::PermissionDenied), ("second".to_owned(), ErrorKind::NotFound)] {
        let error = create_subprocess_exec("tool").env([("PATH", path)]).cwd(&folder).await.unwrap_err();
        let Error::OsError(error) = error else { panic!("{error}") };
        assert_eq!((error.kind(), error.subject()), (kind, Some("tool")));
    }
    std::fs::remove_dir_all(folder).unwrap();
    // Without one there is the system's own.
    assert_eq!(output(create_subprocess_exec("echo").arg("x").env([("A", "b"), ("A", "c")])).await, "x");
}

#[asyncio::test(timeout = "10s")]
async fn a_program_may_be_called_by_another_name() {
    let child = create_subprocess_exec("another name").args(["-c", "echo $0"]).executable("/bin/sh");
    assert_eq!(output(child).await, "another name");
    // CPython: test_subprocess.SubprocessMixin.test_create_subprocess_exec_with_path
    assert_eq!(output(create_subprocess_exec(std::path::PathBuf::from("/bin/echo")).arg("x")).await, "x");
}

#[cfg(target_os = "linux")]
#[asyncio::test(timeout = "10s")]
async fn a_child_leads_the_session_or_group_that_it_is_told_to() {
    // CPython: test_subprocess.SubprocessMixin.test_start_new_session, test_events.…test_subprocess_wait_no_same_group
    let ids = "cut -d ' ' -f 5,6 /proc/$$/stat; echo $$";
    let ours = output(create_subprocess_shell(ids)).await;
    let own_session = output(create_subprocess_shell(ids).start_new_session(true)).await;
    let own_group = output(create_subprocess_shell(ids).process_group(0)).await;
    let numbers = |text: &str| text.split_whitespace().map(|word| word.parse::<u32>().unwrap()).collect::<Vec<_>>();
    let [group, session, pid] = numbers(&own_session)[..] else { panic!("{own_session}") };
    assert!(group == pid && session == pid);
    let [group, session, pid] = numbers(&own_group)[..] else { panic!("{own_group}") };
    assert!(group == pid && session == numbers(&ours)[1]);
    let [group, _, pid] = numbers(&ours)[..] else { panic!("{ours}") };
    assert_ne!(group, pid);
}

#[asyncio::test(timeout = "10s")]
async fn a_child_makes_files_with_the_permissions_that_it_is_told_to() {
    assert_eq!(output(create_subprocess_shell("umask").umask(0o027)).await, "0027");
}

#[asyncio::test(timeout = "10s")]
#[expect(unsafe_code, reason = "asks for the rights of this process, and runs in a child")]
async fn a_function_may_run_in_the_child_before_its_program() {
    use asyncio::subprocess::PreExec;
    // SAFETY: one system call, which a signal handler may make too.
    let hook = unsafe {
        PreExec::new(|| {
            libc::umask(0o013);
            Ok(())
        })
    };
    assert_eq!(output(create_subprocess_shell("umask").pre_exec(hook)).await, "0013");
    // SAFETY: no system call at all.
    let refuses = unsafe { PreExec::new(|| Err(std::io::Error::from_raw_os_error(libc::EDOM))) };
    let error = create_subprocess_exec("true").pre_exec(refuses).await.unwrap_err();
    let Error::OsError(error) = error else { panic!("{error}") };
    assert_eq!((error.raw_os_error(), error.subject()), (Some(libc::EDOM), Some("true")));
}

#[asyncio::test(timeout = "10s")]
#[expect(unsafe_code, reason = "asks for the rights of this process")]
async fn a_child_runs_as_another_user_if_we_may_do_that() {
    // SAFETY: no argument.
    let root = unsafe { libc::geteuid() } == 0;
    let ids = create_subprocess_shell("id -u; id -g; id -G").user(12345).group(12346).extra_groups([12347]);
    if root {
        assert_eq!(output(ids).await, "12345\n12346\n12346 12347");
    } else {
        let Err(Error::OsError(error)) = ids.await else { panic!("nobody may do that") };
        assert_eq!(error.kind(), ErrorKind::PermissionDenied);
    }
}

#[asyncio::test(timeout = "10s")]
async fn no_group_has_a_negative_number() {
    let error = create_subprocess_exec("true").process_group(-1).await.unwrap_err();
    assert!(matches!(&error, Error::ValueError(_)) && error.to_string().contains("process_group"), "{error}");
}
