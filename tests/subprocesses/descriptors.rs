//! Which descriptors a child has.

use std::fs::File;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;

use asyncio::subprocess::PIPE;
use asyncio::{Error, create_subprocess_exec, create_subprocess_shell};

#[cfg(target_os = "linux")]
#[asyncio::test(timeout = "10s")]
async fn a_child_has_its_standard_streams_and_no_other_descriptor_of_ours() {
    // CPython: test_subprocess.SubprocessMixin.test_stdin_not_inheritable
    let (near, far) = UnixStream::pair().unwrap();
    let other = create_subprocess_exec("sleep").arg("10").stdin(PIPE).stdout(PIPE).kill_on_drop(true).await.unwrap();
    let pipes = [0, 1].map(|fd| other.transport().get_pipe_transport(fd).unwrap().pipe().unwrap().fileno().unwrap());
    let ours = [near.as_raw_fd(), far.as_raw_fd()].into_iter().chain(pipes).map(|fd| {
        let file = std::fs::read_link(format!("/proc/self/fd/{fd}")).unwrap();
        file.into_os_string().into_string().unwrap()
    });
    let ls = create_subprocess_exec("ls").args(["-l", "/proc/self/fd"]);
    let mut process = ls.stdin(PIPE).stdout(PIPE).stderr(PIPE).await.unwrap();
    let text = String::from_utf8(process.communicate().await.unwrap().0.unwrap()).unwrap();
    for file in ours {
        assert!(!text.contains(&file), "{file} in {text}");
    }
    assert!(!text.contains("pidfd") && !text.contains("eventpoll"), "{text}");
}

#[asyncio::test(timeout = "10s")]
async fn a_child_has_the_descriptors_that_are_passed_by_their_numbers() {
    let file = File::open("/dev/null").unwrap();
    let number = file.as_raw_fd();
    let ls = || create_subprocess_shell(format!("readlink /proc/$$/fd/{number}")).stdout(PIPE);
    let mut process = ls().pass_fds([&file]).await.unwrap();
    assert_eq!(process.communicate().await.unwrap().0.unwrap(), b"/dev/null\n");
    let mut process = ls().await.unwrap();
    assert_eq!(process.communicate().await.unwrap().0.unwrap(), b"");
}

#[asyncio::test(timeout = "10s")]
async fn a_descriptor_that_is_not_open_cannot_be_passed() {
    let error = create_subprocess_shell("true").pass_fds(&[9999]).await.unwrap_err();
    let Error::OsError(error) = error else { panic!("{error}") };
    assert_eq!(error.raw_os_error(), Some(libc::EBADF));
}
