//! The order in which a protocol is called, as a state machine. Pure: it is told each call, and says what is wrong.
//!
//! ```text
//!   New ── connection_made ─▶ Made ── eof_received ─▶ Ended
//!                              │ ▲                      │
//!                              └─┘ data, datagrams,     └─── connection_lost ─▶ Lost
//!                                  errors, buffers       (from Made as well)
//! ```
//!
//! Between the first call and the last, `pause_writing` and `resume_writing` alternate; `buffer_updated` follows a
//! `get_buffer`.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    New,
    Made,
    /// The peer sends no more.
    Ended,
    Lost,
}

/// What a protocol is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event {
    ConnectionMade,
    DataReceived,
    GetBuffer,
    BufferUpdated,
    EofReceived,
    DatagramReceived,
    ErrorReceived,
    PauseWriting,
    ResumeWriting,
    ConnectionLost,
}

impl Event {
    /// The callback's name.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::ConnectionMade => "connection_made",
            Self::DataReceived => "data_received",
            Self::GetBuffer => "get_buffer",
            Self::BufferUpdated => "buffer_updated",
            Self::EofReceived => "eof_received",
            Self::DatagramReceived => "datagram_received",
            Self::ErrorReceived => "error_received",
            Self::PauseWriting => "pause_writing",
            Self::ResumeWriting => "resume_writing",
            Self::ConnectionLost => "connection_lost",
        }
    }
}

/// What was told to the protocols of one connection so far.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Order {
    stage: Stage,
    paused: bool,
    lent: bool,
}

impl Order {
    /// Nothing yet.
    pub(super) const NEW: Self = Self { stage: Stage::New, paused: false, lent: false };

    /// Takes note of a call. `Err` says what it should not have come after, or without.
    pub(super) fn note(&mut self, event: Event) -> Result<(), &'static str> {
        let lent = std::mem::replace(&mut self.lent, event == Event::GetBuffer);
        match (self.stage, event) {
            (Stage::New, Event::ConnectionMade) => self.stage = Stage::Made,
            (_, Event::ConnectionMade) => return Err("a second time"),
            (Stage::New, _) => return Err("before connection_made"),
            (Stage::Lost, _) => return Err("after connection_lost"),
            (Stage::Made | Stage::Ended, Event::ConnectionLost) => self.stage = Stage::Lost,
            (Stage::Made | Stage::Ended, Event::PauseWriting) => {
                if std::mem::replace(&mut self.paused, true) {
                    return Err("twice without resume_writing between");
                }
            }
            (Stage::Made | Stage::Ended, Event::ResumeWriting) => {
                if !std::mem::replace(&mut self.paused, false) {
                    return Err("without pause_writing before");
                }
            }
            (Stage::Made, Event::EofReceived) => self.stage = Stage::Ended,
            (Stage::Ended, _) => return Err("after eof_received"),
            (Stage::Made, Event::BufferUpdated) if !lent => return Err("without get_buffer before"),
            (Stage::Made, _) => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Event::{
        BufferUpdated, ConnectionLost, ConnectionMade, DataReceived, DatagramReceived, EofReceived, ErrorReceived,
        GetBuffer, PauseWriting, ResumeWriting,
    };

    /// The first call that is out of order, and what is wrong with it.
    fn first_fault(calls: &[Event]) -> Option<(usize, &'static str)> {
        let mut order = Order::NEW;
        calls.iter().enumerate().find_map(|(at, call)| Some((at, order.note(*call).err()?)))
    }

    #[test]
    fn every_order_that_python_documents_is_accepted() {
        let orders: [&[Event]; 6] = [
            &[ConnectionMade, ConnectionLost],
            &[ConnectionMade, DataReceived, DataReceived, EofReceived, PauseWriting, ResumeWriting, ConnectionLost],
            &[ConnectionMade, PauseWriting, DataReceived, EofReceived, ConnectionLost],
            &[ConnectionMade, GetBuffer, BufferUpdated, GetBuffer, GetBuffer, EofReceived, ConnectionLost],
            &[ConnectionMade, PauseWriting, ResumeWriting, PauseWriting, ResumeWriting, ConnectionLost],
            &[ConnectionMade, DatagramReceived, ErrorReceived, DatagramReceived, ConnectionLost],
        ];
        for order in orders {
            assert_eq!(first_fault(order), None, "{order:?}");
        }
    }

    #[test]
    fn every_other_order_is_told_with_what_is_wrong() {
        let orders: [(&[Event], &str); 11] = [
            (&[DataReceived], "before connection_made"),
            (&[ConnectionLost], "before connection_made"),
            (&[ConnectionMade, ConnectionMade], "a second time"),
            (&[ConnectionMade, EofReceived, EofReceived], "after eof_received"),
            (&[ConnectionMade, EofReceived, DataReceived], "after eof_received"),
            (&[ConnectionMade, ConnectionLost, ConnectionLost], "after connection_lost"),
            (&[ConnectionMade, ConnectionLost, PauseWriting], "after connection_lost"),
            (&[ConnectionMade, ConnectionLost, DatagramReceived], "after connection_lost"),
            (&[ConnectionMade, PauseWriting, DataReceived, PauseWriting], "twice without resume_writing between"),
            (&[ConnectionMade, ResumeWriting], "without pause_writing before"),
            (&[ConnectionMade, GetBuffer, BufferUpdated, BufferUpdated], "without get_buffer before"),
        ];
        for (order, fault) in orders {
            assert_eq!(first_fault(order), Some((order.len() - 1, fault)), "{order:?}");
        }
    }
}
