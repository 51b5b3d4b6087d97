//! The callbacks of Python's protocols: their names, what they are given, and to which kind of protocol they belong.

use std::fmt;

use crate::suggest::nearest;

/// The kinds of protocol. Callbacks that all kinds share belong to none.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    Stream,
    Buffered,
    /// Under `lines`.
    Lines,
    /// Under `delimited` or `length_prefixed`.
    Frames,
    Datagram,
    Subprocess,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Stream => "a stream protocol",
            Self::Buffered => "a buffered protocol",
            Self::Lines => "a protocol of lines",
            Self::Frames => "a protocol of frames",
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
            Self::Buffered => Some(&BUFFERED),
            Self::Lines => Some(&LINES),
            Self::Frames => Some(&FRAMES),
            Self::Datagram => Some(&DATAGRAM),
            Self::Subprocess => None,
        }
    }

    /// The trait of its protocols.
    pub(super) fn trait_name(self) -> &'static str {
        match self {
            Self::Datagram => "DatagramProtocol",
            Self::Buffered => "BufferedProtocol",
            Self::Lines | Self::Frames => "FramedProtocol",
            Self::Stream | Self::Subprocess => "Protocol",
        }
    }
}

/// One callback of a protocol.
#[derive(Debug)]
pub(super) struct Callback {
    pub(super) name: &'static str,
    /// All that a handler may ask for, in order.
    pub(super) arguments: &'static [Argument],
    pub(super) answer: Answer,
    /// What the trait calls it, if not so.
    pub(super) method: Option<&'static str>,
    /// Whether an `async fn` may handle it.
    pub(super) may_wait: bool,
}

impl Callback {
    /// Its name in the trait.
    pub(super) fn method(&self) -> &'static str {
        self.method.unwrap_or(self.name)
    }
}

/// What a handler returns.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Answer {
    Nothing,
    /// Whether to go on.
    Bool,
    /// Memory to receive into.
    Buffer,
}

/// Something that a callback is given.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Argument {
    Transport,
    DatagramTransport,
    Data,
    Line,
    Frame,
    /// How much waits.
    SizeHint,
    /// How much came.
    NBytes,
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
            Self::Line => "line",
            Self::Frame => "frame",
            Self::SizeHint => "sizehint",
            Self::NBytes => "nbytes",
            Self::Addr => "addr",
            Self::Exc | Self::Error => "exc",
        }
    }

    /// Its type, as one writes it.
    pub(super) fn type_name(self) -> &'static str {
        match self {
            Self::Transport => "&Transport",
            Self::DatagramTransport => "&DatagramTransport",
            Self::Data | Self::Line | Self::Frame => "&[u8]",
            Self::SizeHint => "Option<usize>",
            Self::NBytes => "usize",
            Self::Addr => "std::net::SocketAddr",
            Self::Exc => "Option<&asyncio::Error>",
            Self::Error => "&asyncio::Error",
        }
    }
}

/// A callback without an answer.
const fn silent(name: &'static str, arguments: &'static [Argument]) -> Callback {
    answering(name, arguments, Answer::Nothing)
}

const fn answering(name: &'static str, arguments: &'static [Argument], answer: Answer) -> Callback {
    Callback { name, arguments, answer, method: None, may_wait: false }
}

/// A callback that an `async fn` may handle too.
const fn waiting(callback: Callback) -> Callback {
    Callback { may_wait: true, ..callback }
}

const CONNECTION_MADE: Callback = waiting(silent("connection_made", &[Argument::Transport]));

/// The callbacks of a stream protocol, in the order in which they happen.
pub(super) const STREAM: [Callback; 6] = {
    use Argument::{Data, Exc, Transport};
    [
        CONNECTION_MADE,
        waiting(silent("data_received", &[Transport, Data])),
        EOF_RECEIVED,
        silent("connection_lost", &[Transport, Exc]),
        silent("pause_writing", &[Transport]),
        silent("resume_writing", &[Transport]),
    ]
};

const EOF_RECEIVED: Callback = waiting(answering("eof_received", &[Argument::Transport], Answer::Bool));

/// The callbacks of a buffered protocol, in the order in which they happen.
const BUFFERED: [Callback; 7] = {
    use Argument::{Exc, NBytes, SizeHint, Transport};
    [
        CONNECTION_MADE,
        answering("get_buffer", &[Transport, SizeHint], Answer::Buffer),
        waiting(silent("buffer_updated", &[Transport, NBytes])),
        EOF_RECEIVED,
        silent("connection_lost", &[Transport, Exc]),
        silent("pause_writing", &[Transport]),
        silent("resume_writing", &[Transport]),
    ]
};

/// The callbacks of a protocol of frames, in the order in which they happen; this is the one that receives them.
const fn framed(received: Callback) -> [Callback; 7] {
    use Argument::{Error, Exc, Transport};
    [
        CONNECTION_MADE,
        received,
        answering("frame_too_long", &[Transport, Error], Answer::Bool),
        EOF_RECEIVED,
        silent("connection_lost", &[Transport, Exc]),
        silent("pause_writing", &[Transport]),
        silent("resume_writing", &[Transport]),
    ]
}

const FRAMES: [Callback; 7] = framed(waiting(silent("frame_received", &[Argument::Transport, Argument::Frame])));

const LINES: [Callback; 7] = framed(Callback {
    name: "line_received",
    arguments: &[Argument::Transport, Argument::Line],
    answer: Answer::Nothing,
    method: Some("frame_received"),
    may_wait: true,
});

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

/// Callbacks by which a kind is known. `eof_received` is missing: all but datagram protocols share it.
const TELLING: [(&str, Kind); 11] = [
    ("data_received", Kind::Stream),
    ("get_buffer", Kind::Buffered),
    ("buffer_updated", Kind::Buffered),
    ("line_received", Kind::Lines),
    ("frame_received", Kind::Frames),
    ("frame_too_long", Kind::Frames),
    ("datagram_received", Kind::Datagram),
    ("error_received", Kind::Datagram),
    ("pipe_data_received", Kind::Subprocess),
    ("pipe_connection_lost", Kind::Subprocess),
    ("process_exited", Kind::Subprocess),
];

/// What other frameworks call these callbacks.
const ELSEWHERE: [(&str, &str); 22] = [
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
    ("line_read", "line_received"),
    ("on_line", "line_received"),
    ("on_frame", "frame_received"),
    ("string_received", "frame_received"),
    ("line_too_long", "frame_too_long"),
    ("line_length_exceeded", "frame_too_long"),
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
