//! What goes over the socket between a pool and its worker: calls one way, answers the other, one at a time.
//!
//! ```text
//! header, 32 bytes: kind · number of pieces · length of the name · signature · length of the head
//! lengths of the pieces, 8 bytes each · name · head · pieces
//! ```
//!
//! No I/O in here: [`Sending`] is the list of slices to write, [`Assembly`] says where to put the next bytes that come.

use crate::executor::{FunctionId, Parcel};
use crate::sys::prefer_huge_pages;

/// A message.
#[derive(Debug)]
pub(super) enum Message {
    /// From a worker, once: it is there.
    Hello,
    Call(FunctionId, Parcel),
    Answer(Parcel),
}

const HELLO: u32 = 0x4159_0001;
const CALL: u32 = 0x4159_0002;
const ANSWER: u32 = 0x4159_0003;

const HEADER: usize = 32;

/// What comes in one read if it is small. Larger heads and pieces are read to where they stay.
const SCRATCH: usize = 4096;

/// A longer name or more pieces than that never were sent: a stranger writes to the socket.
const LONGEST_NAME: usize = 1 << 16;
const MOST_PIECES: usize = 1 << 24;

/// A head of at most so many bytes goes together with the header, in one system call.
const SMALL: usize = 16 * 1024;

/// A message, as what is written.
pub(super) struct Sending<'a> {
    begin: Vec<u8>,
    parcel: &'a Parcel,
    /// Whether `begin` has the head.
    joined: bool,
}

impl<'a> Sending<'a> {
    pub(super) fn hello(nothing: &'a Parcel) -> Self {
        Self::new(HELLO, None, nothing)
    }

    pub(super) fn call(function: &FunctionId, arguments: &'a Parcel) -> Self {
        Self::new(CALL, Some(function), arguments)
    }

    pub(super) fn answer(answer: &'a Parcel) -> Self {
        Self::new(ANSWER, None, answer)
    }

    fn new(kind: u32, function: Option<&FunctionId>, parcel: &'a Parcel) -> Self {
        let name = function.map_or("", FunctionId::name);
        let mut begin = Vec::with_capacity(HEADER + 8 * parcel.blobs.len() + name.len() + parcel.head.len().min(SMALL));
        begin.extend(kind.to_le_bytes());
        begin.extend(u32::try_from(parcel.blobs.len()).unwrap_or(u32::MAX).to_le_bytes());
        begin.extend((name.len() as u64).to_le_bytes());
        begin.extend(function.map_or(0, FunctionId::signature).to_le_bytes());
        begin.extend((parcel.head.len() as u64).to_le_bytes());
        for blob in &parcel.blobs {
            begin.extend((blob.len() as u64).to_le_bytes());
        }
        begin.extend_from_slice(name.as_bytes());
        let joined = parcel.head.len() <= SMALL;
        if joined {
            begin.extend_from_slice(&parcel.head);
        }
        Self { begin, parcel, joined }
    }

    /// The slices, in their order; none is empty.
    pub(super) fn slices(&self) -> impl Iterator<Item = &[u8]> {
        let head = (!self.joined).then_some(&*self.parcel.head);
        let blobs = self.parcel.blobs.iter().map(|blob| &**blob);
        [&*self.begin].into_iter().chain(head).chain(blobs).filter(|slice| !slice.is_empty())
    }
}

/// What came so far of the message that comes.
pub(super) struct Assembly {
    scratch: Box<[u8]>,
    stage: Stage,
}

enum Stage {
    /// Into the scratch buffer: as much is there.
    Header(usize),
    /// Into `pieces`: the lengths, the name, the head, then each piece. Up to `at` they are full, and of that one as
    /// much is there.
    Pieces { header: Header, pieces: Vec<Vec<u8>>, at: usize, filled: usize },
}

#[derive(Clone, Copy)]
struct Header {
    kind: u32,
    blobs: usize,
    name: usize,
    signature: u64,
    head: usize,
}

/// The peer speaks something else, or more than fits into memory.
#[derive(Debug)]
pub(super) struct Unreadable;

const LENGTHS: usize = 0;
const NAME: usize = 1;
const HEAD: usize = 2;
const BLOBS: usize = 3;

impl Assembly {
    pub(super) fn new() -> Self {
        Self { scratch: vec![0; SCRATCH].into_boxed_slice(), stage: Stage::Header(0) }
    }

    /// Whether nothing of a message has come.
    pub(super) fn is_empty(&self) -> bool {
        matches!(self.stage, Stage::Header(0))
    }

    /// Where the next bytes go; never empty.
    pub(super) fn room(&mut self) -> &mut [u8] {
        match &mut self.stage {
            Stage::Header(filled) => &mut self.scratch[*filled..],
            Stage::Pieces { pieces, at, filled, .. } => &mut pieces[*at][*filled..],
        }
    }

