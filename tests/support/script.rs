//! A protocol that notes each callback in a journal, and then does what a test tells it.

use asyncio::{Error, Result, Transport};

use super::journal::Journal;

type OnEvent = Box<dyn FnMut(&Transport) -> Result<()>>;
type OnData = Box<dyn FnMut(&Transport, &[u8]) -> Result<()>>;
type OnEof = Box<dyn FnMut(&Transport) -> Result<bool>>;

/// Notes `made`, `data TEXT` (`data N bytes` if it is long), `eof`, `pause`, `resume`, `lost` or `lost ERROR`.
pub(crate) struct Script {
    journal: Journal,
    made: OnEvent,
    data: OnData,
    eof: OnEof,
    lost: OnEvent,
    pause: OnEvent,
    resume: OnEvent,
}

impl Script {
    pub(crate) fn new(journal: &Journal) -> Self {
        Self {
            journal: journal.clone(),
            made: Box::new(|_| Ok(())),
            data: Box::new(|_, _| Ok(())),
            eof: Box::new(|_| Ok(false)),
            lost: Box::new(|_| Ok(())),
            pause: Box::new(|_| Ok(())),
            resume: Box::new(|_| Ok(())),
        }
    }

    pub(crate) fn on_made(mut self, does: impl FnMut(&Transport) -> Result<()> + 'static) -> Self {
        self.made = Box::new(does);
        self
    }

    pub(crate) fn on_data(mut self, does: impl FnMut(&Transport, &[u8]) -> Result<()> + 'static) -> Self {
        self.data = Box::new(does);
        self
    }

    pub(crate) fn on_eof(mut self, does: impl FnMut(&Transport) -> Result<bool> + 'static) -> Self {
        self.eof = Box::new(does);
        self
    }

    pub(crate) fn on_lost(mut self, does: impl FnMut(&Transport) -> Result<()> + 'static) -> Self {
        self.lost = Box::new(does);
        self
    }

    pub(crate) fn on_pause(mut self, does: impl FnMut(&Transport) -> Result<()> + 'static) -> Self {
        self.pause = Box::new(does);
        self
    }

    pub(crate) fn on_resume(mut self, does: impl FnMut(&Transport) -> Result<()> + 'static) -> Self {
        self.resume = Box::new(does);
        self
    }
}

#[asyncio::protocol]
impl Script {
    fn connection_made(&mut self, transport: &Transport) -> Result<()> {
        self.journal.note("made");
        (self.made)(transport)
    }

    fn data_received(&mut self, transport: &Transport, data: &[u8]) -> Result<()> {
        self.journal.note(match std::str::from_utf8(data) {
            Ok(text) if text.len() < 100 => format!("data {text}"),
            _ => format!("data {} bytes", data.len()),
        });
        (self.data)(transport, data)
    }

    fn eof_received(&mut self, transport: &Transport) -> Result<bool> {
        self.journal.note("eof");
        (self.eof)(transport)
    }

    fn connection_lost(&mut self, transport: &Transport, exc: Option<&Error>) -> Result<()> {
        let outcome = (self.lost)(transport);
        self.journal.note(exc.map_or_else(|| "lost".to_owned(), |error| format!("lost {error}")));
        outcome
    }

    fn pause_writing(&mut self, transport: &Transport) -> Result<()> {
        self.journal.note("pause");
        (self.pause)(transport)
    }

    fn resume_writing(&mut self, transport: &Transport) -> Result<()> {
        self.journal.note("resume");
        (self.resume)(transport)
    }
}
