//! A protocol that writes while it receives, when nothing can be sent any more.

use std::net::Shutdown;

use asyncio::{Error, Transport};

use super::kinds::against;
use super::peers::write;
use crate::support::journal::Journal;
use crate::support::net::settle;

/// Memory for seven bytes; pauses when `p` comes last, and writes in vain when `f` does.
struct Answering {
    memory: [u8; 7],
    journal: Journal,
}

#[asyncio::protocol]
impl Answering {
    fn get_buffer(&mut self) -> &mut [u8] {
        &mut self.memory
    }

    fn buffer_updated(&mut self, transport: &Transport, nbytes: usize) -> asyncio::Result<()> {
        let data = &self.memory[..nbytes];
        self.journal.note(format!("data {}", String::from_utf8_lossy(data)));
        if data.ends_with(b"p") {
            transport.pause_reading();
        } else if data.ends_with(b"f") {
            transport.socket().expect("it stands on a socket").shutdown(Shutdown::Write)?;
            transport.write(b"an answer");
            assert!(transport.is_closing());
        }
        Ok(())
    }

    fn connection_lost(&mut self, exc: Option<&Error>) {
        self.journal.note(exc.map_or_else(|| "lost".to_owned(), |error| format!("lost {error}")));
    }
}

#[asyncio::test(timeout = "10s")]
async fn the_rest_of_a_record_is_nobodys_when_the_answer_to_its_beginning_cannot_be_sent() {
    for data in ["seven.fthe rest", "seven.pseven.fthe rest"] {
        let journal = Journal::default();
        let (transport, _, peer) = against(Answering { memory: [0; 7], journal: journal.clone() }, |mut peer| {
            write(&mut peer, data.as_bytes());
            // Until the other side has gone.
            let _ = std::io::Read::read(&mut peer, &mut [0; 1]);
        })
        .await;
        if data.contains('p') {
            journal.wait_for("data seven.p").await;
            settle().await;
            transport.resume_reading();
        }
        let lost = journal.wait_for("lost").await;
        peer.await.unwrap();
        assert_ne!(lost, "lost");
        let entries = journal.entries();
        assert_eq!(entries[entries.len() - 2..], ["data seven.f".to_owned(), lost]);
    }
}
