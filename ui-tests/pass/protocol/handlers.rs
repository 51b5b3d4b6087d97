#![deny(warnings, missing_docs, unused_qualifications)]
//! Subsets of arguments, results, helpers, conditions.

use asyncio::{Error, Protocol, Transport};

/// Everything.
#[derive(Default)]
pub struct Everything {
    bytes: usize,
}

#[asyncio::protocol]
impl Everything {
    const LIMIT: usize = 1024;

    fn connection_made(&mut self, _transport: &Transport) -> asyncio::Result<()> {
        self.reset();
        Ok(())
    }

    fn data_received<'a>(&mut self, transport: &'a Transport, mut data: &'a [u8]) {
        data = &data[..data.len().min(Self::LIMIT)];
        self.bytes += data.len();
        transport.write(data);
    }

    #[cfg(any())]
    fn pause_writing(&mut self) {
        does_not_compile();
    }

    #[cfg(all())]
    fn eof_received(&self) -> bool {
        true
    }

    #[cfg(any())]
    fn eof_received(&self) -> bool {
        false
    }

    fn connection_lost(&mut self, exc: Option<&Error>) -> Result<(), std::io::Error> {
        exc.map_or(Ok(()), |error| Err(error.clone().into()))
    }

    fn reset(&mut self) {
        self.bytes = 0;
    }
}

struct Nothing;

#[asyncio::protocol]
impl Nothing {}

fn needs(_: impl Protocol) {}

fn main() {
    needs(Everything::default());
    needs(Nothing);
}
