//! Datagrams in batches on Linux: `recvmmsg`, `sendmmsg`, and segments that the system cuts and merges.
//!
//! Most of what a small datagram costs is its way through the system's layers. A run of datagrams that have one length
//! and one destination goes that way once, as one buffer that is cut at its end (`UDP_SEGMENT`), and such a buffer can
//! be received uncut (`UDP_GRO`). The calls for many messages save the rest: a system call a datagram.

use std::alloc::{self, Layout};
use std::cell::Cell;
use std::io::{self, IoSlice};
use std::mem;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::os::fd::AsRawFd;
use std::ptr::{self, NonNull};

use libc::{c_int, c_void, cmsghdr, iovec, mmsghdr, sockaddr_in, sockaddr_in6, sockaddr_storage, socklen_t};
use socket2::{MsgHdr, SockAddr, SockAddrStorage};

use super::runs::{Run, Runs};
use super::{Arrived, Look, Parcel};
use crate::sys::os_socket::SEND_FLAGS;
use crate::sys::socket::uninterrupted;
use crate::sys::{Address, Socket, UnixAddress};

/// What the longest datagram of UDP needs, and merged ones too; and a line of the processor's cache more, so that the
/// beginnings of all do not compete for the same few places there.
const SLOT: usize = 64 * 1024 + 64;
/// How many are received by one call. To offer one that is not wanted costs nothing.
const SLOTS: usize = 16;
/// How many messages are sent by one call.
const MESSAGES: usize = 16;

/// Control data of one message: an integer, as `UDP_GRO` has it, with its head.
const CONTROL: usize = 32;

#[repr(C, align(8))]
#[derive(Clone, Copy)]
struct Control([u8; CONTROL]);

/// What the system reads and writes when it receives. The headers point to the rest of it.
#[repr(C)]
struct Slots {
    headers: [mmsghdr; SLOTS],
    pieces: [iovec; SLOTS],
    controls: [Control; SLOTS],
    names: [sockaddr_storage; SLOTS],
    memory: [u8; SLOT * SLOTS],
}

/// Memory for what comes in, and what came. The system gives only pages that are used.
pub(crate) struct Incoming {
    /// Owned, and nobody else's. Reached by this pointer alone, from which those in the headers are made.
    slots: NonNull<Slots>,
    /// In how many of the headers the system may have written; the others are as they were made.
    written: usize,
    /// How much of the memory a message has.
    room: usize,
}

impl Incoming {
    pub(crate) fn new() -> Self {
        let layout = Layout::new::<Slots>();
        // SAFETY: the type has a size.
        let memory = unsafe { alloc::alloc_zeroed(layout) };
        let Some(slots) = NonNull::new(memory.cast::<Slots>()) else { alloc::handle_alloc_error(layout) };
        Slots::connect(slots);
        Self { slots, written: SLOTS, room: SLOT }
    }

    fn slots(&self) -> &Slots {
        // SAFETY: it is allocated and owned; zeroes and whatever the system writes are values of these C structures; and
        // the system writes in `receive` only, which nobody calls as long as this reference lives.
        unsafe { self.slots.as_ref() }
    }

    /// Receives what is there, or one datagram into the `whole` memory, for sockets whose datagrams may be long.
    pub(crate) fn receive(&mut self, socket: &Socket, whole: bool) -> io::Result<Look> {
        let offered = if whole { 1 } else { SLOTS };
        let socket = socket.socket()?;
        self.prepare(if whole { SLOT * SLOTS } else { SLOT });
        // Whatever happens to it now.
        self.written = offered;
        let count = uninterrupted(|| {
            // SAFETY: the first `offered` headers point to memory, names and controls that live as long as they, lie
            // apart, have the sizes that are named, and are used by nobody else meanwhile.
            let count = unsafe {
                libc::recvmmsg(
                    socket.as_raw_fd(),
                    self.slots.as_ptr().cast(),
                    offered as _,
                    libc::MSG_DONTWAIT as _,
                    ptr::null_mut(),
                )
            };
            usize::try_from(count).map_err(|_| io::Error::last_os_error())
        })?;
        self.written = count;
        // An error behind the first message is kept by the socket and reported anew.
        Ok(Look { count, more: whole || count == offered })
    }

