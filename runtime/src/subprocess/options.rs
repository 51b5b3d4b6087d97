//! The options of a child, and the command that they make.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::stdio::Stdio;
use crate::exceptions::{Error, Result};
use crate::sys::{Child, Order, OwnedFile, Preparation, Stream};

/// What the program asked for.
#[derive(Debug)]
pub(super) struct Options {
    pub(super) program: OsString,
    pub(super) args: Vec<OsString>,
    pub(super) executable: Option<OsString>,
    pub(super) stdin: Stdio,
    pub(super) stdout: Stdio,
    pub(super) stderr: Stdio,
    pub(super) cwd: Option<PathBuf>,
    pub(super) env: Option<Vec<(OsString, OsString)>>,
    pub(super) process_group: Option<i32>,
    pub(super) preparation: Preparation,
    pub(super) limit: usize,
    pub(super) ending: Ending,
}

/// What happens to a child whose `Process` is dropped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Ending {
    /// It goes on.
    #[default]
    None,
    Kill,
    /// SIGTERM, and SIGKILL after so long.
    Terminate(Duration),
}

/// A child that has just been started, and our ends of its pipes.
#[derive(Debug)]
pub(super) struct Started {
    pub(super) child: Child,
    pub(super) ends: [Option<OwnedFile>; 3],
    /// It is the first member of a process group of its own.
    pub(super) leads_group: bool,
    pub(super) ending: Ending,
}

impl Options {
    pub(super) fn new(program: OsString, args: Vec<OsString>, streams: fn() -> Stdio) -> Box<Self> {
        Box::new(Self {
            program,
            args,
            executable: None,
            stdin: streams(),
            stdout: streams(),
            stderr: streams(),
            cwd: None,
            env: None,
            process_group: None,
            preparation: Preparation::default(),
            limit: 64 * 1024,
            ending: Ending::None,
        })
    }

    /// The options of a command line that the shell understands.
    pub(super) fn shell(cmd: &OsStr, streams: fn() -> Stdio) -> Box<Self> {
        Self::new("/bin/sh".into(), vec!["-c".into(), cmd.into()], streams)
    }

    /// Which of the three standard streams are pipes.
    pub(super) fn pipes(&self) -> [bool; 3] {
        [&self.stdin, &self.stdout, &self.stderr].map(Stdio::is_pipe)
    }

    /// Refuses what no program can be given, or not as it is written.
    fn check_texts(&self) -> Result<()> {
        let has_nul = |text: &OsStr| text.as_encoded_bytes().contains(&0);
        let texts = [&self.program].into_iter().chain(&self.args).chain(&self.executable).map(OsString::as_os_str);
        let texts = texts.chain(self.cwd.as_deref().map(Path::as_os_str));
        let variables = self.env.as_deref().unwrap_or_default();
        let texts = texts.chain(variables.iter().flat_map(|(name, value)| [name.as_os_str(), value.as_os_str()]));
        if let Some(text) = texts.into_iter().find(|text| has_nul(text)) {
            return Err(Error::value_error(format!("create_subprocess: {text:?} contains a byte that is zero")));
        }
        // One at the beginning belongs to the name, as std reads the environment.
        let is_odd = |name: &OsStr| name.as_encoded_bytes().iter().skip(1).any(|byte| *byte == b'=');
        match variables.iter().find(|(name, _)| is_odd(name)) {
            Some((name, _)) => Err(Error::value_error(format!("env: the name {name:?} of a variable contains '='"))),
            None => Ok(()),
        }
    }

    pub(super) fn start(self) -> Result<Started> {
        self.check_texts()?;
        let group = match (self.ending, self.process_group) {
            (Ending::Terminate(_), None) if !self.preparation.start_new_session => Some(0),
            (_, group) => group,
        };
        let leads_group = self.preparation.start_new_session || group == Some(0);
        if matches!(self.ending, Ending::Terminate(_)) && !leads_group {
            return Err(Error::value_error(
                "terminate_on_drop: ends the child's own process group, and process_group() puts it into another; leave \
                 that out",
            ));
        }
        let (streams, ends) = connect(self.stdin, self.stdout, self.stderr)?;
        // What it is called is the program, whatever runs.
        let (executable, name) = match self.executable {
            Some(executable) => (executable, Some(self.program)),
            None => (self.program, None),
        };
        let (args, env, preparation) = (self.args, self.env, self.preparation);
        let mut order = Order { executable, name, args, env, cwd: self.cwd, group, preparation, streams };
        match Child::spawn(&mut order) {
            Ok(child) => Ok(Started { child, ends, leads_group, ending: self.ending }),
            Err(error) => Err(refused(error, &order.executable, order.cwd)),
        }
    }
}

/// The child's sides of the streams, and ours.
fn connect(stdin: Stdio, stdout: Stdio, stderr: Stdio) -> Result<([Stream; 3], [Option<OwnedFile>; 3])> {
    let (stdin, to_stdin) = stdin.read_by_child()?;
    let stdout = stdout.written_by_child(stderr.is_stdout())?;
    let (stderr, from_stderr) = match stdout.copy {
        Some(copy) => (copy, None),
        None => {
            let stderr = stderr.written_by_child(false)?;
            (stderr.theirs, stderr.ours)
        }
    };
    Ok(([stdin, stdout.theirs, stderr], [to_stdin, stdout.ours, from_stderr]))
}

/// The error of the start, with the path that it concerns.
fn refused(error: io::Error, program: &OsStr, cwd: Option<PathBuf>) -> Error {
    match cwd.filter(|cwd| !cwd.is_dir()) {
        Some(cwd) => Error::os_error_at(error, cwd.display()),
        None => Error::os_error_at(error, Path::new(program).display()),
    }
}
