//! Datagrams in batches where the system has no calls for that: one call a datagram.

use std::io;
use std::mem::MaybeUninit;

use socket2::SockAddr;

use super::{Arrived, Look, Parcel};
use crate::sys::Socket;
use crate::sys::socket::uninterrupted;

/// UDP has nothing longer than 64 KiB; a Unix socket may.
const ROOM: usize = 256 * 1024;

/// Memory for what comes in, and what came.
pub(crate) struct Incoming {
    memory: Box<[u8]>,
    length: usize,
    from: Option<SockAddr>,
}

impl Incoming {
    pub(crate) fn new() -> Self {
        Self { memory: vec![0; ROOM].into_boxed_slice(), length: 0, from: None }
    }

    /// Receives one datagram, whatever socket it is.
    pub(crate) fn receive(&mut self, socket: &Socket, _whole: bool) -> io::Result<Look> {
        let system = socket.socket()?;
        let pointer = std::ptr::from_mut(&mut *self.memory) as *mut [MaybeUninit<u8>];
        // SAFETY: it is the same memory for the same time, exclusively ours; the two types have the same layout, and
        // `recv_from` only writes bytes that are initialised.
        let memory = unsafe { &mut *pointer };
        let (length, from) = socket.noticed(uninterrupted(|| system.recv_from(memory)))?;
        self.length = length;
        self.from = Some(from);
        Ok(Look { count: 1, more: true })
    }

    /// What the last look gave; `index` is less than its count.
    pub(crate) fn get(&self, _index: usize) -> Arrived<'_> {
        let data = self.memory.get(..self.length).unwrap_or_default();
        let from = self.from.as_ref().and_then(SockAddr::as_socket);
        Arrived { data, from, segment: None, cut: false }
    }

    /// Which unix socket sent the datagram; one that was never bound has no name.
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    pub(crate) fn unix_sender(&self, _index: usize) -> crate::sys::UnixAddress {
        let address = self.from.as_ref().and_then(crate::sys::Address::of);
        address.and_then(crate::sys::Address::unix).unwrap_or(crate::sys::UnixAddress::Unnamed)
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
impl Socket {
    /// Hands the first datagram to the system. `bytes` are those of all, and there is at least one.
    pub(crate) fn send_batch(
        &self,
        bytes: &[u8],
        parcels: &[Parcel],
        _most: usize,
        _segments: &std::cell::Cell<bool>,
    ) -> io::Result<usize> {
        send_first(self, bytes, parcels)
    }

    /// This system does not merge datagrams.
    pub(crate) fn merge_incoming(&self) {}
}

pub(super) fn send_first(socket: &Socket, bytes: &[u8], parcels: &[Parcel]) -> io::Result<usize> {
    let Some(first) = parcels.first() else { return Ok(0) };
    socket.send_datagram(bytes.get(..first.length).unwrap_or(bytes), first.to.as_ref())?;
    Ok(1)
}