    /// Makes the headers that were written to what they were, each message with so much memory.
    fn prepare(&mut self, room: usize) {
        // SAFETY: as for `slots`, and there is no other reference, because this one is made of an exclusive one.
        let slots = unsafe { self.slots.as_mut() };
        for header in slots.headers.iter_mut().take(self.written) {
            header.msg_hdr.msg_namelen = size_of::<sockaddr_storage>() as socklen_t;
            header.msg_hdr.msg_controllen = CONTROL as _;
        }
        if let Some(piece) = slots.pieces.first_mut() {
            piece.iov_len = room;
        }
        self.room = room;
    }

    /// What the last look gave; `index` is less than its count.
    #[inline]
    pub(crate) fn get(&self, index: usize) -> Arrived<'_> {
        let slots = self.slots();
        let (Some(header), Some(name)) = (slots.headers.get(index), slots.names.get(index)) else {
            return Arrived::default();
        };
        let offset = index * self.room;
        let length = (header.msg_len as usize).min(self.room);
        Arrived {
            data: slots.memory.get(offset..offset + length).unwrap_or_default(),
            from: if header.msg_hdr.msg_namelen == 0 { None } else { internet(name) },
            segment: segment(&header.msg_hdr),
            cut: header.msg_hdr.msg_flags & libc::MSG_TRUNC != 0,
        }
    }

    /// Which unix socket sent the datagram at `index`; one that was never bound has no name.
    pub(crate) fn unix_sender(&self, index: usize) -> UnixAddress {
        let slots = self.slots();
        let length = slots.headers.get(index).map_or(0, |header| header.msg_hdr.msg_namelen);
        let Some(name) = slots.names.get(index).filter(|_| length > 0) else { return UnixAddress::Unnamed };
        let copy = |storage: *mut SockAddrStorage, size: *mut socklen_t| {
            // SAFETY: both are the system's storage for an address, and lie apart.
            unsafe { ptr::copy_nonoverlapping(ptr::from_ref(name).cast(), storage, 1) };
            // SAFETY: it is the memory for the length.
            unsafe { size.write(length.min(size_of::<sockaddr_storage>() as socklen_t)) };
            Ok(())
        };
        // SAFETY: the closure fills in an address that the system has written, and its length.
        let address = unsafe { SockAddr::try_init(copy) };
        address.ok().and_then(|((), address)| Address::of(&address)?.unix()).unwrap_or(UnixAddress::Unnamed)
    }
}

impl Slots {
    /// Lets the headers point to the rest.
    fn connect(slots: NonNull<Self>) {
        let slots = slots.as_ptr();
        // SAFETY: it is allocated, and only addresses in it are taken; so for the four below.
        let headers: *mut mmsghdr = unsafe { &raw mut (*slots).headers }.cast();
        // SAFETY: as above.
        let pieces: *mut iovec = unsafe { &raw mut (*slots).pieces }.cast();
        // SAFETY: as above.
        let controls: *mut Control = unsafe { &raw mut (*slots).controls }.cast();
        // SAFETY: as above.
        let names: *mut sockaddr_storage = unsafe { &raw mut (*slots).names }.cast();
        // SAFETY: as above.
        let memory: *mut u8 = unsafe { &raw mut (*slots).memory }.cast();
        for index in 0..SLOTS {
            let piece = pieces.wrapping_add(index);
            let memory = memory.wrapping_add(index * SLOT);
            // SAFETY: each of the arrays has so many places.
            unsafe { piece.write(iovec { iov_base: memory.cast(), iov_len: SLOT }) };
            // SAFETY: this C structure consists of integers and of pointers that may be null.
            let mut message: mmsghdr = unsafe { mem::zeroed() };
            message.msg_hdr.msg_iov = piece;
            message.msg_hdr.msg_iovlen = 1;
            message.msg_hdr.msg_name = names.wrapping_add(index).cast();
            message.msg_hdr.msg_control = controls.wrapping_add(index).cast();
            // SAFETY: as above.
            unsafe { headers.wrapping_add(index).write(message) };
        }
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        // SAFETY: it was allocated by the same allocator, with the layout of this type, and is not used any more.
        drop(unsafe { Box::from_raw(self.slots.as_ptr()) });
    }
}

