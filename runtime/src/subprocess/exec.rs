//! `create_subprocess_exec`, `create_subprocess_shell`, and their counterparts on the loop.

use std::ffi::OsStr;
use std::panic::Location;
use std::rc::Rc;

use super::create::{CreateSubprocess, Exec, Shell};
use super::options::Options;
use super::process::Process;
use super::protocol::{SubprocessProtocol, bind};
use super::start::start;
use super::transport::SubprocessTransport;
use super::{INHERIT, PIPE};
use crate::endpoints::Creating;
use crate::event_loop::{EventLoop, get_running_loop};
use crate::protocols::ProtocolHandle;

/// Starts a program. Python: `asyncio.create_subprocess_exec()`.
///
/// A name without a slash is looked for in `PATH`. Its standard streams are this program's own, unless another is asked
/// for. Starting takes the time of one system call, about half a millisecond, in which the loop does nothing else.
///
/// Awaiting it gives `OsError` with the path if there is no such program, or it may not be started; and `ValueError` for
/// options that make no sense.
///
/// # Cancellation
///
/// Once the child has been started it is killed and reaped.
///
/// # Examples
///
/// ```
/// # fn main() -> asyncio::Result<()> {
/// use asyncio::subprocess::PIPE;
///
/// asyncio::run(async {
///     let mut process = asyncio::create_subprocess_exec("echo").args(["hello", "world"]).stdout(PIPE).await?;
///     let (stdout, _) = process.communicate().await?;
///     assert_eq!(stdout.as_deref(), Some(&b"hello world\n"[..]));
///     assert_eq!(process.returncode(), Some(0));
///     Ok::<_, asyncio::Error>(())
/// })
/// # }
/// ```
#[track_caller]
pub fn create_subprocess_exec(program: impl AsRef<OsStr>) -> CreateSubprocess<Process> {
    high_level(Options::new(program.as_ref().to_owned(), Vec::new(), || INHERIT))
}

/// Has `/bin/sh` run a command line. Python: `asyncio.create_subprocess_shell()`.
///
/// Whoever puts foreign text into the line must quote it; [`create_subprocess_exec`] needs no quotes.
///
/// As there in all other particulars.
///
/// # Examples
///
/// ```
/// # fn main() -> asyncio::Result<()> {
/// asyncio::run(async {
///     let process = asyncio::create_subprocess_shell("exit 7").await?;
///     assert_eq!(process.wait().await?, 7);
///     Ok::<_, asyncio::Error>(())
/// })
/// # }
/// ```
#[track_caller]
pub fn create_subprocess_shell(cmd: impl AsRef<OsStr>) -> CreateSubprocess<Process, Shell> {
    high_level(Options::shell(cmd.as_ref(), || INHERIT))
}

#[track_caller]
fn high_level<C>(options: Box<Options>) -> CreateSubprocess<Process, C> {
    let (event_loop, site) = (get_running_loop(), Location::caller());
    CreateSubprocess::new(options, move |options| {
        Creating::new(async move { Process::create(event_loop?, options, site).await })
    })
}

impl EventLoop {
    /// Starts a program; the protocol that `factory` makes hears of it. Python: `loop.subprocess_exec()`.
    ///
    /// Other than in [`create_subprocess_exec`], which is the same in all other particulars, its standard streams are
    /// pipes unless another is asked for. When `.await` returns, `connection_made` was called.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> asyncio::Result<()> {
    /// use asyncio::{Future, SubprocessTransport};
    ///
    /// struct Output {
    ///     text: String,
    ///     ended: Future<()>,
    /// }
    ///
    /// #[asyncio::protocol]
    /// impl Output {
    ///     fn pipe_data_received(&mut self, data: &[u8]) {
    ///         self.text.push_str(&String::from_utf8_lossy(data));
    ///     }
    ///
    ///     fn connection_lost(&mut self, _transport: &SubprocessTransport) -> asyncio::Result<()> {
    ///         self.ended.set_result(())
    ///     }
    /// }
    ///
    /// asyncio::run(async {
    ///     let event_loop = asyncio::get_running_loop()?;
    ///     let ended = event_loop.create_future();
    ///     let output = Output { text: String::new(), ended: ended.clone() };
    ///     let (transport, output) = event_loop.subprocess_exec(|| output, "echo").arg("hello").await?;
    ///     ended.await?;
    ///     assert_eq!(output.with(|output| output.text.clone()), "hello\n");
    ///     assert_eq!(transport.get_returncode(), Some(0));
    ///     Ok::<_, asyncio::Error>(())
    /// })
    /// # }
    /// ```
    #[track_caller]
    pub fn subprocess_exec<F, P>(
        &self,
        factory: F,
        program: impl AsRef<OsStr>,
    ) -> CreateSubprocess<(SubprocessTransport, ProtocolHandle<P>), Exec>
    where
        F: FnOnce() -> P + 'static,
        P: SubprocessProtocol,
    {
        low_level(self.clone(), factory, Options::new(program.as_ref().to_owned(), Vec::new(), || PIPE))
    }

    /// Has `/bin/sh` run a command line; the protocol that `factory` makes hears of it. Python:
    /// `loop.subprocess_shell()`.
    ///
    /// As [`subprocess_exec`](Self::subprocess_exec).
    #[track_caller]
    pub fn subprocess_shell<F, P>(
        &self,
        factory: F,
        cmd: impl AsRef<OsStr>,
    ) -> CreateSubprocess<(SubprocessTransport, ProtocolHandle<P>), Shell>
    where
        F: FnOnce() -> P + 'static,
        P: SubprocessProtocol,
    {
        low_level(self.clone(), factory, Options::shell(cmd.as_ref(), || PIPE))
    }
}

#[track_caller]
fn low_level<F, P, C>(
    event_loop: EventLoop,
    factory: F,
    options: Box<Options>,
) -> CreateSubprocess<(SubprocessTransport, ProtocolHandle<P>), C>
where
    F: FnOnce() -> P + 'static,
    P: SubprocessProtocol,
{
    let site = Location::caller();
    CreateSubprocess::new(options, move |options| {
        Creating::new(async move {
            // Before the child is there, so that a factory that panics leaves none behind.
            let bound = bind(factory());
            let handle = ProtocolHandle::new(Rc::clone(&bound));
            let transport = start(&event_loop, options, bound, site)?.await?;
            Ok((transport, handle))
        })
    })
}
