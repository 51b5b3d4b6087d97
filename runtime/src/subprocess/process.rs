//! `Process`: a child and its streams.

use std::fmt;
use std::panic::Location;
use std::time::Duration;

use super::communicate::Communicate;
use super::options::{Ending, Options};
use super::start::start;
use super::streams::{Ends, Streams};
use super::transport::SubprocessTransport;
use super::tree::{TerminateTree, end_tree};
use super::wait::WaitProcess;
use crate::event_loop::EventLoop;
use crate::exceptions::Result;
use crate::signals::Signal;
use crate::streams::{StreamReader, StreamWriter};

/// A child process. Python: `asyncio.subprocess.Process`.
///
/// Made by [`create_subprocess_exec`](crate::create_subprocess_exec()) and
/// [`create_subprocess_shell`](crate::create_subprocess_shell()). Dropped, it closes standard input, forgets what the child
/// writes and lets it run, unless [`kill_on_drop`](super::CreateSubprocess::kill_on_drop) or
/// [`terminate_on_drop`](super::CreateSubprocess::terminate_on_drop) says otherwise; the loop reaps it when it ends.
///
/// # Examples
///
/// ```
/// # fn main() -> asyncio::Result<()> {
/// use asyncio::subprocess::PIPE;
///
/// asyncio::run(async {
///     let mut cat = asyncio::create_subprocess_exec("cat").stdin(PIPE).stdout(PIPE).await?;
///     let (mut stdin, mut stdout) = (cat.stdin.take(), cat.stdout.take());
///     let (stdin, stdout) = (stdin.as_mut().expect("a pipe"), stdout.as_mut().expect("a pipe"));
///     stdin.write("hello\n");
///     assert_eq!(stdout.readline().await?, b"hello\n");
///     stdin.close();
///     assert_eq!(cat.wait().await?, 0);
///     Ok::<_, asyncio::Error>(())
/// })
/// # }
/// ```
pub struct Process {
    /// Writes to its standard input, if that is a pipe. Python: `stdin`.
    pub stdin: Option<StreamWriter>,
    /// Reads its standard output, if that is a pipe; also after its end. Python: `stdout`.
    pub stdout: Option<StreamReader>,
    /// Reads its standard error, if that is a pipe; also after its end. Python: `stderr`.
    pub stderr: Option<StreamReader>,
    transport: SubprocessTransport,
}

impl Process {
    pub(super) async fn create(
        event_loop: EventLoop,
        options: Box<Options>,
        site: &'static Location<'static>,
    ) -> Result<Self> {
        let (streams, readers) = Streams::new(options.limit, options.pipes())?;
        let transport = start(&event_loop, options, streams.clone(), site)?.await?;
        let Ends { stdin, stdout, stderr } = streams.ends(&transport, readers);
        Ok(Self { stdin, stdout, stderr, transport })
    }

    /// The number of the process; of the shell, if one was started. Python: `pid`.
    pub fn pid(&self) -> u32 {
        self.transport.get_pid()
    }

    /// How it ended: its exit code, or `-N` for signal N; `None` while it runs. Python: `returncode`.
    ///
    /// 255, with a warning in the log, if somebody else has reaped it.
    pub fn returncode(&self) -> Option<i32> {
        self.transport.get_returncode()
    }

    /// Waits for its end, and says how it ended. Python: `wait()`.
    ///
    /// Its pipes may still be open then, if one of its own children has them. A child whose output is a pipe that nobody
    /// reads may never end: [`communicate`](Self::communicate) reads it. It borrows nothing, so that the streams can be
    /// used meanwhile, and any number of tasks may wait.
    ///
    /// # Errors
    ///
    /// `RuntimeError` if the loop is closed.
    ///
    /// # Cancellation
    ///
    /// The child goes on, and can be waited for again.
    pub fn wait(&self) -> WaitProcess {
        WaitProcess::new(self.transport.running().clone())
    }

    /// Sends [`input`](Communicate::input), closes standard input, reads everything that it writes and waits for its end.
    /// Python: `communicate()`.
    ///
    /// Gives what came from standard output and standard error, `None` for what is no pipe. That it does not read all of
    /// its input is no error. The output is all kept in memory.
    ///
    /// # Errors
    ///
    /// `ValueError` for input if standard input is no pipe, or was taken out. That of a pipe that cannot be read.
    ///
    /// # Cancellation
    ///
    /// What was read stays for the next `communicate`, or for the readers; the input is sent all the same. The child goes
    /// on.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> asyncio::Result<()> {
    /// use asyncio::subprocess::PIPE;
    ///
    /// asyncio::run(async {
    ///     let mut sort = asyncio::create_subprocess_exec("sort").stdin(PIPE).stdout(PIPE).await?;
    ///     let (stdout, _) = sort.communicate().input("pear\napple\n").await?;
    ///     assert_eq!(stdout.as_deref(), Some(&b"apple\npear\n"[..]));
    ///     Ok::<_, asyncio::Error>(())
    /// })
    /// # }
    /// ```
    pub fn communicate(&mut self) -> Communicate<'_> {
        Communicate::new(self)
    }

    /// Sends a signal. Python: `send_signal()`.
    ///
    /// # Errors
    ///
    /// As [`SubprocessTransport::send_signal`].
    pub fn send_signal(&self, signal: Signal) -> Result<()> {
        self.transport.send_signal(signal)
    }

    /// Asks it to end, with SIGTERM. Python: `terminate()`.
    ///
    /// # Errors
    ///
    /// As [`send_signal`](Self::send_signal).
    pub fn terminate(&self) -> Result<()> {
        self.transport.terminate()
    }

    /// Ends it, with SIGKILL. Python: `kill()`.
    ///
    /// # Errors
    ///
    /// As [`send_signal`](Self::send_signal).
    pub fn kill(&self) -> Result<()> {
        self.transport.kill()
    }

    /// Ends it and all its descendants: SIGTERM to its process group, and SIGKILL to who is left after `grace`. Says how
    /// it ended itself.
    ///
    /// For a child with a group of its own, by [`process_group(0)`](super::CreateSubprocess::process_group),
    /// [`start_new_session`](super::CreateSubprocess::start_new_session) or
    /// [`terminate_on_drop`](super::CreateSubprocess::terminate_on_drop). Descendants that have left the group are not
    /// reached. If the child has ended already, those who are left of its group are ended.
    /// Where process 1 does not reap orphans, as in some containers, descendants that have ended count as left until
    /// `grace` is over.
    ///
    /// # Errors
    ///
    /// `ValueError` if it has no group of its own.
    ///
    /// # Cancellation
    ///
    /// SIGKILL comes after `grace` all the same.
    pub fn terminate_tree(&self, grace: Duration) -> TerminateTree {
        TerminateTree::new(self.transport.running().clone(), grace)
    }

    /// What stands behind it.
    pub fn transport(&self) -> &SubprocessTransport {
        &self.transport
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let running = self.transport.running();
        match running.ending {
            Ending::None => {}
            Ending::Kill if running.leads_group => end_tree(running, Duration::ZERO),
            Ending::Kill => {
                // It has ended by itself.
                let _ = self.kill();
            }
            Ending::Terminate(grace) => end_tree(running, grace),
        }
    }
}

impl fmt::Debug for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.transport.fmt(f)
    }
}