/// An address of the Internet's that the system has written.
#[inline]
fn internet(name: &sockaddr_storage) -> Option<SocketAddr> {
    match c_int::from(name.ss_family) {
        libc::AF_INET => {
            // SAFETY: the storage has room and alignment for every address, and the family says that it is this one.
            let name = unsafe { &*ptr::from_ref(name).cast::<sockaddr_in>() };
            let ip = Ipv4Addr::from(name.sin_addr.s_addr.to_ne_bytes());
            Some(SocketAddrV4::new(ip, u16::from_be(name.sin_port)).into())
        }
        libc::AF_INET6 => {
            // SAFETY: as above.
            let name = unsafe { &*ptr::from_ref(name).cast::<sockaddr_in6>() };
            let ip = Ipv6Addr::from(name.sin6_addr.s6_addr);
            Some(SocketAddrV6::new(ip, u16::from_be(name.sin6_port), name.sin6_flowinfo, name.sin6_scope_id).into())
        }
        _ => None,
    }
}

/// How long the datagrams are that came together in this message.
#[inline]
fn segment(header: &libc::msghdr) -> Option<usize> {
    if header.msg_controllen == 0 {
        return None;
    }
    // SAFETY: `recvmmsg` has written this header and the control data that it names, and both are still there.
    let mut control = unsafe { libc::CMSG_FIRSTHDR(header) };
    while !control.is_null() {
        // SAFETY: the two functions give null or a head that lies whole in the control data.
        let head: cmsghdr = unsafe { control.read_unaligned() };
        if head.cmsg_level == libc::SOL_UDP && head.cmsg_type == libc::UDP_GRO {
            // SAFETY: `control` is a head in the control data.
            let data: *const c_int = unsafe { libc::CMSG_DATA(control) }.cast();
            // SAFETY: the data of this kind is an integer, and stands behind its head.
            let size = unsafe { data.read_unaligned() };
            return usize::try_from(size).ok().filter(|size| *size > 0);
        }
        // SAFETY: `control` is a head in the control data of `header`.
        control = unsafe { libc::CMSG_NXTHDR(header, control) };
    }
    None
}

impl Socket {
    /// Hands the first datagrams to the system, at most so many, and says how many it took. `bytes` are those of all, and
    /// there is at least one. `segments` says whether the system may cut them, and becomes false when it cannot.
    ///
    /// Without addresses, on a connected socket, it goes by single messages: such a socket keeps errors of earlier
    /// datagrams, and a call for several would lose one that it meets behind the first.
    pub(crate) fn send_batch(
        &self,
        bytes: &[u8],
        parcels: &[Parcel],
        most: usize,
        segments: &Cell<bool>,
    ) -> io::Result<usize> {
        let mut runs = Runs::new(parcels, most, segments.get());
        let Some(run) = runs.take_run() else { return Ok(0) };
        let sent = if run.first.to.is_none() || runs.is_empty() {
            self.send_run(bytes, run)
        } else {
            self.send_runs(bytes, Runs::new(parcels, most, segments.get()))
        };
        match sent {
            Err(error) if run.count > 1 && is_of_the_run(&error) => {
                // The device cannot do it, or the way is narrower than usual: single datagrams may pass.
                segments.set(false);
                self.send_run(bytes, Run { count: 1, bytes: run.first.length, ..run })
            }
            sent => sent,
        }
    }

    /// Lets the system hand out datagrams together that came together. One that cannot is as well.
    pub(crate) fn merge_incoming(&self) {
        if let Err(error) = self.set_option(libc::SOL_UDP, libc::UDP_GRO, 1) {
            crate::log::record!(debug, "datagrams come one by one: {error}");
        }
    }

