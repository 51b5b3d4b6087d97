//! One side of a TLS conversation: ciphertext in, plaintext out, and the other way round. Pure: no I/O, no clock.
//!
//! rustls's interface without buffers is used: it decrypts where the bytes lie, and a session between two messages holds
//! none at all. What rustls has not used up, the beginning of a record, waits in `pending`.

use std::ops::Deref;
use std::sync::Arc;

use rustls::client::{ClientConnectionData, UnbufferedClientConnection};
use rustls::pki_types::ServerName;
use rustls::server::{ServerConnectionData, UnbufferedServerConnection};
use rustls::unbuffered::{
    ConnectionState, EncodeError, EncryptError, UnbufferedConnectionCommon, UnbufferedStatus, WriteTraffic,
};
use rustls::{ClientConfig, CommonState, Error, ServerConfig};

use super::spool::Spool;

/// The head of a record: its type, its version, and how long it is.
const RECORD_HEAD: usize = 5;

/// More plaintext than this does not fit into one record.
pub(super) const RECORD: usize = 16 * 1024;

/// What a record needs beside its plaintext, at the most that happens with the ciphers of today.
const RECORD_EXTRA: usize = 40;

/// One conversation.
pub(super) struct Session {
    side: Side,
    /// Ciphertext that is not used up, from its beginning on: less than a record, unless a message of the handshake is
    /// spread over several.
    pending: Vec<u8>,
    peer_closed: bool,
    /// After an error only its alert comes out.
    failed: bool,
}

enum Side {
    Client(Box<UnbufferedClientConnection>),
    Server(Box<UnbufferedServerConnection>),
}

/// Where the session's bytes go.
pub(super) struct Output<'a> {
    /// To the protocol.
    pub(super) plain: &'a mut Spool,
    /// To the peer.
    pub(super) wire: &'a mut Spool,
}

impl Session {
    pub(super) fn client(config: &Arc<ClientConfig>, name: ServerName<'static>) -> Result<Self, Error> {
        let connection = UnbufferedClientConnection::new(config.clone(), name)?;
        Ok(Self::new(Side::Client(Box::new(connection))))
    }

    pub(super) fn server(config: &Arc<ServerConfig>) -> Result<Self, Error> {
        let connection = UnbufferedServerConnection::new(config.clone())?;
        Ok(Self::new(Side::Server(Box::new(connection))))
    }

    fn new(side: Side) -> Self {
        Self { side, pending: Vec::new(), peer_closed: false, failed: false }
    }

    /// What has to be sent before anything comes: a client's greeting.
    pub(super) fn begin(&mut self, output: &mut Output<'_>) -> Result<(), Error> {
        self.drive(Input::Pending, output)
    }

    /// Takes what came from the peer, and works where it lies.
    ///
    /// What was received before an error is in the output, and so is the alert that tells the peer.
    pub(super) fn receive(&mut self, mut data: &mut [u8], output: &mut Output<'_>) -> Result<(), Error> {
        if !self.pending.is_empty() {
            // Only the record that is incomplete is copied together, not all that came.
            let rest = missing(&self.pending).unwrap_or(data.len()).min(data.len());
            let (head, tail) = data.split_at_mut(rest);
            self.pending.extend_from_slice(head);
            self.drive(Input::Pending, output)?;
            if !self.pending.is_empty() {
                // A message in several records, or still too little.
                self.pending.extend_from_slice(tail);
                return self.drive(Input::Pending, output);
            }
            data = tail;
        }
        if data.is_empty() { Ok(()) } else { self.drive(Input::New(data), output) }
    }

    /// Encrypts `data`, which is at most some records long, into the output.
    ///
    /// Is the handshake not done, or the session failed, this is an error.
    pub(super) fn encrypt(&mut self, data: &[u8], output: &mut Output<'_>) -> Result<(), Error> {
        self.write(output, |traffic, wire| {
            let records = data.len().div_ceil(RECORD).max(1);
            let spare = data.len() + records * RECORD_EXTRA;
            fit(wire, spare, |room| traffic.encrypt(data, room))
        })
    }

