//! Receiving: many datagrams by one call into lent memory, and from there to the protocol, one datagram a call.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr};

use super::gathering::Gathering;
use super::{Datagram, DatagramTransport};
use crate::exceptions::Result;
use crate::sys::{Address, Incoming, Look, Readiness};

/// How many datagrams one endpoint may receive before the others have their turn.
const READS_PER_TURN: usize = 64;

/// Where a datagram seems to come from whose sender has neither an address of the Internet's nor a unix one.
const NOWHERE: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);

/// A datagram that came in and could not be delivered at once.
pub(super) type Kept = (Box<[u8]>, Address);

/// A turn of reading. It ends in the same way if it is left by the panic of a protocol that is dropped in it.
struct Turn<'a> {
    endpoint: &'a Datagram,
    /// How datagrams were gathered before.
    gathering: Gathering,
    received: usize,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.endpoint.gathering.set(self.gathering);
        self.endpoint.turn_received(self.received);
    }
}

impl Datagram {
    /// Reports come as edges, so it reads until the system says that nothing is left.
    pub(super) fn read_ready(&self, transport: &DatagramTransport) {
        if !self.may_read() {
            return self.watch();
        }
        let mut incoming = self.net.datagrams().take_incoming();
        let mut turn = Turn { endpoint: self, gathering: self.gathering.get(), received: 0 };
        turn.received = self.read(transport, &mut incoming);
        drop(turn);
        self.net.datagrams().give_incoming(incoming);
    }

    /// How many came.
    fn read(&self, transport: &DatagramTransport, incoming: &mut Incoming) -> usize {
        let (mut received, mut errors) = (0, 0);
        while received + errors < READS_PER_TURN {
            received += self.deliver_kept(transport);
            if !self.may_read() {
                return received;
            }
            match incoming.receive(&self.socket, !self.udp) {
                Ok(look) => {
                    if !look.more {
                        self.drained();
                    }
                    received += self.deliver(transport, incoming, look);
                    if !look.more {
                        return received;
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.drained();
                    return received;
                }
                Err(error) => {
                    errors += 1;
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
        received
    }

    /// Hands what came to the protocol; what it does not want yet is kept.
    fn deliver(&self, transport: &DatagramTransport, incoming: &Incoming, look: Look) -> usize {
        let mut delivered = 0;
        for index in 0..look.count {
            let arrived = incoming.get(index);
            let several = look.count > 1 || arrived.segment.is_some() || self.has_gathered();
            self.gathering.set(if several { Gathering::Turn } else { Gathering::TurnOfOne });
            let Some(from) = arrived.from.filter(|_| !arrived.cut) else {
                delivered += self.deliver_unusual(transport, incoming, index);
                continue;
            };
            if arrived.segment.is_none() {
                self.deliver_or_keep(transport, arrived.data, from);
                delivered += 1;
                continue;
            }
            for data in arrived.datagrams() {
                self.deliver_or_keep(transport, data, from);
                delivered += 1;
            }
        }
        delivered
    }

    #[inline]
    fn deliver_or_keep(&self, transport: &DatagramTransport, data: &[u8], from: SocketAddr) {
        if self.may_deliver() {
            let result = self.call(transport, |endpoint| endpoint.datagram_received(transport, data, from));
            self.received(result);
        } else {
            self.keep_for_later(data, &from.into());
        }
    }

    /// Delivers what has another sender than one of the Internet's, or did not come whole.
    #[cold]
    fn deliver_unusual(&self, transport: &DatagramTransport, incoming: &Incoming, index: usize) -> usize {
        let arrived = incoming.get(index);
        let from = match arrived.from {
            Some(from) => from.into(),
            None if self.unix => incoming.unix_sender(index).into(),
            None => self.peer().unwrap_or_else(|| NOWHERE.into()),
        };
        if arrived.cut {
            self.failed(cut(arrived.data.len()), Some(from));
            return 0;
        }
        for data in arrived.datagrams() {
            if self.may_deliver() {
                self.deliver_one(transport, data, &from);
            } else {
                self.keep_for_later(data, &from);
            }
        }
        arrived.datagrams().count()
    }

    /// Whether the protocol takes the next datagram now; what came before it is delivered before.
    #[inline]
    fn may_deliver(&self) -> bool {
        self.state.get().may_receive() && self.kept.borrow().is_empty()
    }

    #[cold]
    fn keep_for_later(&self, data: &[u8], from: &Address) {
        if !self.state.get().is_closing() {
            self.kept.borrow_mut().push_back((data.into(), from.clone()));
        }
    }

    /// Delivers what came while the protocol paused reading, of which there is one batch at most.
    fn deliver_kept(&self, transport: &DatagramTransport) -> usize {
        let mut delivered = 0;
        while self.state.get().may_receive() {
            let kept = self.kept.borrow_mut().pop_front();
            let Some((data, from)) = kept else { break };
            self.gathering.set(Gathering::Turn);
            self.deliver_one(transport, &data, &from);
            delivered += 1;
        }
        delivered
    }

    fn deliver_one(&self, transport: &DatagramTransport, data: &[u8], from: &Address) {
        let result = self.call(transport, |endpoint| match from {
            Address::Internet(from) => endpoint.datagram_received(transport, data, *from),
            Address::Unix(from) => endpoint.unix_datagram_received(transport, data, from),
        });
        self.received(result);
    }

    #[inline]
    fn received(&self, result: Result<()>) {
        if let Err(error) = result {
            self.report("protocol.datagram_received() call failed", error);
        }
    }

    /// Whether something was reported that has to be read now.
    #[inline]
    pub(super) fn may_read(&self) -> bool {
        let is_there = self.readiness.get().has(Readiness::FOR_READERS.without(Readiness::PRIORITY));
        self.state.get().may_receive() && (is_there || !self.kept.borrow().is_empty())
    }

    /// The system says that nothing is left.
    fn drained(&self) {
        self.readiness.set(self.readiness.get().and(Readiness::WRITABLE));
    }
}

#[cold]
fn cut(length: usize) -> std::io::Error {
    let text = format!("a datagram of more than {length} bytes came in and was dropped: there is no room for it");
    std::io::Error::new(ErrorKind::FileTooLarge, text)
}
