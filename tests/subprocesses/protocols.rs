//! `subprocess_exec`, `subprocess_shell`: children by callbacks.

use asyncio::subprocess::{INHERIT, STDOUT};
use asyncio::{Error, Event, ProtocolHandle, Signal, SubprocessTransport, get_running_loop};

use crate::support::journal::Journal;
use crate::support::reports::Reports;

/// Notes everything that it is told.
struct Notes {
    journal: Journal,
    output: [Vec<u8>; 3],
    ended: Event,
    fails: bool,
}

#[asyncio::protocol]
impl Notes {
    fn connection_made(&mut self, transport: &SubprocessTransport) {
        assert!(transport.get_returncode().is_none() && !transport.is_closing());
        self.journal.note("made");
    }

    fn pipe_data_received(&mut self, fd: i32, data: &[u8]) -> asyncio::Result<()> {
        if self.fails {
            return Err(Error::runtime_error("no more"));
        }
        self.output[fd as usize].extend_from_slice(data);
        Ok(())
    }

    fn pipe_connection_lost(&mut self, fd: i32, exc: Option<&Error>) {
        self.journal.note(format!("pipe {fd} lost{}", if exc.is_some() { " by an error" } else { "" }));
    }

    fn process_exited(&mut self, transport: &SubprocessTransport) {
        self.journal.note(format!("exited {}", transport.get_returncode().unwrap()));
    }

    fn connection_lost(&mut self, transport: &SubprocessTransport, exc: Option<&Error>) {
        assert!(exc.is_none() && transport.is_closing());
        self.journal.note("lost");
        self.ended.set();
    }
}

impl Notes {
    fn new() -> Self {
        Self { journal: Journal::default(), output: Default::default(), ended: Event::new(), fails: false }
    }
}

async fn shell(notes: Notes, cmd: &str) -> (SubprocessTransport, ProtocolHandle<Notes>) {
    get_running_loop().unwrap().subprocess_shell(|| notes, cmd).await.unwrap()
}

async fn ended(notes: &ProtocolHandle<Notes>) -> Vec<String> {
    let (ended, journal) = notes.with(|notes| (notes.ended.clone(), notes.journal.clone()));
    ended.wait().await.unwrap();
    journal.entries()
}

#[asyncio::test(timeout = "10s")]
async fn everything_is_told_and_the_end_last() {
    // CPython: test_subprocess.SubprocessMixin.test_subprocess_protocol_events,
    // test_events.SubprocessTestsMixin.{test_subprocess_shell,test_subprocess_stderr}; B 54
    let (transport, notes) = shell(Notes::new(), "echo out; echo err >&2; exit 7").await;
    let mut entries = ended(&notes).await;
    assert_eq!((entries.first().unwrap().as_str(), entries.last().unwrap().as_str()), ("made", "lost"));
    entries.sort();
    assert_eq!(entries, ["exited 7", "lost", "made", "pipe 0 lost", "pipe 1 lost", "pipe 2 lost"]);
    assert_eq!(transport.get_returncode(), Some(7));
    notes.with(|notes| assert_eq!(notes.output, [b"".to_vec(), b"out\n".to_vec(), b"err\n".to_vec()]));
    assert!(transport.get_protocol::<Notes>().is_none());
}

#[asyncio::test(timeout = "10s")]
async fn what_is_written_to_standard_input_arrives() {
    // CPython: test_events.SubprocessTestsMixin.{test_subprocess_exec,test_subprocess_interactive}
    let event_loop = get_running_loop().unwrap();
    let (transport, notes) = event_loop.subprocess_exec(Notes::new, "cat").await.unwrap();
    let stdin = transport.get_pipe_transport(0).unwrap();
    stdin.write(b"Python ");
    stdin.write(b"The Winner");
    stdin.close();
    ended(&notes).await;
    notes.with(|notes| assert_eq!(notes.output[1], b"Python The Winner"));
    assert!(transport.get_pipe_transport(3).is_none() && transport.get_pipe_transport(-1).is_none());
}

#[asyncio::test(timeout = "10s")]
async fn streams_that_are_no_pipes_have_no_transport() {
    let event_loop = get_running_loop().unwrap();
    let child = event_loop.subprocess_shell(Notes::new, "echo out; echo err >&2").stdin(INHERIT).stderr(STDOUT);
    let (transport, notes) = child.await.unwrap();
    assert!(transport.get_pipe_transport(0).is_none() && transport.get_pipe_transport(2).is_none());
    let entries = ended(&notes).await;
    assert!(!entries.contains(&"pipe 0 lost".to_owned()) && !entries.contains(&"pipe 2 lost".to_owned()));
    notes.with(|notes| assert_eq!(notes.output[1], b"out\nerr\n"));
}

