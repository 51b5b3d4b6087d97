//! The framings of `#[asyncio::protocol]`: any bytes, in any pieces, give the frames that they give at once.

#![no_main]

use std::cell::RefCell;
use std::rc::Rc;

use asyncio::testing::{MemoryTransports, until_idle};
use asyncio::{Error, Runner};
use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Shape {
    Lines,
    Zero,
    Long,
    Short,
    Wide,
}

#[derive(Arbitrary, Debug)]
struct Input {
    shape: Shape,
    skip: bool,
    pieces: Vec<Vec<u8>>,
}

#[derive(Clone, Debug, PartialEq)]
enum Out {
    Frame(Vec<u8>),
    TooLong,
    Lost(Option<String>),
}

type Outs = Rc<RefCell<Vec<Out>>>;

macro_rules! framed {
    ($name:ident, $received:ident($frame:ident), $($framing:tt)*) => {
        struct $name {
            outs: Outs,
            skip: bool,
        }

        #[asyncio::protocol($($framing)*)]
        impl $name {
            fn $received(&mut self, $frame: &[u8]) {
                self.outs.borrow_mut().push(Out::Frame($frame.to_vec()));
            }

            fn frame_too_long(&mut self, exc: &Error) -> bool {
                assert!(matches!(exc, Error::LimitOverrunError(_)));
                self.outs.borrow_mut().push(Out::TooLong);
                self.skip
            }

            fn connection_lost(&mut self, exc: Option<&Error>) {
                // How much there is of a frame that is too long depends on how much had come when that was noticed.
                let text = exc.map(|exc| exc.to_string().split(": it has").next().unwrap_or_default().to_owned());
                self.outs.borrow_mut().push(Out::Lost(text));
            }
        }
    };
}

framed!(Lines, line_received(line), lines, max = 20);
framed!(Zero, frame_received(frame), delimited = b"\0", max = 20);
framed!(Long, frame_received(frame), delimited = b"aab", max = 20);
framed!(Short, frame_received(frame), length_prefixed = u16 le, max = 20);
framed!(Wide, frame_received(frame), length_prefixed = u64, max = 300);

async fn deliver<'a>(shape: Shape, skip: bool, pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<Out> {
    let outs = Outs::default();
    let memory = MemoryTransports::new();
    let peer = {
        let outs = outs.clone();
        match shape {
            Shape::Lines => memory.connect(Lines { outs, skip }).await.map(|(.., peer)| peer),
            Shape::Zero => memory.connect(Zero { outs, skip }).await.map(|(.., peer)| peer),
            Shape::Long => memory.connect(Long { outs, skip }).await.map(|(.., peer)| peer),
            Shape::Short => memory.connect(Short { outs, skip }).await.map(|(.., peer)| peer),
            Shape::Wide => memory.connect(Wide { outs, skip }).await.map(|(.., peer)| peer),
        }
    }
    .expect("a loop runs");
    for mut piece in pieces {
        while !piece.is_empty() && !peer.is_closed() {
            piece = &piece[peer.write(piece)..];
            until_idle().await;
        }
    }
    peer.write_eof();
    until_idle().await;
    drop(peer);
    until_idle().await;
    outs.take()
}

/// The lines of all the bytes, if none is too long.
fn lines(all: &[u8]) -> Option<Vec<Out>> {
    let mut rest = all.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let last = all.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
    let mut frames: Vec<&[u8]> = rest.by_ref().collect();
    frames.pop();
    if !last.is_empty() {
        frames.push(last);
    }
    let fits = frames.iter().all(|line| line.len() < 20) && last.len() < 20;
    fits.then(|| frames.into_iter().map(|line| Out::Frame(line.to_vec())).collect())
}

async fn run(Input { shape, skip, pieces }: Input) {
    let all = pieces.concat();
    let whole = deliver(shape, skip, [all.as_slice()]).await;
    assert_eq!(whole.iter().filter(|out| matches!(out, Out::Lost(_))).count(), 1, "{whole:?}");
    let cut = deliver(shape, skip, pieces.iter().map(Vec::as_slice)).await;
    assert_eq!(cut, whole);
    let bytes = deliver(shape, skip, all.chunks(1)).await;
    assert_eq!(bytes, whole);
    if let (Shape::Lines, Some(mut expected)) = (shape, lines(&all)) {
        let got: Vec<Out> = whole.into_iter().filter(|out| !matches!(out, Out::Lost(_))).collect();
        if all.ends_with(b"\r") {
            // Whether it is data depends on what would have come.
            expected.truncate(got.len().min(expected.len() - 1));
            assert!(got.starts_with(&expected));
        } else {
            assert_eq!(got, expected);
        }
    }
}

thread_local! {
    static RUNNER: RefCell<Runner> = RefCell::new(Runner::new());
}

fuzz_target!(|input: Input| {
    RUNNER.with(|runner| runner.borrow_mut().run(run(input)).expect("the loop runs"));
});
