//! A `StreamReader` over a connection in memory, whose bytes come in any pieces: every read gives what it would give if
//! all had come at once, and no byte is lost or made up.

#![no_main]

use std::cell::RefCell;

use asyncio::testing::{MemoryPeer, MemoryTransports, until_idle};
use asyncio::{Error, Runner, StreamReader, StreamReaderProtocol, create_task};
use futures_lite::{AsyncBufReadExt, AsyncReadExt, StreamExt};
use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;

#[derive(Arbitrary, Clone, Debug)]
enum Step {
    Read(u8),
    Exactly(u8),
    Line,
    Until(Vec<Vec<u8>>),
    NextLine,
    Into(u8),
    Buf(u8),
    With,
    AsyncRead(u8),
    FillBuf(u8),
}

#[derive(Arbitrary, Debug)]
struct Input {
    limit: Option<u8>,
    pieces: Vec<Vec<u8>>,
    /// Another connection receives between the pieces.
    neighbour: bool,
    steps: Vec<Step>,
}

async fn play(reader: &mut StreamReader, step: &Step) -> asyncio::Result<Vec<u8>> {
    let memory = &mut [0; 256];
    match step {
        Step::Read(n) => reader.read(usize::from(*n)).await,
        Step::Exactly(n) => reader.readexactly(usize::from(*n)).await,
        Step::Line => reader.readline().await,
        Step::Until(separators) => {
            let separators: Vec<&[u8]> = separators.iter().map(Vec::as_slice).collect();
            reader.readuntil(separators).await
        }
        Step::NextLine => reader.next().await.unwrap_or(Ok(Vec::new())),
        Step::Into(n) => {
            let length = reader.read_into(&mut memory[..usize::from(*n)]).await?;
            Ok(memory[..length].to_vec())
        }
        Step::Buf(room) => {
            let mut data = Vec::with_capacity(usize::from(*room));
            let length = reader.read_buf(&mut data).await?;
            assert_eq!(length, data.len());
            Ok(data)
        }
        Step::With => reader.read_with(<[u8]>::to_vec).await,
        Step::AsyncRead(n) => {
            let length = AsyncReadExt::read(reader, &mut memory[..usize::from(*n)]).await.map_err(Error::from)?;
            Ok(memory[..length].to_vec())
        }
        Step::FillBuf(n) => {
            let data = reader.fill_buf().await.map_err(Error::from)?;
            let taken = data[..data.len().min(usize::from(*n))].to_vec();
            AsyncBufReadExt::consume(reader, taken.len());
            Ok(taken)
        }
    }
}

/// Where the separator that ends first begins and ends; of two that end together the shorter.
fn found(data: &[u8], separators: &[Vec<u8>]) -> Option<(usize, usize)> {
    (1..=data.len())
        .flat_map(|end| separators.iter().map(move |separator| (end, separator)))
        .filter(|(end, separator)| data[..*end].ends_with(separator))
        .map(|(end, separator)| (end - separator.len(), end))
        .min_by_key(|(start, end)| (*end, end - start))
}

