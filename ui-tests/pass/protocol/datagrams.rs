#![deny(warnings, missing_docs, unused_qualifications)]
//! Datagram protocols.

use std::net::SocketAddr;

use asyncio::{DatagramProtocol, DatagramTransport, Error};

/// Everything.
pub struct Everything<T> {
    last: Option<T>,
}

#[asyncio::protocol]
impl<T: 'static> Everything<T> {
    fn connection_made(&mut self, _transport: &DatagramTransport) {}

    fn datagram_received(&mut self, transport: &DatagramTransport, data: &[u8], addr: SocketAddr) -> asyncio::Result<()> {
        transport.sendto(data, addr)
    }

    fn error_received(&mut self, _transport: &DatagramTransport, exc: &Error) -> Result<(), Error> {
        Err(exc.clone())
    }

    fn connection_lost(&mut self, _exc: Option<&Error>) {
        self.last = None;
    }

    fn pause_writing(&self) {}

    fn resume_writing(&self, transport: &DatagramTransport) {
        transport.close();
    }
}

struct Errors;

#[asyncio::protocol]
impl Errors {
    fn error_received(&mut self) {}
}

fn needs(_: impl DatagramProtocol) {}

fn main() {
    needs(Everything::<u8> { last: None });
    needs(Errors);
}
