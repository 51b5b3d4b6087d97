//! The splitter against a model that has all bytes at once, in random pieces.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::exceptions::IncompleteReadError;

/// What comes out of a stream.
#[derive(Clone, Debug, PartialEq)]
enum Out {
    Frame(Vec<u8>),
    TooLong,
    CutOff(Vec<u8>, Option<usize>),
}

const SHAPES: [Framing; 7] = [
    Framing::lines(),
    Framing::delimited(b"\0"),
    Framing::delimited(b"--"),
    Framing::delimited(b"aab"),
    Framing::length_prefixed(PrefixWidth::U16, ByteOrder::Big),
    Framing::length_prefixed(PrefixWidth::U32, ByteOrder::Little),
    Framing::length_prefixed(PrefixWidth::U64, ByteOrder::Big),
];

/// Feeds the pieces, and counts on the way how many bytes were copied.
fn split(framing: Framing, pieces: &[&[u8]]) -> (Vec<Out>, usize) {
    let (mut splitter, mut out, mut copied) = (Splitter::new(framing), Vec::new(), 0);
    for data in pieces {
        let mut at = 0;
        while at < data.len() {
            match splitter.next(data, at) {
                Next::More => break,
                Next::Whole { frame, taken } => {
                    assert!(taken > at && taken <= data.len());
                    out.push(Out::Frame(data[frame].to_vec()));
                    at = taken;
                }
                Next::Joined { bytes, frame, taken } => {
                    assert!(taken > at && taken <= data.len());
                    copied += bytes.len();
                    out.push(Out::Frame(bytes[frame].to_vec()));
                    at = taken;
                }
                Next::TooLong { taken, .. } => {
                    assert!(taken > at && taken <= data.len());
                    out.push(Out::TooLong);
                    at = taken;
                }
            }
        }
    }
    match splitter.finish() {
        Ending::Clean => {}
        Ending::Line(line) => out.push(Out::Frame(line)),
        Ending::TooLong => out.push(Out::TooLong),
        Ending::CutOff(IncompleteReadError { partial, expected }) => out.push(Out::CutOff(partial, expected)),
    }
    (out, copied)
}

/// The same from all bytes at once, as plainly as possible.
fn model(framing: Framing, bytes: &[u8]) -> Vec<Out> {
    match framing.shape {
        Shape::Lines => delimited(bytes, b"\n", framing.max, true),
        Shape::Delimited(delimiter) => delimited(bytes, delimiter, framing.max, false),
        Shape::LengthPrefixed(width, order) => prefixed(bytes, width.bytes(), order, framing.max),
    }
}

fn delimited(mut bytes: &[u8], delimiter: &[u8], max: usize, lines: bool) -> Vec<Out> {
    let mut out = Vec::new();
    let judged = |frame: &[u8]| if frame.len() > max { Out::TooLong } else { Out::Frame(frame.to_vec()) };
    while let Some(place) = bytes.windows(delimiter.len()).position(|window| window == delimiter) {
        let frame = &bytes[..place];
        out.push(judged(if lines { frame.strip_suffix(b"\r").unwrap_or(frame) } else { frame }));
        bytes = &bytes[place + delimiter.len()..];
    }
    if bytes.len() > max.saturating_add(delimiter.len() - 1) {
        out.push(Out::TooLong);
    } else if !bytes.is_empty() {
        out.push(if lines { judged(bytes) } else { Out::CutOff(bytes.to_vec(), None) });
    }
    out
}

fn prefixed(mut bytes: &[u8], width: usize, order: ByteOrder, max: usize) -> Vec<Out> {
    let mut out = Vec::new();
    while !bytes.is_empty() {
        if bytes.len() < width {
            out.push(Out::CutOff(bytes.to_vec(), Some(width)));
            break;
        }
        let (head, rest) = bytes.split_at(width);
        let mut length = [0; 8];
        match order {
            ByteOrder::Big => length[8 - width..].copy_from_slice(head),
            ByteOrder::Little => {
                length[8 - width..].copy_from_slice(head);
                length[8 - width..].reverse();
            }
        }
        let length = u64::from_be_bytes(length);
        let there = usize::try_from(length).unwrap_or(usize::MAX).min(rest.len());
        if length > max as u64 {
            out.push(Out::TooLong);
        } else if there < usize::try_from(length).unwrap() {
            out.push(Out::CutOff(rest.to_vec(), usize::try_from(length).ok()));
        } else {
            out.push(Out::Frame(rest[..there].to_vec()));
        }
        bytes = &rest[there..];
    }
    out
}

/// Cuts the bytes at these places.
fn pieces<'a>(bytes: &'a [u8], cuts: &[prop::sample::Index]) -> Vec<&'a [u8]> {
    let mut places: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
    places.extend([0, bytes.len()]);
    places.sort_unstable();
    places.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect()
}

