//! Standard input and output as pipes: <https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.loop.connect_read_pipe>
//!
//! `stdin_pipe` copies its input to its output, each line with its number, until the input ends or Ctrl-C comes.
//! Neither of them blocks: what comes in waits while what goes out is not taken.

use std::io::ErrorKind;
use std::os::fd::{AsFd, OwnedFd};

use asyncio::{Error, Future, Transport};

/// The input, which knows where to write.
pub struct Numbers {
    pub output: Transport,
    pub count: u64,
    pub at_start: bool,
    pub done: Future<()>,
}

#[asyncio::protocol]
impl Numbers {
    fn data_received(&mut self, data: &[u8]) {
        for line in data.split_inclusive(|byte| *byte == b'\n') {
            // Nobody reads any more.
            if self.output.is_closing() {
                return;
            }
            if self.at_start {
                self.count += 1;
                self.output.write(format!("{:6}  ", self.count).as_bytes());
            }
            self.output.write(line);
            self.at_start = line.ends_with(b"\n");
        }
    }

    fn connection_lost(&mut self, exc: Option<&Error>) {
        finish(&self.done, exc);
    }
}

/// The output, which steers the input.
struct Output {
    input: Option<Transport>,
    done: Future<()>,
}

#[asyncio::protocol]
impl Output {
    fn pause_writing(&mut self) {
        if let Some(input) = &self.input {
            input.pause_reading();
        }
    }

    fn resume_writing(&mut self) {
        if let Some(input) = &self.input {
            input.resume_reading();
        }
    }

    fn connection_lost(&mut self, exc: Option<&Error>) {
        // Nobody reads any more, as after `stdin_pipe | head`: that is no error, and nothing has to be read either.
        if let Some(input) = &self.input {
            input.close();
        }
        finish(&self.done, exc.filter(|error| error.io_kind() != Some(ErrorKind::BrokenPipe)));
    }
}

fn finish(done: &Future<()>, exc: Option<&Error>) {
    // Who waited may have been cancelled, or it was done before.
    let _ = match exc {
        Some(error) => done.set_exception(error.clone()),
        None => done.set_result(()),
    };
}

/// A descriptor of our own: the transport closes it.
fn own(stream: &impl AsFd) -> asyncio::Result<OwnedFd> {
    Ok(stream.as_fd().try_clone_to_owned()?)
}

#[asyncio::main]
async fn main() -> asyncio::Result<()> {
    let event_loop = asyncio::get_running_loop()?;
    let (read, written) = (event_loop.create_future(), event_loop.create_future());
    let output = Output { input: None, done: written.clone() };
    let (to, output) = event_loop.connect_write_pipe(move || output, own(&std::io::stdout())?).await?;
    let numbers = Numbers { output: to.clone(), count: 0, at_start: true, done: read.clone() };
    let (from, _numbers) = event_loop.connect_read_pipe(move || numbers, own(&std::io::stdin())?).await?;
    output.with(|output| output.input = Some(from.clone()));
    if to.is_closing() {
        from.close();
    }
    read.await?;
    to.close();
    written.await
}