    /// Tells the peer that nothing more will be sent.
    pub(super) fn close_notify(&mut self, output: &mut Output<'_>) -> Result<(), Error> {
        self.write(output, |traffic, wire| fit(wire, 2 * RECORD_EXTRA, |room| traffic.queue_close_notify(room)))
    }

    /// Whether the peer has said that it will send no more.
    pub(super) fn peer_closed(&self) -> bool {
        self.peer_closed
    }

    pub(super) fn is_handshaking(&self) -> bool {
        self.facts().is_handshaking()
    }

    /// What was agreed on.
    pub(super) fn facts(&self) -> &CommonState {
        match &self.side {
            Side::Client(connection) => connection,
            Side::Server(connection) => connection,
        }
    }

    /// Lets the session work on its input until it wants more.
    fn drive(&mut self, input: Input<'_>, output: &mut Output<'_>) -> Result<(), Error> {
        if self.failed {
            return Ok(());
        }
        let mut pending = std::mem::take(&mut self.pending);
        let (bytes, is_new) = match input {
            Input::Pending => (pending.as_mut_slice(), false),
            Input::New(bytes) => (bytes, true),
        };
        let mut used = 0;
        let result = match &mut self.side {
            Side::Client(connection) => run(&mut ***connection, bytes, &mut used, output, |_, _| Ok(())),
            Side::Server(connection) => run(&mut ***connection, bytes, &mut used, output, |_, _| Ok(())),
        };
        if is_new {
            pending = bytes.get(used..).unwrap_or_default().to_vec();
        } else {
            pending.drain(..used);
        }
        self.keep(pending);
        self.note(result)
    }

    /// Lets the session send something.
    fn write(
        &mut self,
        output: &mut Output<'_>,
        write: impl FnOnce(&mut dyn Traffic, &mut Spool) -> Result<(), Error>,
    ) -> Result<(), Error> {
        if self.failed {
            return Err(Error::General("the session has failed before".into()));
        }
        let mut pending = std::mem::take(&mut self.pending);
        let mut used = 0;
        let mut write = Some(write);
        let mut once = |traffic: &mut dyn Traffic, wire: &mut Spool| match write.take() {
            Some(write) => write(traffic, wire),
            None => Ok(()),
        };
        let result = match &mut self.side {
            Side::Client(connection) => run(&mut ***connection, &mut pending, &mut used, output, &mut once),
            Side::Server(connection) => run(&mut ***connection, &mut pending, &mut used, output, &mut once),
        };
        pending.drain(..used);
        self.keep(pending);
        let unwritten = write.is_some();
        self.note(result)?;
        if unwritten { Err(Error::HandshakeNotComplete) } else { Ok(()) }
    }

    /// An idle session holds no memory.
    fn keep(&mut self, pending: Vec<u8>) {
        self.pending = if pending.is_empty() { Vec::new() } else { pending };
    }

    fn note(&mut self, result: Result<bool, Error>) -> Result<(), Error> {
        match result {
            Ok(closed) => {
                self.peer_closed |= closed;
                Ok(())
            }
            Err(error) => {
                self.failed = true;
                self.pending = Vec::new();
                Err(error)
            }
        }
    }
}

enum Input<'a> {
    /// What waits already.
    Pending,
    /// Bytes that just came; nothing waits.
    New(&'a mut [u8]),
}

/// Both sides' connections, which rustls keeps apart.
trait Process: Deref<Target = CommonState> {
    type Data;
    fn process<'c, 'i>(&'c mut self, input: &'i mut [u8]) -> UnbufferedStatus<'c, 'i, Self::Data>;
}

impl Process for UnbufferedConnectionCommon<ClientConnectionData> {
    type Data = ClientConnectionData;

    fn process<'c, 'i>(&'c mut self, input: &'i mut [u8]) -> UnbufferedStatus<'c, 'i, ClientConnectionData> {
        self.process_tls_records(input)
    }
}

impl Process for UnbufferedConnectionCommon<ServerConnectionData> {
    type Data = ServerConnectionData;

    fn process<'c, 'i>(&'c mut self, input: &'i mut [u8]) -> UnbufferedStatus<'c, 'i, ServerConnectionData> {
        self.process_tls_records(input)
    }
}