/// Holds what a step gave against all that was left, and takes that away.
fn check(left: &mut Vec<u8>, limit: usize, step: &Step, got: asyncio::Result<Vec<u8>>) {
    let newline = [b"\n".to_vec()];
    match (step, got) {
        (Step::Read(n) | Step::Into(n) | Step::AsyncRead(n), Ok(data)) => {
            assert!(data.len() <= usize::from(*n));
            assert_eq!(data.is_empty(), left.is_empty() || *n == 0);
            take(left, &data);
        }
        (Step::Buf(_) | Step::With, Ok(data)) => {
            assert_eq!(data.is_empty(), left.is_empty());
            take(left, &data);
        }
        (Step::FillBuf(_), Ok(data)) => take(left, &data),
        (Step::Exactly(n), Ok(data)) => {
            assert_eq!(data.len(), usize::from(*n));
            take(left, &data);
        }
        (Step::Exactly(n), Err(Error::IncompleteReadError(error))) => {
            assert!(left.len() < usize::from(*n));
            assert_eq!(error.partial, *left);
            left.clear();
        }
        (Step::Line | Step::NextLine, Ok(data)) => {
            let end = found(left, &newline).map_or(left.len(), |(_, end)| end);
            assert_eq!(data.len(), end);
            take(left, &data);
        }
        (Step::Line | Step::NextLine, Err(Error::ValueError(_))) => unreachable!("the caller stops before"),
        (Step::Until(separators), Ok(data)) => {
            let (start, end) = found(left, separators).expect("there is a separator");
            assert!(start <= limit && data.len() == end);
            take(left, &data);
        }
        (Step::Until(separators), Err(Error::ValueError(_))) => {
            assert!(separators.is_empty() || separators.iter().any(Vec::is_empty));
        }
        (Step::Until(separators), Err(Error::IncompleteReadError(error))) => {
            assert!(found(left, separators).is_none());
            assert_eq!(error.partial, *left);
            left.clear();
        }
        (Step::Until(separators), Err(Error::LimitOverrunError(error))) => {
            assert!(error.consumed > limit && error.consumed <= left.len());
            assert!(found(&left[..error.consumed], separators).is_none());
        }
        (step, Err(error)) => panic!("{step:?}: {error}"),
    }
}

fn take(left: &mut Vec<u8>, data: &[u8]) {
    assert!(left.starts_with(data), "{data:?} of {left:?}");
    left.drain(..data.len());
}

async fn opened(limit: usize) -> (StreamReader, asyncio::Transport, MemoryPeer) {
    let reader = StreamReader::with_limit(limit).expect("it is more than 0");
    let protocol = StreamReaderProtocol::new(&reader);
    let (transport, _, peer) = MemoryTransports::new().connect(protocol).await.expect("a loop runs");
    (reader, transport, peer)
}

async fn run(input: Input) {
    let limit = input.limit.map_or(64 * 1024, |limit| usize::from(limit).max(1));
    let (mut reader, transport, peer) = opened(limit).await;
    let (mut other, other_transport, other_peer) = opened(limit).await;
    let mut left = input.pieces.concat();
    let total = left.len();
    let feeding = create_task(async move {
        for piece in &input.pieces {
            let mut piece = piece.as_slice();
            while !piece.is_empty() {
                piece = &piece[peer.write(piece)..];
                if input.neighbour {
                    other_peer.write(b"XXXXXXXX");
                }
                asyncio::sleep(std::time::Duration::ZERO).await;
                asyncio::sleep(std::time::Duration::ZERO).await;
            }
        }
        peer.write_eof();
        other_peer.write_eof();
    });
    let neighbour = create_task(async move {
        while !other.read(100).await?.is_empty() {}
        Ok::<_, Error>(())
    });
    for step in &input.steps {
        let got = play(&mut reader, step).await;
        if let (Step::Line | Step::NextLine, Err(Error::ValueError(_))) = (step, &got) {
            // How much of a line that is too long was dropped depends on the pieces.
            let rest = reader.read_to_end().await.expect("the stream has no error");
            assert!(left.ends_with(&rest) && left.len() - rest.len() > limit);
            left = Vec::new();
            continue;
        }
        check(&mut left, limit, step, got);
    }
    assert_eq!(reader.read_to_end().limit_total(total.max(1)).await.expect("it is not more than all"), left);
    assert!(reader.at_eof());
    feeding.await.expect("it writes");
    neighbour.await.expect("it reads");
    transport.abort();
    other_transport.abort();
    until_idle().await;
}

thread_local! {
    static RUNNER: RefCell<Runner> = RefCell::new(Runner::new());
}

fuzz_target!(|input: Input| {
    RUNNER.with(|runner| runner.borrow_mut().run(run(input)).expect("the loop runs"));
});
