//! The example `line_chat`, with several clients.

#[path = "../../examples/line_chat/room.rs"]
mod room;

use std::net::TcpStream;
use std::rc::Rc;

use proptest::prelude::*;

use crate::support::net::{client_of, read_all, read_exactly, running, send, settle};
use room::{Member, Room};

/// Reads what the client should get next, and says it.
async fn told(client: &TcpStream, text: &str) {
    let received = read_exactly(client, text.len()).await;
    assert_eq!(String::from_utf8_lossy(&received), text);
}

#[asyncio::test(timeout = "10s")]
async fn three_clients_talk() {
    let room = Rc::new(Room::default());
    let server = running().create_server(move || Member::new(&room), "127.0.0.1", 0).await.unwrap();
    let (ann, bob, eve) = (client_of(&server), client_of(&server), client_of(&server));
    for client in [&ann, &bob, &eve] {
        told(client, "what is your name?\n").await;
    }
    send(&ann, b"ann\r\n");
    told(&ann, "* ann is here\n").await;
    send(&bob, b"ann\nbo");
    told(&bob, "this name is taken, what is yours?\n").await;
    send(&bob, b"b\n");
    told(&bob, "* bob is here\n").await;
    told(&ann, "* bob is here\n").await;
    send(&ann, b"hello\n/who\n");
    told(&ann, "ann: hello\nann bob\n").await;
    told(&bob, "ann: hello\n").await;
    send(&bob, &[&[b'x'; 1200][..], b"\nstill here\n/quit\n"].concat());
    told(&ann, "bob: still here\n* bob is gone\n").await;
    let rest = String::from_utf8(read_all(bob).await).unwrap();
    assert!(rest.starts_with("! LimitOverrunError") && rest.ends_with("\nbob: still here\n"), "{rest}");
    drop((ann, eve));
    server.close();
    server.wait_closed().await.unwrap();
}

/// All that the only client is told if it sends this in such pieces.
async fn answers(pieces: &[&[u8]]) -> Vec<u8> {
    let room = Rc::new(Room::default());
    let server = running().create_server(move || Member::new(&room), "127.0.0.1", 0).await.unwrap();
    let client = client_of(&server);
    for piece in pieces {
        send(&client, piece);
        settle().await;
    }
    client.shutdown(std::net::Shutdown::Write).unwrap();
    let answers = read_all(client).await;
    server.close();
    server.wait_closed().await.unwrap();
    answers
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn it_makes_no_difference_in_which_pieces_lines_come(cuts in proptest::collection::vec(0..40_usize, 0..5)) {
        let input: &[u8] = b"ann\r\nhello\n\n/who\n/WHO\nlast, without its end";
        let mut cuts = cuts;
        cuts.extend([0, input.len()]);
        cuts.sort_unstable();
        let pieces: Vec<&[u8]> = cuts.windows(2).map(|pair| &input[pair[0]..pair[1]]).collect();
        let whole = asyncio::run(async { Ok::<_, asyncio::Error>(answers(&[input]).await) }).unwrap();
        let in_pieces = asyncio::run(async move { Ok::<_, asyncio::Error>(answers(&pieces).await) });
        prop_assert_eq!(in_pieces.unwrap(), whole);
    }
}
