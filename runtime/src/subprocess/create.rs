//! `CreateSubprocess`: the options of a child, in Python's words.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::future::IntoFuture;
use std::marker::PhantomData;
use std::path::Path;
use std::time::Duration;

use super::options::{Ending, Options};
use super::process::Process;
use super::stdio::Stdio;
use crate::endpoints::Creating;
use crate::exceptions::{Error, Result};
use crate::sys::{AsRawFd, PreExec, raw};

/// Starts a program.
#[derive(Debug)]
#[non_exhaustive]
pub struct Exec;

/// Starts a shell.
#[derive(Debug)]
#[non_exhaustive]
pub struct Shell;

/// A child to be started: options, and then `.await`. See
/// [`create_subprocess_exec`](crate::create_subprocess_exec()) and
/// [`EventLoop::subprocess_exec`](crate::EventLoop::subprocess_exec).
///
/// Of the words that Python has beside these, `text`, `encoding`, `errors`, `universal_newlines` and `bufsize` do not
/// exist, as they are errors there; `close_fds` neither, as every descriptor that Rust opens is closed in the child.
///
/// # Speed
///
/// A child is started by `posix_spawn`, as fast from a large program as from a small one; where the program has one thread,
/// Linux and glibc 2.32, in a way of our own that takes a sixth less of the parent's time, unless it is given an [`env`] or
/// [`pass_fds`]. [`umask`], [`user`], [`group`],
/// [`extra_groups`] and [`pre_exec`] need a `fork`, which takes the longer the more memory the program has, about 10 ms a
/// GiB. Elsewhere than on Linux, and with a glibc before 2.29, [`start_new_session`], [`pass_fds`] and an [`env`] do too.
///
/// [`env`]: Self::env
/// [`start_new_session`]: Self::start_new_session
/// [`umask`]: Self::umask
/// [`user`]: Self::user
/// [`group`]: Self::group
/// [`extra_groups`]: Self::extra_groups
/// [`pass_fds`]: Self::pass_fds
/// [`pre_exec`]: Self::pre_exec
#[must_use = "nothing is started until this is awaited: write `.await`"]
pub struct CreateSubprocess<T, C = Exec> {
    /// In one place, as the rest is moved again and again until it is awaited.
    options: Box<Options>,
    start: Box<dyn FnOnce(Box<Options>) -> Creating<T>>,
    /// The first option that makes no sense.
    mistake: Option<Error>,
    command: PhantomData<C>,
}

impl<T, C> CreateSubprocess<T, C> {
    pub(super) fn new(options: Box<Options>, start: impl FnOnce(Box<Options>) -> Creating<T> + 'static) -> Self {
        Self { options, start: Box::new(start), mistake: None, command: PhantomData }
    }

    /// What the child reads. Python: `stdin`.
    pub fn stdin(mut self, stdin: impl Into<Stdio>) -> Self {
        self.options.stdin = stdin.into();
        self
    }

    /// Where its output goes. Python: `stdout`.
    pub fn stdout(mut self, stdout: impl Into<Stdio>) -> Self {
        self.options.stdout = stdout.into();
        self
    }

    /// Where its messages go. Python: `stderr`.
    pub fn stderr(mut self, stderr: impl Into<Stdio>) -> Self {
        self.options.stderr = stderr.into();
        self
    }

    /// In which directory it runs. Python: `cwd`.
    pub fn cwd(mut self, cwd: impl AsRef<Path>) -> Self {
        self.options.cwd = Some(cwd.as_ref().to_owned());
        self
    }

    /// All of its environment; without this it has this program's. Python: `env`.
    ///
    /// To add to what there is, chain with `std::env::vars_os()`.
    pub fn env<N: Into<OsString>, V: Into<OsString>>(mut self, env: impl IntoIterator<Item = (N, V)>) -> Self {
        self.options.env = Some(env.into_iter().map(|(name, value)| (name.into(), value.into())).collect());
        self
    }

    /// Which file runs, whatever the program is called. Python: `executable`.
    pub fn executable(mut self, executable: impl AsRef<OsStr>) -> Self {
        self.options.executable = Some(executable.as_ref().to_owned());
        self
    }

