//! Whatever the pieces in which bytes come, reads give what they would of all of them at once.

use asyncio::{Error, StreamReader, create_task};
use proptest::prelude::*;

use crate::support::quiet::run;
use crate::support::tasks::tick;

/// One read, and what it gives.
#[derive(Clone, Debug)]
enum Step {
    Read(usize),
    Exactly(usize),
    Line,
    Until(Vec<Vec<u8>>),
    NextLine,
    Into(usize),
    Buf,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let separator = prop::collection::vec(prop::sample::select(b"ab\n".to_vec()), 1..4);
    let step = prop_oneof![
        (1..20_usize).prop_map(Step::Read),
        (0..30_usize).prop_map(Step::Exactly),
        Just(Step::Line),
        prop::collection::vec(separator, 1..4).prop_map(Step::Until),
        Just(Step::NextLine),
        (1..20_usize).prop_map(Step::Into),
        Just(Step::Buf),
    ];
    prop::collection::vec(step, 1..12)
}

/// What a read came to: the bytes, or which error, and what that took.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    Some(Vec<u8>),
    Incomplete(Vec<u8>),
    Overrun(usize),
    TooLong,
}

fn outcome(result: asyncio::Result<Vec<u8>>) -> Outcome {
    match result {
        Ok(data) => Outcome::Some(data),
        Err(Error::IncompleteReadError(error)) => Outcome::Incomplete(error.partial.clone()),
        Err(Error::LimitOverrunError(error)) => Outcome::Overrun(error.consumed),
        Err(Error::ValueError(_)) => Outcome::TooLong,
        Err(other) => panic!("{other}"),
    }
}

async fn play(reader: &mut StreamReader, step: &Step) -> Outcome {
    use futures_lite::StreamExt;
    match step {
        Step::Read(n) => outcome(reader.read(*n).await),
        Step::Exactly(n) => outcome(reader.readexactly(*n).await),
        Step::Line => outcome(reader.readline().await),
        Step::Until(separators) => {
            let separators: Vec<&[u8]> = separators.iter().map(Vec::as_slice).collect();
            outcome(reader.readuntil(separators).await)
        }
        Step::NextLine => outcome(reader.next().await.unwrap_or(Ok(Vec::new()))),
        Step::Into(n) => {
            let mut memory = vec![0; *n];
            let length = reader.read_into(&mut memory).await.unwrap();
            memory.truncate(length);
            Outcome::Some(memory)
        }
        Step::Buf => {
            let mut data = Vec::with_capacity(8);
            reader.read_buf(&mut data).await.unwrap();
            Outcome::Some(data)
        }
    }
}

/// How far a separator is from the front of `data`: where it begins and ends.
fn found(data: &[u8], separators: &[Vec<u8>]) -> Option<(usize, usize)> {
    (1..=data.len())
        .flat_map(|end| separators.iter().map(move |separator| (end, separator)))
        .filter(|(end, separator)| data[..*end].ends_with(separator))
        .map(|(end, separator)| (end - separator.len(), end))
        .min_by_key(|(start, end)| (*end, end - start))
}

/// What a step must give, if all the bytes had come at once; `got` says how many a read of some bytes took.
fn expected(data: &mut Vec<u8>, step: &Step, got: &Outcome) -> Outcome {
    let some = |data: &mut Vec<u8>, most: usize| {
        let Outcome::Some(got) = got else { panic!("{got:?}") };
        assert!(got.len() <= most && got.is_empty() == data.is_empty());
        Outcome::Some(data.drain(..got.len()).collect())
    };
    let newline = [b"\n".to_vec()];
    match step {
        Step::Read(n) | Step::Into(n) => some(data, *n),
        Step::Buf => some(data, usize::MAX),
        Step::Exactly(n) if *n > data.len() => Outcome::Incomplete(std::mem::take(data)),
        Step::Exactly(n) => Outcome::Some(data.drain(..*n).collect()),
        Step::Line | Step::NextLine => {
            let end = found(data, &newline).map_or(data.len(), |(_, end)| end);
            Outcome::Some(data.drain(..end).collect())
        }
        Step::Until(separators) => match found(data, separators) {
            Some((_, end)) => Outcome::Some(data.drain(..end).collect()),
            None => Outcome::Incomplete(std::mem::take(data)),
        },
    }
}

fn run_against_the_model(chunks: Vec<Vec<u8>>, steps: Vec<Step>) {
    run(async move {
        let mut reader = StreamReader::new();
        let feeder = reader.feeder();
        let mut all = chunks.concat();
        let feeding = create_task(async move {
            for chunk in chunks {
                feeder.feed_data(&chunk)?;
                tick().await;
            }
            feeder.feed_eof();
            Ok::<_, Error>(())
        });
        for step in steps {
            let got = play(&mut reader, &step).await;
            assert_eq!(got, expected(&mut all, &step, &got), "{step:?}");
        }
        feeding.await.unwrap();
        assert_eq!(reader.read_to_end().await.unwrap(), all);
    });
}

/// With a limit, an overrun depends on the pieces; but bytes are neither lost nor made up, and one gets past it.
fn run_with_a_limit(limit: usize, chunks: Vec<Vec<u8>>, separators: Vec<Vec<u8>>) {
    run(async move {
        let mut reader = StreamReader::with_limit(limit).unwrap();
        let feeder = reader.feeder();
        let all = chunks.concat();
        let feeding = create_task(async move {
            for chunk in chunks {
                feeder.feed_data(&chunk)?;
                tick().await;
            }
            feeder.feed_eof();
            Ok::<_, Error>(())
        });
        let mut read = Vec::new();
        loop {
            match play(&mut reader, &Step::Until(separators.clone())).await {
                Outcome::Some(data) => {
                    let (start, end) = found(&data, &separators).expect("it ends with a separator");
                    assert!(start <= limit && end == data.len());
                    read.extend(data);
                }
                Outcome::Overrun(consumed) => {
                    assert!(consumed > limit);
                    let skipped = reader.readexactly(consumed).await.unwrap();
                    assert!(found(&skipped, &separators).is_none(), "what is to be consumed has no separator");
                    read.extend(skipped);
                }
                Outcome::Incomplete(rest) => {
                    read.extend(rest);
                    break;
                }
                Outcome::TooLong => panic!("that is for lines"),
            }
        }
        feeding.await.unwrap();
        assert_eq!(read, all);
    });
}

fn chunks() -> impl Strategy<Value = Vec<Vec<u8>>> {
    prop::collection::vec(prop::collection::vec(prop::sample::select(b"ab\nc".to_vec()), 0..12), 0..12)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn reads_do_not_depend_on_the_pieces_in_which_bytes_come(chunks in chunks(), steps in steps()) {
        run_against_the_model(chunks, steps);
    }

    #[test]
    fn a_limit_loses_no_byte(
        limit in 1..20_usize,
        chunks in chunks(),
        separators in prop::collection::vec(prop::collection::vec(prop::sample::select(b"ab\n".to_vec()), 1..4), 1..3),
    ) {
        run_with_a_limit(limit, chunks, separators);
    }
}
