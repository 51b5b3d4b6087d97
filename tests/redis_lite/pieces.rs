//! The same pipeline in whatever pieces it comes: the answers do not change.

use asyncio::testing::{Chunks, MemoryTransports, until_idle};
use proptest::prelude::*;

use crate::session::{Session, Shared};

const COMMANDS: &[&str] = &[
    "PING\r\n",
    "*2\r\n$4\r\nECHO\r\n$3\r\na\r\n\r\n",
    "set k 1\n",
    "INCR k\r\n",
    "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n",
    "*3\r\n$3\r\nSET\r\n$1\r\nv\r\n$4\r\n*2\r\n\r\n",
    "get v\r\n",
    "del k v\r\n",
    "no such command\r\n",
];

/// What a new server answers.
fn answers(pipeline: &[u8], chunks: Chunks) -> Vec<u8> {
    let (pipeline, memory) = (pipeline.to_vec(), MemoryTransports::new().chunks(chunks));
    let answers = asyncio::run(async move {
        let shared = Shared::new(asyncio::get_running_loop()?);
        let (_transport, _session, peer) = memory.connect(Session::new(&shared)).await?;
        assert_eq!(peer.write(&pipeline), pipeline.len());
        peer.write_eof();
        until_idle().await;
        let received = peer.take_received();
        assert!(peer.at_eof(), "it answers everything and ends");
        Ok::<_, asyncio::Error>(received)
    });
    answers.unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn answers_do_not_depend_on_the_pieces_in_which_a_pipeline_comes(
        commands in proptest::collection::vec(proptest::sample::select(COMMANDS), 1..12),
        lengths in proptest::collection::vec(1usize..20, 0..40),
    ) {
        let pipeline = commands.concat().into_bytes();
        let expected = answers(&pipeline, Chunks::Whole);
        prop_assert!(!expected.is_empty());
        prop_assert_eq!(&answers(&pipeline, Chunks::Lengths(lengths)), &expected);
        prop_assert_eq!(&answers(&pipeline, Chunks::Bytes), &expected);
    }
}
