//! Receiving: from the lent buffer to the protocol, one datagram a call.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr};

use super::{Datagram, DatagramTransport};
use crate::sys::Readiness;

/// How many datagrams one endpoint may receive before the others have their turn.
const READS_PER_TURN: usize = 32;

/// Where a datagram seems to come from whose sender has no address of the Internet's.
const NOWHERE: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);

impl Datagram {
    /// Reports come as edges, so it reads until the system says that nothing is left.
    pub(super) fn read_ready(&self, transport: &DatagramTransport) {
        let mut errors = 0;
        for _ in 0..READS_PER_TURN {
            if !self.may_read() {
                return;
            }
            let mut buffer = self.net.receive_buffer().lend();
            match self.socket.receive_datagram(&mut buffer) {
                Ok((length, from)) => {
                    let data = buffer.get(..length).unwrap_or_default();
                    let from = from.or(self.peer()).unwrap_or(NOWHERE);
                    let result = self.call(transport, |endpoint| endpoint.datagram_received(transport, data, from));
                    if let Err(error) = result {
                        self.report("protocol.datagram_received() call failed", error);
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return self.drained(),
                Err(error) => {
                    errors += 1;
                    // The buffer is another's while the protocol is told.
                    drop(buffer);
                    self.failed(error, self.peer());
                }
            }
        }
        if errors == READS_PER_TURN {
            // The socket itself is broken: trying on would burn time for ever. A new report will come if it mends.
            self.drained();
        } else if self.may_read() {
            self.queue();
        }
    }

    /// Whether something was reported that has to be read now.
    #[inline]
    pub(super) fn may_read(&self) -> bool {
        let readiness = self.readiness.get();
        self.state.get().may_receive() && (readiness.readable || readiness.read_closed || readiness.error)
    }

    /// The system says that nothing is left.
    fn drained(&self) {
        self.readiness.set(Readiness { writable: self.readiness.get().writable, ..Readiness::default() });
    }
}
