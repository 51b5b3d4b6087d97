//! Stream protocols as endpoints: the bytes are lent to them as they come.

use super::bound::Kind;
use super::handler::Started;
use super::{Bound, Protocol};
use crate::exceptions::{Error, Result};
use crate::transports::{Endpoint, Transport};

/// The kind that gets its data lent: [`Protocol`].
#[derive(Debug)]
#[expect(unnameable_types, reason = "it is inferred")]
pub struct Streaming;

impl Kind for Streaming {}

impl<P: Protocol> Endpoint for Bound<P, Streaming> {
    fn connection_made(&self, transport: &Transport) -> Result<()> {
        match P::start_connection_made(transport)? {
            Started::Not => self.call(|protocol| protocol.connection_made(transport)),
            Started::Done | Started::Running => Ok(()),
        }
    }

    #[inline]
    fn data_received(&self, transport: &Transport, data: &[u8]) -> Result<usize> {
        if P::start_data_received(transport, data)? == Started::Not {
            self.call(|protocol| protocol.data_received(transport, data))?;
        }
        Ok(data.len())
    }

    #[cfg(feature = "tls")]
    fn has_unread(&self) -> bool {
        // While it runs it has what came.
        self.call(|protocol| Ok(protocol.has_unread())).unwrap_or(false)
    }

    fn eof_received(&self, transport: &Transport) -> Result<bool> {
        match P::start_eof_received(transport)? {
            Started::Not => self.call(|protocol| protocol.eof_received(transport)),
            // The handler closes the connection if it wants that.
            Started::Done | Started::Running => Ok(true),
        }
    }

    fn connection_lost(&self, transport: &Transport, exc: Option<&Error>) -> Result<()> {
        self.call(|protocol| protocol.connection_lost(transport, exc))
    }

    fn pause_writing(&self, transport: &Transport) -> Result<()> {
        self.call(|protocol| protocol.pause_writing(transport))
    }

    fn resume_writing(&self, transport: &Transport) -> Result<()> {
        self.call(|protocol| protocol.resume_writing(transport))
    }
}