proptest! {
    #[test]
    fn the_pieces_in_which_a_stream_comes_make_no_difference(
        shape in 0..SHAPES.len(),
        max in 0..12_usize,
        // Few values, so that delimiters and small lengths are frequent.
        bytes in vec(prop::sample::select(b"\0\0\0\0\x01\x03\r\n\nab-".to_vec()), 0..80),
        cuts in vec(any::<prop::sample::Index>(), 0..20),
    ) {
        let framing = SHAPES[shape].max(max);
        let wanted = model(framing, &bytes);
        prop_assert_eq!(&split(framing, &pieces(&bytes, &cuts)).0, &wanted);
        let single: Vec<&[u8]> = bytes.chunks(1).collect();
        prop_assert_eq!(&split(framing, &single).0, &wanted);
    }

    #[test]
    fn what_is_written_comes_out_again(
        shape in 0..SHAPES.len(),
        frames in vec(vec(prop::sample::select(b"\0\r\nab-x".to_vec()), 0..10), 0..8),
        cuts in vec(any::<prop::sample::Index>(), 0..8),
    ) {
        let framing = SHAPES[shape];
        let (mut stream, mut sent) = (Vec::new(), Vec::new());
        for frame in frames {
            if let Ok((prefix, suffix)) = framing.around(&frame) {
                stream.extend([prefix.as_bytes(), &frame, suffix].concat());
                sent.push(Out::Frame(frame));
            }
        }
        prop_assert_eq!(split(framing, &pieces(&stream, &cuts)).0, sent);
    }

    #[test]
    fn what_was_collected_is_given_back_as_it_came(
        shape in 0..SHAPES.len(),
        bytes in vec(prop::sample::select(b"\0\0\x03\r\nab-".to_vec()), 0..40),
        cut in any::<prop::sample::Index>(),
    ) {
        let framing = SHAPES[shape];
        let (before, after) = bytes.split_at(cut.index(bytes.len() + 1));
        let (mut splitter, mut taken) = (Splitter::new(framing), 0);
        let mut frames = Vec::new();
        while taken < before.len() {
            match splitter.next(before, taken) {
                Next::More => break,
                Next::Whole { frame, taken: to } => {
                    frames.push(Out::Frame(before[frame].to_vec()));
                    taken = to;
                }
                // What is skipped is gone.
                Next::TooLong { .. } => return Ok(()),
                Next::Joined { .. } => return Err(TestCaseError::fail("nothing came before")),
            }
        }
        let rest = splitter.give_back();
        prop_assert_eq!(&rest, &before[taken..]);
        frames.extend(split(framing, &[&rest, after]).0);
        prop_assert_eq!(frames, model(framing, &bytes));
    }
}

#[test]
fn only_frames_that_came_in_pieces_are_copied() {
    let stream = b"first\nsecond\nthird\nfourth\n";
    assert_eq!(split(Framing::lines(), &[stream]).1, 0);
    let (out, copied) = split(Framing::lines(), &[&stream[..8], &stream[8..]]);
    assert_eq!(out.len(), 4);
    assert_eq!(copied, "second\n".len());
    let prefixed = SHAPES[4];
    assert_eq!(split(prefixed, &[b"\0\x02hi\0\x01!\0\0"]).1, 0);
    let pieces: [&[u8]; 2] = [b"\0\x02hi\0", b"\x01!\0\0"];
    assert_eq!(split(prefixed, &pieces).1, 3);
}

#[test]
fn a_frame_above_the_limit_is_told_before_it_is_there_and_takes_no_memory() {
    let mut splitter = Splitter::new(SHAPES[6]);
    let huge = u64::MAX.to_be_bytes();
    assert_eq!(splitter.next(&huge, 0), Next::TooLong { size: Some(u64::MAX), taken: 8 });
    assert_eq!(splitter.next(&[7; 1000], 0), Next::More);
    assert_eq!(splitter.partial.capacity(), 0);
    let mut splitter = Splitter::new(Framing::delimited(b"\r\n").max(100));
    let told = [splitter.next(&[b'x'; 101], 0), splitter.next(&[b'x'; 1], 0)];
    assert_eq!(told, [Next::More, Next::TooLong { size: None, taken: 1 }]);
    assert_eq!(splitter.next(&[b'x'; 5000], 0), Next::More);
    assert!(splitter.partial.capacity() < 8, "{}", splitter.partial.capacity());
    assert_eq!(splitter.next(b"x\r", 0), Next::More);
    assert_eq!(splitter.next(b"\nnext\r\n", 0), Next::Whole { frame: 1..5, taken: 7 });
}

#[test]
fn nothing_of_a_frame_that_is_skipped_is_given_back() {
    let mut splitter = Splitter::new(Framing::delimited(b"--").max(2));
    assert!(matches!(splitter.next(b"four-", 0), Next::TooLong { .. }));
    assert_eq!(splitter.give_back(), b"");
    assert_eq!(splitter.next(b"-a--", 0), Next::Whole { frame: 0..2, taken: 4 });
}

#[test]
fn a_frame_that_could_not_be_read_back_is_not_written() {
    let refused = |framing: Framing, frame: &[u8]| framing.around(frame).unwrap_err().to_string();
    assert!(refused(Framing::lines(), b"two\nlines").contains("a line cannot contain"));
    assert!(refused(Framing::lines(), b"two\r").contains("end with"));
    assert!(refused(Framing::delimited(b"--"), b"a--b").contains("delimiter"));
    assert!(refused(Framing::delimited(b"--"), b"a-").contains("delimiter"));
    assert!(refused(Framing::lines().max(3), b"four").contains("above the limit of 3"));
    assert!(refused(SHAPES[4].max(1 << 20), &[0; 1 << 16]).contains("too long for a length of 2 bytes"));
    assert!(Framing::lines().max(4).around(b"four").is_ok());
    let (prefix, suffix) = SHAPES[5].around(b"xyz").unwrap();
    assert_eq!((prefix.as_bytes(), suffix), (&[3, 0, 0, 0][..], &b""[..]));
}