    /// Sends datagrams of one length to one place, by one message.
    fn send_run(&self, bytes: &[u8], run: Run<'_>) -> io::Result<usize> {
        let Run { first, count, bytes: length } = run;
        let data = bytes.get(..length).unwrap_or(bytes);
        if count == 1 {
            self.send_datagram(data, first.to.as_ref())?;
            return Ok(1);
        }
        let piece = [IoSlice::new(data)];
        let (control, controls) = cut_into(first.length);
        let to = first.to.as_ref().map(SockAddr::try_from).transpose()?;
        let mut message =
            MsgHdr::new().with_buffers(&piece).with_control(control.0.get(..controls).unwrap_or_default());
        if let Some(to) = &to {
            message = message.with_addr(to);
        }
        let socket = self.socket()?;
        uninterrupted(|| socket.sendmsg(&message, SEND_FLAGS))?;
        Ok(count)
    }

    /// Sends runs of datagrams, each by one message, all by one call.
    fn send_runs(&self, mut bytes: &[u8], mut runs: Runs<'_>) -> io::Result<usize> {
        // SAFETY: these C structures consist of integers and of pointers that may be null.
        let (mut headers, mut pieces) = unsafe { mem::zeroed::<([mmsghdr; MESSAGES], [iovec; MESSAGES])>() };
        let mut controls = [Control([0; CONTROL]); MESSAGES];
        let mut names: [Option<SockAddr>; MESSAGES] = [const { None }; MESSAGES];
        let mut counts = [0; MESSAGES];
        let mut messages = 0;
        let places = headers.iter_mut().zip(&mut pieces).zip(&mut controls).zip(&mut names).zip(&mut counts);
        for ((((header, piece), control), name), count) in places {
            let Some(run) = runs.take_run() else { break };
            let Some((data, rest)) = bytes.split_at_checked(run.bytes) else { break };
            // The system only reads what it is to send.
            *piece = iovec { iov_base: data.as_ptr().cast_mut().cast::<c_void>(), iov_len: run.bytes };
            let header = &mut header.msg_hdr;
            header.msg_iov = piece;
            header.msg_iovlen = 1;
            if let Some(to) = &run.first.to {
                let name = name.insert(SockAddr::try_from(to)?);
                header.msg_name = name.as_ptr().cast_mut().cast();
                header.msg_namelen = name.len();
            }
            if run.count > 1 {
                let controls;
                (*control, controls) = cut_into(run.first.length);
                header.msg_control = control.0.as_mut_ptr().cast();
                header.msg_controllen = controls as _;
            }
            *count = run.count;
            messages += 1;
            bytes = rest;
        }
        let socket = self.socket()?;
        let sent = uninterrupted(|| {
            // SAFETY: the first `messages` headers point to data, names and controls that live through the call and have
            // the sizes that are named; the call writes to the headers only.
            let sent = unsafe { libc::sendmmsg(socket.as_raw_fd(), headers.as_mut_ptr(), messages, SEND_FLAGS as _) };
            usize::try_from(sent).map_err(|_| io::Error::last_os_error())
        })?;
        Ok(counts.iter().take(sent).sum())
    }
}

/// Whether an error can come from sending several datagrams as one message.
fn is_of_the_run(error: &io::Error) -> bool {
    matches!(
        error.raw_os_error(),
        Some(libc::EINVAL | libc::EIO | libc::EMSGSIZE | libc::EOPNOTSUPP | libc::ENOPROTOOPT)
    )
}

/// The control data that tells how long the segments are, and its length.
fn cut_into(segment: usize) -> (Control, usize) {
    const SIZE: u32 = size_of::<u16>() as u32;
    let mut control = Control([0; CONTROL]);
    // SAFETY: computes with numbers only.
    let length = unsafe { libc::CMSG_LEN(SIZE) };
    // SAFETY: as above.
    let space = unsafe { libc::CMSG_SPACE(SIZE) };
    let head: *mut cmsghdr = control.0.as_mut_ptr().cast();
    // SAFETY: the control data has the alignment of a head and room for it; what is written before was zero.
    let head = unsafe { &mut *head };
    head.cmsg_len = length as _;
    head.cmsg_level = libc::SOL_UDP;
    head.cmsg_type = libc::UDP_SEGMENT;
    let data = size_of::<cmsghdr>();
    let size = u16::try_from(segment).expect("no segment is longer than SEGMENT").to_ne_bytes();
    control.0.get_mut(data..data + size.len()).expect("there is room").copy_from_slice(&size);
    (control, space as usize)
}
