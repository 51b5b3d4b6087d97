//! `communicate`: all input in, all output out, and the end.
//!
//! Nothing is taken out of the readers before everything is there, so that a cancel in between loses nothing.

use std::fmt;
use std::future::{Future, IntoFuture, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use super::process::Process;
use crate::exceptions::{Error, Result};
use crate::streams::{StreamReader, StreamWriter};
use crate::trace::{Branches, WaitsFor, keep};

/// What the child has written: to standard output, and to standard error.
type Output = (Option<Vec<u8>>, Option<Vec<u8>>);

/// What [`Process::communicate`] returns: `.await` it.
#[derive(Debug)]
#[must_use = "nothing is sent or read until this is awaited: write `.await`"]
pub struct Communicate<'a> {
    process: &'a mut Process,
    input: Vec<u8>,
}

/// What awaiting [`Communicate`] awaits.
#[must_use = "nothing is sent or read until this is awaited: write `.await`"]
pub struct Communicating<'a> {
    work: Pin<Box<dyn Future<Output = Result<Output>> + 'a>>,
}

impl<'a> Communicate<'a> {
    pub(super) fn new(process: &'a mut Process) -> Self {
        Self { process, input: Vec::new() }
    }

    /// What the child gets to read. Python: `input`.
    pub fn input(mut self, data: impl Into<Vec<u8>>) -> Self {
        self.input = data.into();
        self
    }
}

impl<'a> IntoFuture for Communicate<'a> {
    type Output = Result<Output>;
    type IntoFuture = Communicating<'a>;

    fn into_future(self) -> Communicating<'a> {
        Communicating { work: Box::pin(communicate(self.process, self.input)) }
    }
}

impl Future for Communicating<'_> {
    type Output = Result<Output>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<Output>> {
        self.work.as_mut().poll(context)
    }
}

async fn communicate(process: &mut Process, input: Vec<u8>) -> Result<Output> {
    feed(process.stdin.as_ref(), &input)?;
    drop(input);
    ended(process).await?;
    let taken = |reader: &mut Option<StreamReader>| reader.as_mut().map(StreamReader::take_all);
    Ok((taken(&mut process.stdout), taken(&mut process.stderr)))
}

/// Hands over all the input at once, so that it arrives also if nobody waits for that any more.
fn feed(stdin: Option<&StreamWriter>, input: &[u8]) -> Result<()> {
    let Some(stdin) = stdin else {
        if input.is_empty() {
            return Ok(());
        }
        return Err(Error::value_error(
            "communicate: nobody would read the input; start the process with stdin(PIPE), and leave it in its place",
        ));
    };
    let transport = stdin.transport();
    transport.set_write_hard_limit(usize::MAX);
    if !input.is_empty() {
        stdin.write(input);
    }
    stdin.close();
    Ok(())
}

/// Waits until all output is there and the child has ended.
async fn ended(process: &mut Process) -> Result<()> {
    let mut exit = pin!(process.wait());
    let mut exited = false;
    let pid = process.transport().running().child().pid() as usize;
    let mut ends = [&mut process.stdout, &mut process.stderr].map(|reader| reader.as_mut().map(StreamReader::at_end));
    poll_fn(|context| {
        let traced = Branches::begin();
        for place in &mut ends {
            let Some(end) = place else { continue };
            match Pin::new(end).poll(context) {
                Poll::Ready(result) => {
                    result?;
                    *place = None;
                }
                Poll::Pending => keep(),
            }
        }
        if !exited {
            match exit.as_mut().poll(context) {
                Poll::Ready(returncode) => {
                    returncode?;
                    exited = true;
                }
                Poll::Pending => keep(),
            }
        }
        if exited && ends.iter().all(Option::is_none) {
            return Poll::Ready(Ok(()));
        }
        traced.suspended(WaitsFor::Process, pid);
        Poll::Pending
    })
    .await
}

impl fmt::Debug for Communicating<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Communicating").finish_non_exhaustive()
    }
}
