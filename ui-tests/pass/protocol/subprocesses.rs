#![deny(warnings, missing_docs, unused_qualifications)]
//! Subprocess protocols: known by any of three callbacks, each with the arguments that it wants.

use asyncio::{Error, SubprocessProtocol, SubprocessTransport};

struct Quiet;

#[asyncio::protocol]
impl Quiet {
    fn process_exited(&mut self) {}
}

struct Whole;

#[asyncio::protocol]
impl Whole {
    fn connection_made(&mut self, _transport: &SubprocessTransport) {}

    fn pipe_data_received(&mut self, transport: &SubprocessTransport, fd: i32, data: &[u8]) -> asyncio::Result<()> {
        println!("{transport:?} {fd} {data:?}");
        Ok(())
    }

    fn pipe_connection_lost(&mut self, fd: i32, exc: Option<&Error>) {
        println!("{fd} {exc:?}");
    }

    fn connection_lost(&mut self, _exc: Option<&Error>) {}

    fn pause_writing(&mut self) {}

    fn resume_writing(&mut self, _transport: &SubprocessTransport) {}
}

fn is_one<P: SubprocessProtocol>(_protocol: P) {}

fn main() {
    is_one(Quiet);
    is_one(Whole);
}
