//! The callbacks of Python's protocols: their names, what they are given, and to which kind of protocol they belong.

use std::fmt;

use crate::suggest::nearest;

/// The kinds of protocol. Callbacks that all kinds share belong to none.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    Stream,
    Buffered,
    Datagram,
    Subprocess,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Stream => "a stream protocol",
            Self::Buffered => "a buffered protocol",
            Self::Datagram => "a datagram protocol",
            Self::Subprocess => "a subprocess protocol",
        })
    }
}

impl Kind {
    /// Its callbacks, in the order in which they happen; `None` if there are no protocols of this kind yet.
    pub(super) fn callbacks(self) -> Option<&'static [Callback]> {
        match self {
            Self::Stream => Some(&STREAM),
            Self::Datagram => Some(&DATAGRAM),
            Self::Buffered | Self::Subprocess => None,
        }
    }

    /// The trait of its protocols.
    pub(super) fn trait_name(self) -> &'static str {
        match self {
            Self::Datagram => "DatagramProtocol",
            Self::Stream | Self::Buffered | Self::Subprocess => "Protocol",
        }
    }
}

/// One callback of a protocol.
#[derive(Debug)]
pub(super) struct Callback {
    pub(super) name: &'static str,
    /// All that a handler may ask for, in order.
    pub(super) arguments: &'static [Argument],
    /// Whether the handler answers with a `bool`.
    pub(super) answers: bool,
}

/// Something that a callback is given.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Argument {
    Transport,
    DatagramTransport,
    Data,
    Addr,
    /// Why it ended, if not regularly.
    Exc,
    /// What went wrong.
    Error,
}

impl Argument {
    /// The name by which handlers ask for it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Transport | Self::DatagramTransport => "transport",
            Self::Data => "data",
            Self::Addr => "addr",
            Self::Exc | Self::Error => "exc",
        }
    }

    /// Its type, as one writes it.
    pub(super) fn type_name(self) -> &'static str {
        match self {
            Self::Transport => "&Transport",
            Self::DatagramTransport => "&DatagramTransport",
            Self::Data => "&[u8]",
            Self::Addr => "std::net::SocketAddr",
            Self::Exc => "Option<&asyncio::Error>",
            Self::Error => "&asyncio::Error",
        }
    }
}

/// A callback without an answer.
const fn silent(name: &'static str, arguments: &'static [Argument]) -> Callback {
    Callback { name, arguments, answers: false }
}

/// The callbacks of a stream protocol, in the order in which they happen.
pub(super) const STREAM: [Callback; 6] = {
    use Argument::{Data, Exc, Transport};
    [
        silent("connection_made", &[Transport]),
        silent("data_received", &[Transport, Data]),
        Callback { name: "eof_received", arguments: &[Transport], answers: true },
        silent("connection_lost", &[Transport, Exc]),
        silent("pause_writing", &[Transport]),
        silent("resume_writing", &[Transport]),
    ]
};

/// The callbacks of a datagram protocol, in the order in which they happen.
const DATAGRAM: [Callback; 6] = {
    use Argument::{Addr, Data, DatagramTransport, Error, Exc};
    [
        silent("connection_made", &[DatagramTransport]),
        silent("datagram_received", &[DatagramTransport, Data, Addr]),
        silent("error_received", &[DatagramTransport, Error]),
        silent("connection_lost", &[DatagramTransport, Exc]),
        silent("pause_writing", &[DatagramTransport]),
        silent("resume_writing", &[DatagramTransport]),
    ]
};

/// Callbacks by which a kind is known. `eof_received` is missing: stream and buffered protocols share it.
const TELLING: [(&str, Kind); 8] = [
    ("data_received", Kind::Stream),
    ("get_buffer", Kind::Buffered),
    ("buffer_updated", Kind::Buffered),
    ("datagram_received", Kind::Datagram),
    ("error_received", Kind::Datagram),
    ("pipe_data_received", Kind::Subprocess),
    ("pipe_connection_lost", Kind::Subprocess),
    ("process_exited", Kind::Subprocess),
];

/// What other frameworks call these callbacks.
const ELSEWHERE: [(&str, &str); 16] = [
    ("connected", "connection_made"),
    ("connection_opened", "connection_made"),
    ("on_connect", "connection_made"),
    ("on_connection", "connection_made"),
    ("on_open", "connection_made"),
    ("data_read", "data_received"),
    ("on_data", "data_received"),
    ("on_message", "data_received"),
    ("on_read", "data_received"),
    ("on_receive", "data_received"),
    ("on_end", "eof_received"),
    ("on_eof", "eof_received"),
    ("connection_closed", "connection_lost"),
    ("disconnected", "connection_lost"),
    ("on_close", "connection_lost"),
    ("on_disconnect", "connection_lost"),
];

/// The callback with this name of this kind of protocol; of a stream's, where there are none of the kind yet.
pub(super) fn find(kind: Kind, name: &str) -> Option<&'static Callback> {
    kind.callbacks().unwrap_or(&STREAM).iter().find(|callback| callback.name == name)
}

/// The kind that this callback alone decides.
pub(super) fn kind(name: &str) -> Option<Kind> {
    TELLING.iter().find(|(telling, _)| *telling == name).map(|(_, kind)| *kind)
}

/// The callback that was meant by a name that is none: misspelled, with `on_` before it, or another framework's.
pub(super) fn meant(name: &str) -> Option<&'static str> {
    let names = || STREAM.iter().map(|callback| callback.name).chain(TELLING.iter().map(|(name, _)| *name));
    let bare = name.strip_prefix("on_").unwrap_or(name);
    let elsewhere = ELSEWHERE.iter().find(|(other, _)| *other == name).map(|(_, ours)| *ours);
    elsewhere.or_else(|| nearest(bare, names()))
}