    /// Says that so many bytes were put there. The message, if it is whole: nothing may follow before it is answered.
    pub(super) fn filled(&mut self, count: usize) -> Result<Option<Message>, Unreadable> {
        let Stage::Header(filled) = &mut self.stage else {
            if let Stage::Pieces { filled, .. } = &mut self.stage {
                *filled += count;
            }
            return self.go_on();
        };
        *filled += count;
        let filled = *filled;
        if filled < HEADER {
            return Ok(None);
        }
        let header = Header::read(&self.scratch)?;
        let pieces = vec![empty(header.blobs * 8)?, empty(header.name)?, empty(header.head)?];
        self.stage = Stage::Pieces { header, pieces, at: LENGTHS, filled: 0 };
        let mut at = HEADER;
        loop {
            let message = self.go_on()?;
            if message.is_some() {
                // One message at a time: what follows is a stranger's.
                return if at == filled { Ok(message) } else { Err(Unreadable) };
            }
            if at == filled {
                return Ok(None);
            }
            let Stage::Pieces { pieces, at: piece, filled: there, .. } = &mut self.stage else {
                unreachable!("only a whole message ends this stage")
            };
            let room = &mut pieces[*piece][*there..];
            let count = room.len().min(filled - at);
            room[..count].copy_from_slice(&self.scratch[at..at + count]);
            *there += count;
            at += count;
        }
    }

    /// Looks for the next piece that has room.
    fn go_on(&mut self) -> Result<Option<Message>, Unreadable> {
        let Stage::Pieces { header, pieces, at, filled } = &mut self.stage else { return Ok(None) };
        while *filled == pieces[*at].len() {
            if *at == LENGTHS {
                for length in std::mem::take(&mut pieces[LENGTHS]).chunks_exact(8) {
                    let length = u64::from_le_bytes(length.try_into().expect("a chunk of eight"));
                    pieces.push(empty(usize::try_from(length).map_err(|_| Unreadable)?)?);
                }
            }
            (*at, *filled) = (*at + 1, 0);
            if *at == pieces.len() {
                let (header, pieces) = (*header, std::mem::take(pieces));
                self.stage = Stage::Header(0);
                return header.message(pieces).map(Some);
            }
        }
        Ok(None)
    }
}

impl Header {
    fn read(bytes: &[u8]) -> Result<Self, Unreadable> {
        let long = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"));
        let short = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"));
        let length = |at: usize| usize::try_from(long(at)).map_err(|_| Unreadable);
        let blobs = usize::try_from(short(4)).map_err(|_| Unreadable)?;
        let header = Self { kind: short(0), blobs, name: length(8)?, signature: long(16), head: length(24)? };
        let is_known = [HELLO, CALL, ANSWER].contains(&header.kind);
        if is_known && header.name <= LONGEST_NAME && blobs <= MOST_PIECES { Ok(header) } else { Err(Unreadable) }
    }

    fn message(self, mut pieces: Vec<Vec<u8>>) -> Result<Message, Unreadable> {
        let blobs = pieces.split_off(BLOBS);
        let parcel = Parcel { head: std::mem::take(&mut pieces[HEAD]), blobs };
        match self.kind {
            CALL => {
                let name = String::from_utf8(std::mem::take(&mut pieces[NAME])).map_err(|_| Unreadable)?;
                Ok(Message::Call(FunctionId::new(name, self.signature), parcel))
            }
            ANSWER => Ok(Message::Answer(parcel)),
            _ => Ok(Message::Hello),
        }
    }
}

/// Zeroes from the system cost nothing until they are written to.
fn empty(length: usize) -> Result<Vec<u8>, Unreadable> {
    let mut probe = Vec::<u8>::new();
    probe.try_reserve_exact(length).map_err(|_| Unreadable)?;
    drop(probe);
    let mut piece = vec![0; length];
    prefer_huge_pages(&mut piece);
    Ok(piece)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Assembly, Message, Sending};
    use crate::executor::{FunctionId, Parcel};

    fn bytes(sending: &Sending<'_>) -> Vec<u8> {
        sending.slices().flatten().copied().collect()
    }

    proptest! {
        #[test]
        fn a_call_comes_as_it_went_in_any_pieces(
            name in "[a-z:_]{0,40}",
            signature: u64,
            head in prop::collection::vec(any::<u8>(), 0..20_000),
            blobs in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..6_000), 0..4),
            cuts in prop::collection::vec(1..5_000_usize, 1..50),
        ) {
            let (function, parcel) = (FunctionId::new(name, signature), Parcel { head, blobs });
            let sent = bytes(&Sending::call(&function, &parcel));
            let (mut assembly, mut rest, mut cuts) = (Assembly::new(), &sent[..], cuts.iter().cycle());
            loop {
                let room = assembly.room();
                let count = room.len().min(rest.len()).min(*cuts.next().expect("a cycle"));
                prop_assert!(count > 0, "it waits for more than was sent");
                room[..count].copy_from_slice(&rest[..count]);
                rest = &rest[count..];
                if let Some(message) = assembly.filled(count).expect("it is ours") {
                    let Message::Call(came, arguments) = message else { panic!("a call was sent") };
                    prop_assert_eq!((&came, &arguments), (&function, &parcel));
                    break;
                }
            }
            prop_assert!(rest.is_empty() && assembly.is_empty());
        }

        #[test]
        fn what_a_stranger_sends_is_refused_or_waited_for(garbage in prop::collection::vec(any::<u8>(), 1..200)) {
            let mut assembly = Assembly::new();
            let room = assembly.room();
            room[..garbage.len()].copy_from_slice(&garbage);
            prop_assert!(matches!(assembly.filled(garbage.len()), Ok(None) | Err(_)));
        }
    }
}
