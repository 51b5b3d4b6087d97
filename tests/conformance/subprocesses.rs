//! Child processes: what they are told, what they say, and how they end.

use asyncio::subprocess::{DEVNULL, PIPE, STDOUT};
use asyncio::{
    Error, Future, Process, Result, Signal, SubprocessTransport, create_subprocess_exec, create_subprocess_shell,
    create_task, get_running_loop, wait,
};
use std::rc::Rc;

use crate::harness::program::{Program, program, ticks};
use crate::harness::trace::{List, Show, say};

pub(crate) const PROGRAMS: &[Program] = &[
    program!(communicate_feeds_and_reads),
    program!(output_and_errors_go_where_they_are_sent),
    program!(a_process_that_is_killed_by_a_signal),
    program!(a_process_that_has_ended_gets_no_signal),
    program!(a_program_that_does_not_exist),
    program!(several_wait_for_one_process),
    program!(a_conversation_with_a_process),
    program!(what_was_printed_stays_after_the_end),
    program!(a_process_that_does_not_read_is_no_error),
    program!(a_cancelled_wait_leaves_the_process_running),
    program!(a_process_by_its_callbacks),
    program!(closing_the_transport_ends_the_process),
];

/// Text without the end of its line.
fn stripped(text: &[u8]) -> &[u8] {
    text.strip_suffix(b"\n").unwrap_or(text)
}

async fn sleeping() -> Result<Process> {
    create_subprocess_exec("sleep").arg("60").await
}

async fn cat() -> Result<Process> {
    create_subprocess_exec("cat").stdin(PIPE).await
}

async fn communicate_feeds_and_reads() -> Result<()> {
    let mut process = create_subprocess_exec("cat").stdin(PIPE).stdout(PIPE).await?;
    say!(process.returncode());
    let (out, err) = process.communicate().input("hello").await?;
    say!(out, err);
    say!(process.returncode());
    let command = "echo out; echo err >&2; exit 3";
    let mut process = create_subprocess_shell(command).stdout(PIPE).stderr(PIPE).await?;
    let (out, err) = process.communicate().await?;
    say!(out.as_deref().map(stripped), err.as_deref().map(stripped), process.returncode());
    Ok(())
}

async fn output_and_errors_go_where_they_are_sent() -> Result<()> {
    let mut process = create_subprocess_shell("echo out; echo err >&2").stdout(PIPE).stderr(STDOUT).await?;
    let (out, err) = process.communicate().await?;
    say!(out.map(|out| String::from_utf8_lossy(&out).replace('\n', "|")), err);
    let mut process = create_subprocess_shell("echo out").stdout(DEVNULL).await?;
    let (out, err) = process.communicate().await?;
    say!(out, err, process.stdout.as_ref().map(drop), process.stdin.as_ref().map(drop));
    Ok(())
}

async fn a_process_that_is_killed_by_a_signal() -> Result<()> {
    for (name, send) in [("terminate", Process::terminate as fn(&Process) -> Result<()>), ("kill", Process::kill)] {
        let process = sleeping().await?;
        send(&process)?;
        say!(name, process.wait().await, process.returncode());
    }
    let process = sleeping().await?;
    process.send_signal(Signal::SIGINT)?;
    say!(process.wait().await);
    Ok(())
}

async fn a_process_that_has_ended_gets_no_signal() -> Result<()> {
    let process = create_subprocess_shell("exit 0").await?;
    say!(process.wait().await, process.wait().await);
    say!(process.kill(), process.terminate(), process.send_signal(Signal::SIGINT));
    Ok(())
}

async fn a_program_that_does_not_exist() -> Result<()> {
    say!(create_subprocess_exec("/nowhere/nothing").await.map(drop));
    let process = create_subprocess_shell("/nowhere/nothing").stderr(DEVNULL).await?;
    say!(process.wait().await);
    Ok(())
}

async fn several_wait_for_one_process() -> Result<()> {
    let mut process = cat().await?;
    let stdin = process.stdin.take();
    let process = Rc::new(process);
    let [first, second, third] = ["first", "second", "third"].map(|name| {
        let process = process.clone();
        create_task(async move {
            say!(name, process.wait().await?);
            Ok::<_, Error>(())
        })
    });
    ticks(2).await;
    second.cancel_with("why");
    say!(second.await);
    drop(stdin);
    wait([first, third]).await?;
    Ok(())
}

