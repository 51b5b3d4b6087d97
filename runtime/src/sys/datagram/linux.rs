//! Datagrams in batches on Linux: `recvmmsg`, `sendmmsg`, and segments that the system cuts and merges.
//!
//! Most of what a small datagram costs is its way through the system's layers. A run of datagrams that have one length
//! and one destination goes that way once, as one buffer that is cut at its end (`UDP_SEGMENT`), and such a buffer can
//! be received uncut (`UDP_GRO`). The calls for many messages save the rest: a system call a datagram.

use std::cell::Cell;
use std::io::{self, IoSlice};
use std::mem::{self, MaybeUninit};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::os::fd::AsRawFd;
use std::ptr;

use libc::{c_int, c_void, cmsghdr, iovec, mmsghdr, sockaddr_in, sockaddr_in6, sockaddr_storage, socklen_t};
use socket2::{MsgHdr, SockAddr, SockAddrStorage};

use super::{Arrived, Look, Parcel};
use crate::sys::socket::{SEND_FLAGS, uninterrupted};
use crate::sys::{Address, Socket, UnixAddress};

/// What the longest datagram of UDP needs, and merged ones too.
const SLOT: usize = 64 * 1024;
/// How many are received by one call, at most and at least: to offer one costs time, so as many are offered as seem to
/// be wanted.
const SLOTS: usize = 16;
const FEW_SLOTS: usize = 4;
/// How many messages are sent by one call.
const MESSAGES: usize = 16;

/// How many segments the system takes in one buffer; newer ones take more.
const SEGMENTS: usize = 64;
/// No longer segments: what does not fit into a frame of Ethernet has to be fragmented, and no segment may be.
const SEGMENT: usize = 1452;
/// How long a buffer of segments may be, headers not counted.
const SEGMENTED: usize = 65_000;

/// Control data of one message: an integer, as `UDP_GRO` has it, with its head.
const CONTROL: usize = 32;

#[repr(C, align(8))]
#[derive(Clone, Copy)]
struct Control([u8; CONTROL]);

/// What is known of one message that came.
#[derive(Clone, Copy, Default)]
struct Message {
    offset: usize,
    length: usize,
    from: Option<SocketAddr>,
    name_length: socklen_t,
    segment: Option<usize>,
    cut: bool,
}

/// Memory for what comes in, and what came. The system gives only pages that are used.
pub(crate) struct Incoming {
    memory: Box<[u8]>,
    names: Box<[sockaddr_storage; SLOTS]>,
    messages: [Message; SLOTS],
    /// How many to offer next time.
    offered: usize,
}

impl Incoming {
    pub(crate) fn new() -> Self {
        // SAFETY: every field of a C socket address may be zero.
        let names = unsafe { mem::zeroed::<[sockaddr_storage; SLOTS]>() };
        Self {
            memory: vec![0; SLOT * SLOTS].into_boxed_slice(),
            names: Box::new(names),
            messages: [Message::default(); SLOTS],
            offered: FEW_SLOTS,
        }
    }

