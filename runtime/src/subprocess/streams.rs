//! A child's pipes as streams: what Python calls `SubprocessStreamProtocol`.

use std::any::Any;
use std::rc::Rc;

use super::protocol::SubprocessEndpoint;
use super::transport::SubprocessTransport;
use crate::event_loop::ExceptionContext;
use crate::exceptions::{Error, Result};
use crate::protocols::Binding;
use crate::streams::{StreamReader, StreamReaderProtocol, StreamWriter};
use crate::transports::{AnyProtocol, Endpoint, Transport};

/// The streams' side of a child.
pub(super) struct Streams {
    /// Of standard input, output and error; `None` for what is no pipe.
    endpoints: [Option<Rc<dyn Endpoint>>; 3],
    stdin: Option<StreamReaderProtocol>,
}

/// The sides that a program holds.
#[derive(Debug)]
pub(super) struct Ends {
    pub(super) stdin: Option<StreamWriter>,
    pub(super) stdout: Option<StreamReader>,
    pub(super) stderr: Option<StreamReader>,
}

impl Streams {
    /// Streams for those of the three that are pipes; most children have fewer.
    pub(super) fn new(limit: usize, pipes: [bool; 3]) -> Result<(Rc<Self>, [Option<StreamReader>; 2])> {
        // Most children have none.
        if pipes == [false; 3] && limit > 0 {
            return Ok((Rc::new(Self { endpoints: [const { None }; 3], stdin: None }), [None, None]));
        }
        let [has_stdin, has_stdout, has_stderr] = pipes;
        // A limit that makes no sense is an error even where it is not needed.
        let reader = |is_pipe: bool| (is_pipe || limit == 0).then(|| StreamReader::with_limit(limit)).transpose();
        let (stdout, stderr) = (reader(has_stdout)?, reader(has_stderr)?);
        let stdin = has_stdin.then(StreamReaderProtocol::without_reader);
        let protocol = |reader: &Option<StreamReader>| reader.as_ref().map(StreamReaderProtocol::new);
        let protocols = [stdin.clone(), protocol(&stdout), protocol(&stderr)];
        let endpoints = protocols.map(|protocol| protocol.map(|protocol| Binding::of(protocol).endpoint));
        Ok((Rc::new(Self { endpoints, stdin }), [stdout, stderr]))
    }

    pub(super) fn ends(&self, transport: &SubprocessTransport, readers: [Option<StreamReader>; 2]) -> Ends {
        let [stdout, stderr] = readers;
        let pipe = transport.get_pipe_transport(0);
        let stdin = pipe.zip(self.stdin.as_ref()).map(|(pipe, protocol)| StreamWriter::new(pipe, protocol));
        Ends { stdin, stdout, stderr }
    }

    /// Tells the stream of one pipe.
    fn tell(
        &self,
        transport: &SubprocessTransport,
        fd: i32,
        call: impl FnOnce(&dyn Endpoint, &Transport) -> Result<()>,
    ) -> Result<()> {
        let endpoint = usize::try_from(fd).ok().and_then(|fd| self.endpoints.get(fd)?.as_ref());
        let Some(endpoint) = endpoint else { return Ok(()) };
        transport.get_pipe_transport(fd).map_or(Ok(()), |pipe| call(&**endpoint, &pipe))
    }
}

impl AnyProtocol for Streams {
    fn is_busy(&self) -> bool {
        false
    }

    fn report(self: Rc<Self>, context: ExceptionContext) -> ExceptionContext {
        context
    }

    fn hand_out(self: Rc<Self>, _slot: &mut dyn Any) {}
}

impl SubprocessEndpoint for Streams {
    fn connection_made(&self, transport: &SubprocessTransport) -> Result<()> {
        for fd in 0..3 {
            self.tell(transport, fd, |stream, pipe| stream.connection_made(pipe))?;
        }
        Ok(())
    }

    fn pipe_data_received(&self, transport: &SubprocessTransport, fd: i32, data: &[u8]) -> Result<()> {
        self.tell(transport, fd, |stream, pipe| stream.data_received(pipe, data).map(drop))
    }

    fn pipe_connection_lost(&self, transport: &SubprocessTransport, fd: i32, exc: Option<&Error>) -> Result<()> {
        self.tell(transport, fd, |stream, pipe| stream.connection_lost(pipe, exc))
    }

    fn process_exited(&self, _transport: &SubprocessTransport) -> Result<()> {
        Ok(())
    }

    fn connection_lost(&self, _transport: &SubprocessTransport) -> Result<()> {
        Ok(())
    }

    fn pause_writing(&self, transport: &SubprocessTransport) -> Result<()> {
        self.tell(transport, 0, |stream, pipe| stream.pause_writing(pipe))
    }

    fn resume_writing(&self, transport: &SubprocessTransport) -> Result<()> {
        self.tell(transport, 0, |stream, pipe| stream.resume_writing(pipe))
    }
}
