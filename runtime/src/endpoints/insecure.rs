//! What `secure.rs` is where the crate is built without TLS: nothing is between a protocol and its transport.

use std::rc::Rc;

use super::server::Factory;
use crate::event_loop::Inner;
use crate::exceptions::Result;
use crate::future::Future;
use crate::transports::{Endpoint, Medium, Stream, Transport};

#[derive(Debug, Default)]
pub(crate) struct Secure;

impl Secure {
    pub(super) fn for_client(self, _caller: &str, _host: Option<&str>) -> Result<Self> {
        Ok(self)
    }

    pub(super) fn for_server(self, _caller: &str) -> Result<Self> {
        Ok(self)
    }

    pub(super) fn dress(&self, _inner: &Rc<Inner>, endpoint: Rc<dyn Endpoint>) -> Result<Dressed> {
        Ok(Dressed { endpoint })
    }

    pub(super) fn dress_all(self, _inner: &Rc<Inner>, factory: Factory) -> Factory {
        factory
    }
}

pub(super) struct Dressed {
    endpoint: Rc<dyn Endpoint>,
}

impl Dressed {
    pub(super) fn endpoint(&self) -> Rc<dyn Endpoint> {
        self.endpoint.clone()
    }

    pub(super) fn start<M: Medium>(self, stream: &Rc<Stream<M>>, made: Future<()>) -> Transport {
        stream.start(Some(made));
        stream.transport()
    }
}