async fn a_conversation_with_a_process() -> Result<()> {
    let mut process = create_subprocess_exec("cat").stdin(PIPE).stdout(PIPE).await?;
    let stdin = process.stdin.take().expect("it is a pipe");
    let mut stdout = process.stdout.take().expect("it is a pipe");
    for line in ["one\n", "two\n"] {
        stdin.write(line);
        stdin.drain().await?;
        let line = stdout.readline().await?;
        say!("answer", stripped(&line));
    }
    stdin.close();
    stdin.wait_closed().await?;
    say!(stdout.read_to_end().await?.len(), process.wait().await);
    Ok(())
}

async fn what_was_printed_stays_after_the_end() -> Result<()> {
    let mut process = create_subprocess_shell("echo here").stdout(PIPE).await?;
    say!(process.wait().await);
    let stdout = process.stdout.as_mut().expect("it is a pipe");
    let text = stdout.read_to_end().await?;
    say!(stripped(&text), stdout.at_eof());
    Ok(())
}

async fn a_process_that_does_not_read_is_no_error() -> Result<()> {
    let mut process = create_subprocess_shell("exec 0<&-; exit 5").stdin(PIPE).await?;
    let (out, err) = process.communicate().input(vec![b'x'; 1 << 20]).await?;
    say!(out, err, process.returncode());
    Ok(())
}

async fn a_cancelled_wait_leaves_the_process_running() -> Result<()> {
    let mut process = cat().await?;
    let task = create_task(process.wait());
    ticks(2).await;
    task.cancel_with("why");
    say!(task.await, process.returncode());
    drop(process.stdin.take());
    say!(process.wait().await);
    Ok(())
}

/// Notes what has one place; pipes and the exit come in any order, so these are kept.
struct Noting {
    output: [Vec<u8>; 3],
    ends: Vec<String>,
    ended: Future<()>,
}

impl Noting {
    fn new() -> Self {
        let ended = Future::new().expect("the loop runs");
        Self { output: Default::default(), ends: Vec::new(), ended }
    }
}

#[asyncio::protocol]
impl Noting {
    fn connection_made(&mut self, transport: &SubprocessTransport) {
        say!("made", transport.get_returncode());
    }

    fn pipe_data_received(&mut self, fd: i32, data: &[u8]) {
        self.output[fd as usize].extend_from_slice(data);
    }

    fn pipe_connection_lost(&mut self, fd: i32, exc: Option<&Error>) {
        self.ends.push(format!("pipe {fd} lost {}", exc.show()));
    }

    fn process_exited(&mut self) {
        self.ends.push("exited".to_owned());
    }

    fn connection_lost(&mut self, exc: Option<&Error>) -> Result<()> {
        self.ends.sort();
        say!("lost", exc, List(&self.ends));
        self.ended.set_result(())
    }
}

async fn a_process_by_its_callbacks() -> Result<()> {
    let event_loop = get_running_loop()?;
    let (transport, protocol) = event_loop.subprocess_shell(Noting::new, "cat; echo err >&2; exit 4").await?;
    let stdin = transport.get_pipe_transport(0).expect("it is a pipe");
    say!(transport.get_pipe_transport(7).map(drop), transport.is_closing());
    stdin.write(b"hello");
    stdin.close();
    protocol.with(|noting| noting.ended.clone()).await?;
    protocol.with(|noting| say!(noting.output[1], stripped(&noting.output[2]), transport.get_returncode()));
    say!(transport.kill());
    transport.close();
    Ok(())
}

async fn closing_the_transport_ends_the_process() -> Result<()> {
    let (transport, protocol) = get_running_loop()?.subprocess_exec(Noting::new, "sleep").arg("60").await?;
    transport.close();
    transport.close();
    say!(transport.is_closing());
    protocol.with(|noting| noting.ended.clone()).await?;
    say!(transport.get_returncode());
    Ok(())
}