/// A session that may send, of either side.
trait Traffic {
    fn encrypt(&mut self, data: &[u8], room: &mut [u8]) -> Result<usize, EncryptError>;
    fn queue_close_notify(&mut self, room: &mut [u8]) -> Result<usize, EncryptError>;
}

impl<D> Traffic for WriteTraffic<'_, D> {
    fn encrypt(&mut self, data: &[u8], room: &mut [u8]) -> Result<usize, EncryptError> {
        WriteTraffic::encrypt(self, data, room)
    }

    fn queue_close_notify(&mut self, room: &mut [u8]) -> Result<usize, EncryptError> {
        WriteTraffic::queue_close_notify(self, room)
    }
}

/// Runs the connection over the input until it wants more; `write` is called once it may send. True: the peer has closed.
fn run<C: Process>(
    connection: &mut C,
    input: &mut [u8],
    used: &mut usize,
    output: &mut Output<'_>,
    mut write: impl FnMut(&mut dyn Traffic, &mut Spool) -> Result<(), Error>,
) -> Result<bool, Error> {
    let mut peer_closed = false;
    loop {
        let UnbufferedStatus { mut discard, state, .. } =
            connection.process(input.get_mut(*used..).unwrap_or_default());
        match state {
            Ok(ConnectionState::EncodeTlsData(mut chunk)) => encode(output.wire, |room| chunk.encode(room)),
            Ok(ConnectionState::TransmitTlsData(sent)) => sent.done(),
            Ok(ConnectionState::ReadTraffic(mut traffic)) => {
                while let Some(record) = traffic.next_record() {
                    let record = record?;
                    discard += record.discard;
                    output.plain.push(record.payload);
                }
            }
            Ok(ConnectionState::PeerClosed) => peer_closed = true,
            Ok(ConnectionState::WriteTraffic(mut traffic)) => {
                *used += discard;
                return write(&mut traffic, output.wire).map(|()| peer_closed);
            }
            Ok(_) => {
                *used += discard;
                return Ok(peer_closed);
            }
            Err(error) => {
                *used += discard;
                alert(connection, input.get_mut(*used..).unwrap_or_default(), output.wire);
                return Err(error);
            }
        }
        *used += discard;
    }
}

/// What tells the peer of an error. Nothing more is asked of the connection: it would look at the bad input again.
fn alert<C: Process>(connection: &mut C, input: &mut [u8], wire: &mut Spool) {
    while connection.wants_write() {
        let Ok(ConnectionState::EncodeTlsData(mut chunk)) = connection.process(input).state else { return };
        encode(wire, |room| chunk.encode(room));
    }
}

fn encode(wire: &mut Spool, mut encode: impl FnMut(&mut [u8]) -> Result<usize, EncodeError>) {
    let mut size = RECORD;
    loop {
        match encode(wire.spare(size)) {
            Ok(written) => return wire.fill(written),
            Err(EncodeError::InsufficientSize(wanted)) => size = wanted.required_size,
            Err(EncodeError::AlreadyEncoded) => return,
        }
    }
}

/// Calls `write` with room in the spool, and with more of it if that was too little.
fn fit(
    wire: &mut Spool,
    mut size: usize,
    mut write: impl FnMut(&mut [u8]) -> Result<usize, EncryptError>,
) -> Result<(), Error> {
    loop {
        match write(wire.spare(size)) {
            Ok(written) => {
                wire.fill(written);
                return Ok(());
            }
            Err(EncryptError::InsufficientSize(wanted)) => size = wanted.required_size,
            Err(EncryptError::EncryptExhausted) => return Err(Error::EncryptError),
        }
    }
}

/// How much is missing of the record that begins here, if that can be said. Only a hint: less or more does no harm.
fn missing(pending: &[u8]) -> Option<usize> {
    let length = pending.get(3..RECORD_HEAD)?;
    let length = length.iter().fold(0, |length, byte| length << 8 | usize::from(*byte));
    (RECORD_HEAD + length).checked_sub(pending.len()).filter(|missing| *missing > 0)
}