    /// Receives what is there, or one datagram into the `whole` memory, for sockets whose datagrams may be long.
    pub(crate) fn receive(&mut self, socket: &Socket, whole: bool) -> io::Result<Look> {
        let (slots, room) = if whole { (1, self.memory.len()) } else { (self.offered, SLOT) };
        let socket = socket.socket()?;
        let mut headers = [const { MaybeUninit::<mmsghdr>::uninit() }; SLOTS];
        let mut pieces = [const { MaybeUninit::<iovec>::uninit() }; SLOTS];
        let mut controls = [const { MaybeUninit::<Control>::uninit() }; SLOTS];
        let memories = self.memory.chunks_mut(room).zip(&mut *self.names);
        let places = headers.iter_mut().zip(&mut pieces).zip(&mut controls);
        for (((place, piece), control), (memory, name)) in places.zip(memories).take(slots) {
            // SAFETY: this C structure consists of integers and of pointers that may be null.
            let mut message: mmsghdr = unsafe { mem::zeroed() };
            let header = &mut message.msg_hdr;
            header.msg_iov = piece.write(iovec { iov_base: memory.as_mut_ptr().cast(), iov_len: memory.len() });
            header.msg_iovlen = 1;
            header.msg_name = ptr::from_mut(name).cast();
            header.msg_namelen = size_of::<sockaddr_storage>() as socklen_t;
            header.msg_control = control.as_mut_ptr().cast();
            header.msg_controllen = CONTROL as _;
            place.write(message);
        }
        let count = uninterrupted(|| {
            // SAFETY: the first `slots` headers point to memory, names and controls that live through the call, lie
            // apart, have the sizes that are named, and are used by nobody else meanwhile.
            let count = unsafe {
                libc::recvmmsg(
                    socket.as_raw_fd(),
                    headers.as_mut_ptr().cast(),
                    slots as _,
                    libc::MSG_DONTWAIT as _,
                    ptr::null_mut(),
                )
            };
            usize::try_from(count).map_err(|_| io::Error::last_os_error())
        })?;
        let came = headers.iter().zip(&*self.names).take(count);
        for ((index, message), (header, name)) in self.messages.iter_mut().enumerate().zip(came) {
            // SAFETY: the first `slots` headers were written above, and no more than those came.
            let header = unsafe { header.assume_init_ref() };
            *message = Message {
                offset: index * room,
                length: (header.msg_len as usize).min(room),
                from: if header.msg_hdr.msg_namelen == 0 { None } else { internet(name) },
                name_length: header.msg_hdr.msg_namelen,
                segment: segment(&header.msg_hdr),
                cut: header.msg_hdr.msg_flags & libc::MSG_TRUNC != 0,
            };
        }
        if !whole {
            self.offered = if count < slots { (count + 2).max(FEW_SLOTS) } else { slots * 2 }.min(SLOTS);
        }
        // An error behind the first message is kept by the socket and reported anew.
        Ok(Look { count, more: whole || count == slots })
    }