#[asyncio::test(timeout = "10s")]
async fn closing_kills_what_runs_and_tells_the_end() {
    // CPython: test_subprocess.SubprocessMixin.test_close_kill_running, test_events.…test_subprocess_kill
    let (transport, notes) = shell(Notes::new(), "sleep 10").await;
    transport.close();
    assert!(transport.is_closing());
    transport.close();
    assert_eq!(notes.with(|notes| notes.journal.entries()), ["made"]);
    let entries = ended(&notes).await;
    assert!(entries.contains(&"exited -9".to_owned()), "{entries:?}");
    assert_eq!(entries.last().unwrap(), "lost");
}

#[asyncio::test(timeout = "10s")]
async fn closing_after_the_end_changes_nothing() {
    // CPython: test_subprocess.…test_close_dont_kill_finished, test_events.…test_subprocess_close_after_finish
    let (transport, notes) = shell(Notes::new(), "exit 1").await;
    let entries = ended(&notes).await;
    transport.close();
    asyncio::sleep(std::time::Duration::ZERO).await;
    assert_eq!(transport.get_returncode(), Some(1));
    assert_eq!(notes.with(|notes| notes.journal.entries()), entries);
}

#[asyncio::test(timeout = "10s")]
async fn signals_go_to_the_child() {
    // CPython: test_events.SubprocessTestsMixin.{test_subprocess_terminate,test_subprocess_send_signal}
    for (signal, exited) in [(Signal::SIGTERM, "exited -15"), (Signal::SIGHUP, "exited -1")] {
        let (transport, notes) = shell(Notes::new(), "exec sleep 10").await;
        transport.send_signal(signal).unwrap();
        assert!(ended(&notes).await.contains(&exited.to_owned()));
        assert!(transport.terminate().is_err() && transport.kill().is_err());
    }
}

#[asyncio::test(timeout = "10s")]
async fn a_pipe_that_we_close_ends_for_the_child() {
    // CPython: test_events.SubprocessTestsMixin.test_subprocess_close_client_stream
    let (transport, notes) = shell(Notes::new(), "while echo x; do sleep 0.01; done; exit 9").await;
    transport.get_pipe_transport(1).unwrap().close();
    let entries = ended(&notes).await;
    // The child gets SIGPIPE, or an error if its shell catches that.
    assert!(entries.contains(&"exited -13".to_owned()) || entries.contains(&"exited 9".to_owned()), "{entries:?}");
}

#[asyncio::test(timeout = "10s")]
async fn a_handler_that_fails_closes_its_pipe_and_is_reported() {
    let reports = Reports::here();
    let (_transport, notes) = shell(Notes { fails: true, ..Notes::new() }, "echo out").await;
    let entries = ended(&notes).await;
    assert!(entries.contains(&"pipe 1 lost by an error".to_owned()), "{entries:?}");
    assert_eq!(reports.all().len(), 1);
}

struct Filler {
    full: Event,
    free: Event,
}

#[asyncio::protocol]
impl Filler {
    fn connection_made(&mut self, transport: &SubprocessTransport) {
        let stdin = transport.get_pipe_transport(0).unwrap();
        stdin.write(&vec![0; 1 << 20]);
    }

    fn pause_writing(&mut self) {
        self.full.set();
    }

    fn resume_writing(&mut self) {
        self.free.set();
    }

    fn process_exited(&mut self) {}
}

#[asyncio::test(timeout = "10s")]
async fn who_writes_faster_than_the_child_reads_is_told_to_pause() {
    let event_loop = get_running_loop().unwrap();
    let (full, free) = (Event::new(), Event::new());
    let filler = Filler { full: full.clone(), free: free.clone() };
    let (transport, _) = event_loop.subprocess_shell(|| filler, "sleep 0.05; cat >/dev/null").await.unwrap();
    full.wait().await.unwrap();
    assert!(transport.get_pipe_transport(0).unwrap().get_write_buffer_size() > 0);
    free.wait().await.unwrap();
    transport.close();
}

struct Other(Event);

#[asyncio::protocol]
impl Other {
    fn process_exited(&mut self) {
        self.0.set();
    }
}

#[asyncio::test(timeout = "10s")]
async fn a_child_may_get_another_protocol() {
    let (transport, notes) = shell(Notes::new(), "read line").await;
    let exited = Event::new();
    transport.set_protocol(Other(exited.clone()));
    assert!(transport.get_protocol::<Notes>().is_none() && transport.get_protocol::<Other>().is_some());
    transport.get_pipe_transport(0).unwrap().close();
    exited.wait().await.unwrap();
    assert_eq!(notes.with(|notes| notes.journal.entries()), ["made"]);
}