    /// Descriptors that the child has too, by the same numbers. Python: `pass_fds`.
    ///
    /// They must stay open until the child is started.
    pub fn pass_fds<'a, F: AsRawFd + 'a>(mut self, fds: impl IntoIterator<Item = &'a F>) -> Self {
        self.options.preparation.pass_fds = fds.into_iter().map(raw).collect();
        self
    }

    /// Whether it leads a session, and so a process group, of its own. Python: `start_new_session`.
    pub fn start_new_session(mut self, enabled: bool) -> Self {
        self.options.preparation.start_new_session = enabled;
        self
    }

    /// In which process group it is; 0 is a new one that it leads. Python: `process_group`.
    pub fn process_group(mut self, group: i32) -> Self {
        if group < 0 {
            let message = format!("process_group: {group} is no number of a group; 0 makes a new one");
            self.mistake.get_or_insert(Error::value_error(message));
        }
        self.options.process_group = Some(group);
        self
    }

    /// Under which user it runs, by number. Python: `user`.
    pub fn user(mut self, uid: u32) -> Self {
        self.options.preparation.user = Some(uid);
        self
    }

    /// Under which group of users it runs, by number. Python: `group`.
    pub fn group(mut self, gid: u32) -> Self {
        self.options.preparation.group = Some(gid);
        self
    }

    /// Under which further groups of users it runs, by number. Python: `extra_groups`.
    pub fn extra_groups(mut self, gids: impl IntoIterator<Item = u32>) -> Self {
        self.options.preparation.extra_groups = Some(gids.into_iter().collect());
        self
    }

    /// Which permissions files do not get that it makes. Python: `umask`.
    pub fn umask(mut self, mask: u32) -> Self {
        self.options.preparation.umask = Some(mask);
        self
    }

    /// What runs in the child right before its program. Python: `preexec_fn`.
    ///
    /// Making a [`PreExec`] is unsafe, and says why.
    pub fn pre_exec(mut self, hook: PreExec) -> Self {
        self.options.preparation.pre_exec = Some(hook);
        self
    }
}

impl<T> CreateSubprocess<T, Exec> {
    /// One more argument of the program.
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.options.args.push(arg.as_ref().to_owned());
        self
    }

    /// More arguments of the program. Python: `*args`.
    pub fn args<A: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.options.args.extend(args.into_iter().map(|arg| arg.as_ref().to_owned()));
        self
    }
}

impl<C> CreateSubprocess<Process, C> {
    /// How many bytes a line of its output may have; 64 KiB. Python: `limit`.
    ///
    /// Reading pauses when twice as many have come in and were not read, and then the child waits.
    pub fn limit(mut self, bytes: usize) -> Self {
        self.options.limit = bytes;
        self
    }

    /// Whether the child is killed when its [`Process`] is dropped, which a cancel or a timeout does.
    ///
    /// With it everybody in its process group, if it leads one. Without this option it goes on, and the loop reaps it
    /// when it ends. To end it politely there is [`terminate_on_drop`](Self::terminate_on_drop).
    pub fn kill_on_drop(mut self, enabled: bool) -> Self {
        self.options.ending = if enabled { Ending::Kill } else { Ending::None };
        self
    }

    /// The child and all its descendants are asked to end when its [`Process`] is dropped, which a cancel or a timeout
    /// does.
    ///
    /// It leads a process group of its own then, to which its descendants belong unless they leave it. All of them get
    /// SIGTERM at once, and who is left after `grace` gets SIGKILL. The loop sees to that; if it is closed meanwhile,
    /// SIGKILL comes at once.
    pub fn terminate_on_drop(mut self, grace: Duration) -> Self {
        self.options.ending = Ending::Terminate(grace);
        self
    }
}

impl<T: 'static, C> IntoFuture for CreateSubprocess<T, C> {
    type Output = Result<T>;
    type IntoFuture = Creating<T>;

    fn into_future(self) -> Creating<T> {
        match self.mistake {
            Some(mistake) => Creating::new(async { Err(mistake) }),
            None => (self.start)(self.options),
        }
    }
}

impl<T, C> fmt::Debug for CreateSubprocess<T, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CreateSubprocess").field("options", &self.options).finish_non_exhaustive()
    }
}
