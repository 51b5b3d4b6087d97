//! Pipes that belong to the process: standard input, and the signal of a broken pipe.

use std::fs::File;
use std::io::Write;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::process::ExitCode;
use std::time::Duration;

use asyncio::{Error, Future, Result, Transport, get_running_loop};

use crate::program::{Program, Test, pause, test};

pub(crate) const TESTS: &[Test] = &[
    test!(reading_stdin_does_not_hold_up_the_end, ends_while_it_reads),
    test!(ctrl_c_ends_the_reading_of_stdin, reads_for_ever),
    test!(stdin_is_blocking_again_when_its_transport_is_closed, reads_twice),
    test!(a_broken_pipe_kills_nobody_who_has_asked_for_the_default_action, writes_into_broken_pipes),
];

/// Prints what comes, and tells the first of it.
struct Input {
    first: Future<()>,
}

#[asyncio::protocol]
impl Input {
    fn data_received(&mut self, data: &[u8]) {
        println!("received {} bytes", data.len());
        let _ = self.first.set_result(());
    }
}

fn stdin() -> OwnedFd {
    std::io::stdin().as_fd().try_clone_to_owned().unwrap()
}

async fn read_stdin() -> Result<(Transport, Future<()>)> {
    let event_loop = get_running_loop()?;
    let first = event_loop.create_future();
    let input = Input { first: first.clone() };
    let (transport, _) = event_loop.connect_read_pipe(move || input, stdin()).await?;
    println!("reads");
    Ok((transport, first))
}

#[expect(unsafe_code, reason = "std does not tell")]
fn stdin_is_blocking() -> bool {
    // SAFETY: asks for the flags of a descriptor that is open.
    let flags = unsafe { libc::fcntl(0, libc::F_GETFL) };
    flags & libc::O_NONBLOCK == 0
}

fn ends_while_it_reads() -> ExitCode {
    asyncio::run(async { read_stdin().await.map(drop) }).unwrap();
    println!("left, and stdin is blocking: {}", stdin_is_blocking());
    ExitCode::SUCCESS
}

fn reading_stdin_does_not_hold_up_the_end(mut program: Program) {
    // Nothing is written, and it is not closed before the end.
    program.wait_until_it_ends();
    let ended = program.end();
    assert_eq!(ended.stdout, "reads\nleft, and stdin is blocking: true\n", "{ended:#?}");
    assert_eq!(ended.code, Some(0), "{ended:#?}");
}

#[asyncio::main]
async fn reads_for_ever() -> Result<()> {
    let (_transport, _first) = read_stdin().await?;
    get_running_loop()?.create_future::<()>().await
}

fn ctrl_c_ends_the_reading_of_stdin(mut program: Program) {
    program.wait_for("reads");
    program.interrupt();
    program.wait_until_it_ends();
    let ended = program.end();
    assert!(ended.code.is_some_and(|code| code != 0) || ended.signal == Some(libc::SIGINT), "{ended:#?}");
}

fn reads_twice() -> ExitCode {
    asyncio::run(async {
        let (transport, first) = read_stdin().await?;
        assert!(!stdin_is_blocking());
        first.await?;
        transport.close();
        asyncio::sleep(Duration::ZERO).await;
        assert!(stdin_is_blocking());
        Ok::<_, Error>(())
    })
    .unwrap();
    println!("once more");
    // By std, which takes a non-blocking descriptor for an error.
    pause();
    ExitCode::SUCCESS
}

fn stdin_is_blocking_again_when_its_transport_is_closed(mut program: Program) {
    program.wait_for("reads");
    program.go_on();
    program.wait_for("received 1 bytes");
    program.wait_for("once more");
    program.until_it_sleeps();
    program.go_on();
    let ended = program.end();
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{ended:#?}");
}

/// Tells how its pipe was lost.
struct Output {
    lost: Future<String>,
}

#[asyncio::protocol]
impl Output {
    fn connection_lost(&mut self, exc: Option<&Error>) {
        self.lost.set_result(format!("{:?}", exc.and_then(Error::io_kind))).unwrap();
    }
}

#[expect(unsafe_code, reason = "std has no signals")]
fn writes_into_broken_pipes() -> ExitCode {
    // SAFETY: the default action is the system's own.
    assert_ne!(unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) }, libc::SIG_ERR);
    asyncio::run(async {
        let event_loop = get_running_loop()?;
        for pieces in [&["one"][..], &["several", "pieces"]] {
            let (reader, writer) = std::io::pipe()?;
            let lost = event_loop.create_future();
            let output = Output { lost: lost.clone() };
            let (transport, _) = event_loop.connect_write_pipe(move || output, writer).await?;
            drop(reader);
            transport.writelines(pieces);
            println!("lost by {}", lost.await?);
        }
        // The system's call for files has no way of its own to keep the signal back.
        let (near, far) = UnixStream::pair()?;
        let lost = event_loop.create_future();
        let output = Output { lost: lost.clone() };
        let (transport, _) = event_loop.create_unix_connection_with_sock(move || output, near).await?;
        drop(far);
        let file = File::open(std::env::current_exe()?)?;
        event_loop.sendfile(&transport, &file).fallback(false).await.unwrap_err();
        println!("lost by {}", lost.await?);
        Ok::<_, Error>(())
    })
    .unwrap();
    // The action is still the one that was asked for, and nothing holds the signal back any more.
    let (reader, mut writer) = std::io::pipe().unwrap();
    drop(reader);
    let _ = writer.write_all(b"deadly");
    println!("survived");
    ExitCode::SUCCESS
}

fn a_broken_pipe_kills_nobody_who_has_asked_for_the_default_action(program: Program) {
    let ended = program.end();
    let lost = "lost by Some(BrokenPipe)\n";
    assert_eq!(ended.stdout, lost.repeat(3), "{ended:#?}");
    assert_eq!(ended.signal, Some(libc::SIGPIPE), "{ended:#?}");
}
