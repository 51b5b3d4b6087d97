//! The options of a child, and the command that they make.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::stdio::Stdio;
use crate::exceptions::{Error, Result};
use crate::sys::{Child, Preparation};

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
    pub(super) ends: [Option<OwnedFd>; 3],
    /// It is the first member of a process group of its own.
    pub(super) leads_group: bool,
    pub(super) ending: Ending,
}

impl Options {
    pub(super) fn new(program: OsString, args: Vec<OsString>, streams: fn() -> Stdio) -> Self {
        Self {
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
        }
    }

    /// The options of a command line that the shell understands.
    pub(super) fn shell(cmd: &OsStr, streams: fn() -> Stdio) -> Self {
        Self::new("/bin/sh".into(), vec!["-c".into(), cmd.into()], streams)
    }

    pub(super) fn start(self) -> Result<Started> {
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
        let mut command = Command::new(self.executable.as_ref().unwrap_or(&self.program));
        if self.executable.is_some() {
            command.arg0(&self.program);
        }
        command.args(&self.args);
        if let Some(env) = self.env {
            command.env_clear().envs(env);
        }
        if let Some(cwd) = &self.cwd {
            command.current_dir(cwd);
        }
        if let Some(group) = group {
            command.process_group(group);
        }
        self.preparation.apply(&mut command);
        let ends = connect(&mut command, self.stdin, self.stdout, self.stderr)?;
        let child = match Child::spawn(&mut command) {
            Ok(child) => child,
            Err(error) => return Err(refused(error, &self.executable.unwrap_or(self.program), self.cwd)),
        };
        Ok(Started { child, ends, leads_group, ending: self.ending })
    }
}

/// Puts the streams in their places; our ends come back.
fn connect(command: &mut Command, stdin: Stdio, stdout: Stdio, stderr: Stdio) -> Result<[Option<OwnedFd>; 3]> {
    let (theirs, to_stdin) = stdin.read_by_child()?;
    command.stdin(theirs);
    let into_stdout = stderr.is_stdout();
    let written = stdout.written_by_child(into_stdout)?;
    command.stdout(written.theirs);
    let from_stdout = written.ours;
    let from_stderr = match written.copy {
        Some(copy) => {
            command.stderr(copy);
            None
        }
        None => {
            let written = stderr.written_by_child(false)?;
            command.stderr(written.theirs);
            written.ours
        }
    };
    Ok([to_stdin, from_stdout, from_stderr])
}

/// The error of the start, with the path that it concerns.
fn refused(error: io::Error, program: &OsStr, cwd: Option<PathBuf>) -> Error {
    match cwd.filter(|cwd| !cwd.is_dir()) {
        Some(cwd) => Error::os_error_at(error, cwd.display()),
        None => Error::os_error_at(error, Path::new(program).display()),
    }
}
