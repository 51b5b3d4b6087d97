//! Peers that do not read what async handlers write.

use asyncio::{Result, Transport};

use super::kinds::against;
use super::peers::{read, write};
use crate::support::journal::Journal;
use crate::support::net::settle;

const LINES: usize = 200;
const ANSWER: usize = 256 << 10;

/// Answers each line with much; awaits something before, if that is wanted.
struct Generous {
    journal: Journal,
    waits: bool,
}

#[asyncio::protocol(lines)]
impl Generous {
    async fn line_received(&mut self, transport: &Transport, _line: &[u8]) -> Result<()> {
        if self.waits {
            asyncio::sleep(std::time::Duration::ZERO).await;
        }
        transport.write(&vec![b'x'; ANSWER]);
        self.journal.note("answer");
        Ok(())
    }
}

#[asyncio::test(timeout = "30s")]
async fn nothing_more_is_handled_until_the_peer_reads_what_was_written() {
    for waits in [false, true] {
        let journal = Journal::default();
        let (go, wait) = std::sync::mpsc::channel::<()>();
        let generous = Generous { journal: journal.clone(), waits };
        let (transport, _, peer) = against(generous, move |mut peer| {
            // All of them in one record.
            write(&mut peer, &b"more\n".repeat(LINES));
            wait.recv().unwrap();
            read(&mut peer, LINES * ANSWER).len()
        })
        .await;
        journal.wait_for("answer").await;
        while transport.get_write_buffer_size() == 0 {
            settle().await;
        }
        for _ in 0..20 {
            settle().await;
        }
        let handled = journal.entries().len();
        assert!(handled < LINES / 2, "{handled} lines were handled for a peer that reads nothing");
        assert!(transport.get_write_buffer_size() < 2 << 20, "{}", transport.get_write_buffer_size());
        assert_eq!(journal.entries().len(), handled);
        go.send(()).unwrap();
        assert_eq!(peer.await.unwrap(), LINES * ANSWER);
        assert_eq!(journal.entries().len(), LINES);
    }
}
