//! A stream as the endpoint of a transport.
//!
//! Without the detour over a trait of the user's: nothing that is called here for bytes is the program's code, so nothing
//! has to be borrowed or to be caught.

use std::rc::Rc;

use super::protocol::StreamReaderProtocol;
use super::shared::Shared;
use crate::exceptions::{Error, Result};
use crate::protocols::{Binding, Bound, IntoEndpoint, Kind};
use crate::sys::Lease;
use crate::transports::{Endpoint, Transport};

/// The kind of [`StreamReaderProtocol`].
#[derive(Debug)]
#[expect(unnameable_types, reason = "it is inferred")]
pub struct Streams {
    shared: Rc<Shared>,
}

impl Kind for Streams {}

impl IntoEndpoint<Streams> for StreamReaderProtocol {
    fn bind(self) -> Binding<Self> {
        let kind = Streams { shared: self.shared().clone() };
        Binding::new(Bound::new(self, kind))
    }
}

impl Endpoint for Bound<StreamReaderProtocol, Streams> {
    fn connection_made(&self, transport: &Transport) -> Result<()> {
        self.call(|protocol| protocol.connected(transport))
    }

    fn data_received(&self, _transport: &Transport, data: &[u8]) -> Result<usize> {
        self.kind.shared.feed_data(data);
        Ok(data.len())
    }

    #[inline]
    fn lease_received(&self, _transport: &Transport, lease: &mut Lease<'_>, length: usize) -> Result<usize> {
        self.kind.shared.feed_lease(lease, length);
        Ok(length)
    }

    fn eof_received(&self, transport: &Transport) -> Result<bool> {
        self.kind.shared.feed_eof();
        // Over TLS both directions end together.
        Ok(transport.can_write_eof())
    }

    #[cfg(feature = "tls")]
    fn has_unread(&self) -> bool {
        !self.kind.shared.incoming.borrow().buffer.is_empty()
    }

    fn connection_lost(&self, _transport: &Transport, exc: Option<&Error>) -> Result<()> {
        self.kind.shared.connection_lost(exc);
        Ok(())
    }

    fn pause_writing(&self, _transport: &Transport) -> Result<()> {
        self.kind.shared.pause_writing();
        Ok(())
    }

    fn resume_writing(&self, _transport: &Transport) -> Result<()> {
        self.kind.shared.resume_writing();
        Ok(())
    }
}