    /// What the last look gave; `index` is less than its count.
    #[inline]
    pub(crate) fn get(&self, index: usize) -> Arrived<'_> {
        let message = self.messages.get(index).copied().unwrap_or_default();
        let data = self.memory.get(message.offset..message.offset + message.length).unwrap_or_default();
        Arrived { data, from: message.from, segment: message.segment, cut: message.cut }
    }

    /// Which unix socket sent the datagram at `index`; one that was never bound has no name.
    pub(crate) fn unix_sender(&self, index: usize) -> UnixAddress {
        let length = self.messages.get(index).map_or(0, |message| message.name_length);
        let Some(name) = self.names.get(index).filter(|_| length > 0) else { return UnixAddress::Unnamed };
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
    /// Hands the first datagrams to the system, and says how many it took. `bytes` are those of all, and there is at
    /// least one. `segments` says whether the system may cut them, and becomes false when it cannot.
    ///
    /// Without addresses, on a connected socket, it goes by single messages: such a socket keeps errors of earlier
    /// datagrams, and a call for several would lose one that it meets behind the first.
    pub(crate) fn send_batch(&self, bytes: &[u8], parcels: &[Parcel], segments: &Cell<bool>) -> io::Result<usize> {
        let run = run(parcels, segments.get());
        let connected = parcels.first().is_none_or(|first| first.to.is_none());
        let sent = if connected || run == parcels.len() {
            self.send_run(bytes, parcels.get(..run).unwrap_or(parcels))
        } else {
            self.send_runs(bytes, parcels, segments.get())
        };
        match sent {
            Err(error) if run > 1 && is_of_the_run(&error) => {
                // The device cannot do it, or the way is narrower than usual: single datagrams may pass.
                segments.set(false);
                self.send_run(bytes, parcels.get(..1).unwrap_or(parcels))
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
    fn send_run(&self, bytes: &[u8], run: &[Parcel]) -> io::Result<usize> {
        let Some(first) = run.first() else { return Ok(0) };
        if run.len() == 1 {
            self.send_datagram(bytes.get(..first.length).unwrap_or(bytes), first.to.as_ref())?;
            return Ok(1);
        }
        let length = run.iter().map(|parcel| parcel.length).sum();
        let piece = [IoSlice::new(bytes.get(..length).unwrap_or(bytes))];
        let (control, controls) = cut_into(first.length);
        let to = first.to.as_ref().map(SockAddr::try_from).transpose()?;
        let mut message =
            MsgHdr::new().with_buffers(&piece).with_control(control.0.get(..controls).unwrap_or_default());
        if let Some(to) = &to {
            message = message.with_addr(to);
        }
        let socket = self.socket()?;
        uninterrupted(|| socket.sendmsg(&message, SEND_FLAGS))?;
        Ok(run.len())
    }

    /// Sends runs of datagrams, each by one message, all by one call.
    fn send_runs(&self, mut bytes: &[u8], mut parcels: &[Parcel], segments: bool) -> io::Result<usize> {
        // SAFETY: these C structures consist of integers and of pointers that may be null.
        let (mut headers, mut pieces) = unsafe { mem::zeroed::<([mmsghdr; MESSAGES], [iovec; MESSAGES])>() };
        let mut controls = [Control([0; CONTROL]); MESSAGES];
        let mut names: [Option<SockAddr>; MESSAGES] = [const { None }; MESSAGES];
        let mut lengths = [0; MESSAGES];
        let mut count = 0;
        let places = headers.iter_mut().zip(&mut pieces).zip(&mut controls).zip(&mut names).zip(&mut lengths);
        for ((((header, piece), control), name), run_length) in places {
            let Some(first) = parcels.first() else { break };
            let (run, others) = parcels.split_at(run(parcels, segments));
            let length = run.iter().map(|parcel| parcel.length).sum();
            let Some((data, rest)) = bytes.split_at_checked(length) else { break };
            // The system only reads what it is to send.
            *piece = iovec { iov_base: data.as_ptr().cast_mut().cast::<c_void>(), iov_len: length };
            let header = &mut header.msg_hdr;
            header.msg_iov = piece;
            header.msg_iovlen = 1;
            if let Some(to) = &first.to {
                let name = name.insert(SockAddr::try_from(to)?);
                header.msg_name = name.as_ptr().cast_mut().cast();
                header.msg_namelen = name.len();
            }
            if run.len() > 1 {
                let controls;
                (*control, controls) = cut_into(first.length);
                header.msg_control = control.0.as_mut_ptr().cast();
                header.msg_controllen = controls as _;
            }
            *run_length = run.len();
            count += 1;
            (parcels, bytes) = (others, rest);
        }
        let socket = self.socket()?;
        let sent = uninterrupted(|| {
            // SAFETY: the first `count` headers point to data, names and controls that live through the call and have
            // the sizes that are named; the call writes to the headers only.
            let sent = unsafe { libc::sendmmsg(socket.as_raw_fd(), headers.as_mut_ptr(), count, SEND_FLAGS as _) };
            usize::try_from(sent).map_err(|_| io::Error::last_os_error())
        })?;
        Ok(lengths.iter().take(sent).sum())
    }
}

/// How many of the first datagrams can go as one message: all of one length, but the last may be shorter.
fn run(parcels: &[Parcel], segments: bool) -> usize {
    let Some(first) = parcels.first().filter(|first| segments && (1..=SEGMENT).contains(&first.length)) else {
        return 1.min(parcels.len());
    };
    let most = SEGMENTS.min(SEGMENTED / first.length);
    let mut count = 1;
    for parcel in parcels.iter().take(most).skip(1) {
        if parcel.to != first.to || parcel.length > first.length || parcel.length == 0 {
            break;
        }
        count += 1;
        if parcel.length < first.length {
            break;
        }
    }
    count
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
