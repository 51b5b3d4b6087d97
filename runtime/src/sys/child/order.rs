//! What child is to be started, in words that every system knows.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process;

use super::Preparation;
use crate::sys::OwnedFile;

/// A child to be started.
#[derive(Debug)]
pub(crate) struct Order {
    /// The file that runs. A name without a slash is looked for in the folders of `PATH`.
    pub(crate) executable: OsString,
    /// What the program is called, if not so.
    pub(crate) name: Option<OsString>,
    pub(crate) args: Vec<OsString>,
    /// All of its environment; `None`: this process's own.
    pub(crate) env: Option<Vec<(OsString, OsString)>>,
    pub(crate) cwd: Option<PathBuf>,
    /// Its process group; zero is a new one.
    pub(crate) group: Option<i32>,
    pub(crate) preparation: Preparation,
    /// Its standard streams.
    pub(crate) streams: [Stream; 3],
}

/// What one standard stream of a child is.
#[derive(Debug)]
pub(crate) enum Stream {
    /// This process's own.
    Inherit,
    Null,
    File(OwnedFile),
}

impl Order {
    /// As std has it, but for what only some systems know.
    pub(super) fn command(&mut self) -> process::Command {
        let mut command = process::Command::new(&self.executable);
        command.args(&self.args);
        if let Some(env) = self.env.take() {
            command.env_clear().envs(env);
        }
        if let Some(cwd) = &self.cwd {
            command.current_dir(cwd);
        }
        let [stdin, stdout, stderr] = std::mem::replace(&mut self.streams, [const { Stream::Inherit }; 3]);
        command.stdin(stdin).stdout(stdout).stderr(stderr);
        command
    }
}

impl From<Stream> for process::Stdio {
    fn from(stream: Stream) -> Self {
        match stream {
            Stream::Inherit => Self::inherit(),
            Stream::Null => Self::null(),
            Stream::File(file) => file.into(),
        }
    }
}
