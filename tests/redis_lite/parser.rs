//! Requests out of bytes, however they are cut.

use proptest::prelude::*;

use crate::resp::{MAX_ARGUMENTS, MAX_INLINE, MAX_REQUEST, Malformed, Parser};

type Requests = Vec<Vec<Vec<u8>>>;

/// What the parser makes of these pieces: the requests, and what ended them.
fn parse<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> (Requests, Option<Malformed>) {
    let mut parser = Parser::default();
    let mut requests = Vec::new();
    for piece in pieces {
        parser.push(piece);
        loop {
            match parser.next_request() {
                Ok(Some(request)) => requests.push(request.map(<[u8]>::to_vec).collect()),
                Ok(None) => break,
                Err(malformed) => return (requests, Some(malformed)),
            }
        }
        parser.compact();
    }
    (requests, None)
}

fn encode(requests: &Requests) -> Vec<u8> {
    let mut bytes = Vec::new();
    for request in requests {
        bytes.extend(format!("*{}\r\n", request.len()).bytes());
        for word in request {
            bytes.extend(format!("${}\r\n", word.len()).bytes());
            bytes.extend(word);
            bytes.extend(b"\r\n");
        }
    }
    bytes
}

fn words(text: &str) -> Vec<Vec<u8>> {
    text.split_whitespace().map(|word| word.as_bytes().to_vec()).collect()
}

#[test]
fn requests_may_be_cut_at_every_byte() {
    let bytes =
        b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$4\r\n\r\n$1\r\nPING\r\n\r\n*0\r\n*-1\r\n  get \t k  \n*1\r\n$0\r\n\r\n";
    let expected =
        vec![vec![b"SET".to_vec(), b"k".to_vec(), b"\r\n$1".to_vec()], words("PING"), words("get k"), vec![Vec::new()]];
    for at in 0..=bytes.len() {
        let (first, second) = bytes.split_at(at);
        assert_eq!(parse([first, second]), (expected.clone(), None), "cut at {at}");
    }
    assert_eq!(parse(bytes.chunks(1)), (expected, None));
}

#[test]
fn what_is_no_request_is_refused_at_the_byte_that_shows_it() {
    let long_count = format!("*{}", "0".repeat(31));
    let cases: &[(&[u8], Malformed)] = &[
        (b"*x\r\n", Malformed::Count),
        (b"*\r\n", Malformed::Count),
        (b"*+1\r\n", Malformed::Count),
        (b"*99999999999999999999\r\n", Malformed::Count),
        (b"*1000000\r\n", Malformed::Count),
        (long_count.as_bytes(), Malformed::Count),
        (b"*1\r\n:", Malformed::NotAString(b':')),
        (b"*1\r\nG", Malformed::NotAString(b'G')),
        (b"*1\r\n$-1\r\n", Malformed::Length),
        (b"*1\r\n$\r\n", Malformed::Length),
        (b"*1\r\n$1048577\r\n", Malformed::Length),
        (b"*1\r\n$18446744073709551616\r\n", Malformed::Length),
        (b"*1\r\n$3\r\nGETxx", Malformed::LineEnd),
        (b"*1\rx", Malformed::LineEnd),
        (b"*2\r\n$1000000\r\n", Malformed::Request),
    ];
    for (bytes, expected) in cases {
        let mut bytes = bytes.to_vec();
        if *expected == Malformed::Request {
            bytes.extend(vec![b'x'; 1_000_000]);
            bytes.extend(b"\r\n$100000\r\n");
        }
        assert_eq!(parse([&bytes[..]]), (Vec::new(), Some(*expected)), "{}", bytes.escape_ascii());
        let before = &bytes[..bytes.len() - 1];
        assert_eq!(parse([before]).1, None, "refused too early: {}", before.escape_ascii());
        if bytes.len() < 100 {
            assert_eq!(parse(bytes.chunks(1)).1, Some(*expected), "byte by byte: {}", bytes.escape_ascii());
        }
    }
}

#[test]
fn the_limits_are_reached_and_not_passed() {
    let longest = vec![vec![vec![b'x'; MAX_REQUEST - 64]]];
    assert_eq!(parse([&encode(&longest)[..]]), (longest, None));
    let most = vec![vec![b"x".to_vec(); MAX_ARGUMENTS]];
    assert_eq!(parse([&encode(&most)[..]]), (most, None));
    let endless = vec![b'x'; MAX_INLINE];
    assert_eq!(parse([&endless[..]]).1, Some(Malformed::Inline));
    assert_eq!(parse([&endless[1..]]).1, None);
}

#[test]
fn requests_before_a_malformed_one_are_answered() {
    let (requests, malformed) = parse([&b"PING\r\n*1\r\n$4\r\nPING\r\n*1\r\n!"[..]]);
    assert_eq!((requests.len(), malformed), (2, Some(Malformed::NotAString(b'!'))));
}

proptest! {
    #[test]
    fn what_was_encoded_comes_out_again(
        requests in prop::collection::vec(prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 1..6), 0..12),
        size in 1usize..50,
    ) {
        let bytes = encode(&requests);
        prop_assert_eq!(parse(bytes.chunks(size)), (requests, None));
    }

    #[test]
    fn the_pieces_make_no_difference(
        // Mostly what looks like the protocol, so that the parser gets far.
        bytes in prop::collection::vec(
            prop_oneof![Just(b'*'), Just(b'$'), Just(b'\r'), Just(b'\n'), Just(b'1'), Just(b'2'), any::<u8>()], 0..200),
        size in 1usize..20,
    ) {
        prop_assert_eq!(parse(bytes.chunks(size)), parse([&bytes[..]]));
    }

    #[test]
    fn a_broken_request_is_refused_or_understood_but_never_a_crash(
        requests in prop::collection::vec(prop::collection::vec(prop::collection::vec(any::<u8>(), 0..20), 1..4), 1..4),
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let mut bytes = encode(&requests);
        let at = at.index(bytes.len());
        bytes[at] = byte;
        parse(bytes.chunks(7));
    }
}
