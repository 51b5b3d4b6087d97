//! The protocols of the examples: in which pieces bytes come makes no difference to what they answer.
//!
//! Those that are no file alone have the same test elsewhere: `line_chat`, `redis_lite`, `static_files`. Those of
//! datagrams are in `example_datagrams`.

use asyncio::testing::{Chunks, MemoryTransports, until_idle};
use asyncio::{Error, EventLoop, IntoEndpoint, ssl};
use proptest::prelude::*;

examples! {
    "../../examples/connect_existing_socket.rs" connect_existing_socket
    "../../examples/starttls.rs" starttls
    "../../examples/stdin_pipe.rs" stdin_pipe
    "../../examples/subprocess_protocol.rs" subprocess_protocol
    "../../examples/tcp_echo_client.rs" tcp_echo_client
    "../../examples/tcp_echo_server.rs" tcp_echo_server
    "../../examples/tls_echo_client.rs" tls_echo_client
    "../../examples/tls_echo_server.rs" tls_echo_server
    "../../examples/tour.rs" tour
    "../../examples/unix_echo.rs" unix_echo
}

/// What the peer of a protocol gets for its input, and whether the connection is closed then.
fn outcome<P: IntoEndpoint<K>, K>(make: fn(&EventLoop) -> P, input: &[u8], chunks: Chunks) -> (Vec<u8>, bool) {
    let input = input.to_vec();
    asyncio::run(async move {
        let protocol = make(&asyncio::get_running_loop()?);
        let (_transport, _protocol, peer) = MemoryTransports::new().chunks(chunks).connect(protocol).await?;
        assert_eq!(peer.write(&input), input.len());
        until_idle().await;
        peer.write_eof();
        until_idle().await;
        Ok::<_, Error>((peer.take_received(), peer.is_closed()))
    })
    .unwrap()
}

/// Asserts that the pieces make no difference; what the peer gets.
fn same<P: IntoEndpoint<K>, K>(make: fn(&EventLoop) -> P, input: &[u8], lengths: &[usize]) -> Vec<u8> {
    let whole = outcome(make, input, Chunks::Whole);
    assert_eq!(outcome(make, input, Chunks::Lengths(lengths.to_vec())), whole, "in pieces of {lengths:?}");
    assert!(whole.1, "the connection is open still");
    whole.0
}

fn mail(_: &EventLoop) -> starttls::Mail {
    let context = ssl::create_default_context().build().unwrap();
    starttls::Mail { context, received: Vec::new(), secure: false }
}

fn client(event_loop: &EventLoop) -> tcp_echo_client::EchoClient {
    let (message, done) = ("over and over".to_owned(), event_loop.create_future());
    tcp_echo_client::EchoClient { message, received: Vec::new(), done }
}

fn tls_client(event_loop: &EventLoop) -> tls_echo_client::EchoClient {
    let (message, done) = ("over and over".to_owned(), event_loop.create_future());
    tls_echo_client::EchoClient { message, received: Vec::new(), done }
}

/// Whether `connect_existing_socket` was told of the end, and closed its side; what it writes is on the screen only.
fn register(input: &[u8], chunks: Chunks) -> (bool, bool) {
    let input = input.to_vec();
    asyncio::run(async move {
        let on_con_lost = asyncio::get_running_loop()?.create_future();
        let register = connect_existing_socket::Register { on_con_lost: on_con_lost.clone() };
        let (_transport, _protocol, peer) = MemoryTransports::new().chunks(chunks).connect(register).await?;
        peer.write(&input);
        until_idle().await;
        Ok::<_, Error>((on_con_lost.done(), peer.is_closed()))
    })
    .unwrap()
}

/// How the client of the tour understands an answer.
fn understood(answer: &[u8], chunks: Chunks) -> Result<String, String> {
    let bytes = answer.to_vec();
    asyncio::run(async move {
        let answer = asyncio::get_running_loop()?.create_future();
        let client = tour::Client { line: "spam", received: Vec::new(), answer: answer.clone() };
        let (_transport, _protocol, peer) = MemoryTransports::new().chunks(chunks).connect(client).await?;
        peer.write(&bytes);
        peer.write_eof();
        until_idle().await;
        assert_eq!(peer.take_received(), b"spam\n");
        answer.await
    })
    .map_err(|error| error.to_string())
}

/// What `subprocess_protocol` collects of a process that writes these pieces, one after the other.
fn collected(pieces: &[String]) -> Vec<u8> {
    let script: String = pieces.iter().map(|piece| format!("printf {piece};")).collect();
    asyncio::run(async move {
        let event_loop = asyncio::get_running_loop()?;
        let exited = event_loop.create_future();
        let protocol = subprocess_protocol::DateProtocol { output: Vec::new(), exited: exited.clone() };
        let (_transport, protocol) = event_loop.subprocess_shell(|| protocol, script).await?;
        exited.await?;
        Ok::<_, Error>(protocol.with(|it| it.output.clone()))
    })
    .unwrap()
}

/// What `stdin_pipe` writes for its input.
fn numbered(input: &[u8], chunks: Chunks) -> Vec<u8> {
    let input = input.to_vec();
    asyncio::run(async move {
        let (output, _, reader) = MemoryTransports::new().connect(tcp_echo_server::Echo).await?;
        let done = asyncio::get_running_loop()?.create_future();
        let numbers = stdin_pipe::Numbers { output, count: 0, at_start: true, done: done.clone() };
        let (_transport, _protocol, writer) = MemoryTransports::new().chunks(chunks).connect(numbers).await?;
        assert_eq!(writer.write(&input), input.len());
        writer.write_eof();
        done.await?;
        until_idle().await;
        Ok::<_, Error>(reader.take_received())
    })
    .unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn echoes_are_what_was_sent(input: Vec<u8>, lengths in proptest::collection::vec(1..20_usize, 0..8)) {
        prop_assert_eq!(&same(|_| tcp_echo_server::Echo, &input, &lengths), &input);
        prop_assert_eq!(&same(|_| tls_echo_server::Echo, &input, &lengths), &input);
        prop_assert_eq!(&same(|_| unix_echo::Echo, &input, &lengths), &input);
    }

    #[test]
    fn clients_wait_for_all_of_their_message(lengths in proptest::collection::vec(1..20_usize, 0..8)) {
        for answer in [&b"over and over"[..], b"over an", b"over and over again", b""] {
            prop_assert_eq!(same(client, answer, &lengths), b"over and over");
            prop_assert_eq!(same(tls_client, answer, &lengths), b"over and over");
        }
    }

    #[test]
    fn lines_are_numbered_however_they_come(lengths in proptest::collection::vec(1..9_usize, 0..8)) {
        let numbered = numbered(b"one\n\nthree, longer than a piece\nno end", Chunks::Lengths(lengths));
        let expected = "     1  one\n     2  \n     3  three, longer than a piece\n     4  no end";
        prop_assert_eq!(String::from_utf8(numbered).unwrap(), expected);
    }

    #[test]
    fn mail_is_a_matter_of_lines(
        length in 500..530_usize,
        lengths in proptest::collection::vec(1..300_usize, 0..8),
    ) {
        let input = ["EHLO me\r\nnonsense\n\n", &"x".repeat(length), "\nQUIT\r\nafter the end\n"].concat();
        let answers = String::from_utf8(same(mail, input.as_bytes(), &lengths)).unwrap();
        prop_assert_eq!(answers.contains("500 the line is too long"), length > 512);
        prop_assert_eq!(answers.contains("221 good bye"), length <= 512);
    }

    #[test]
    fn the_tour_shouts_line_by_line(
        length in 4090..4100_usize,
        lengths in proptest::collection::vec(1..2000_usize, 0..8),
    ) {
        let input = ["hello\nsilence\n", &"x".repeat(length), "\nworld\nno end"].concat();
        let whole = outcome(|_| tour::Shouter::default(), input.as_bytes(), Chunks::Whole);
        let pieces = outcome(|_| tour::Shouter::default(), input.as_bytes(), Chunks::Lengths(lengths));
        if length <= 4096 {
            prop_assert_eq!(&pieces, &whole);
            prop_assert!(whole.0.starts_with(b"HELLO\nXX") && whole.0.ends_with(b"X\nWORLD\n"));
        } else {
            // An abort does not wait for what was written before.
            prop_assert!(pieces.1 && whole.1 && !whole.0.ends_with(b"WORLD\n") && !pieces.0.ends_with(b"WORLD\n"));
        }
    }
    #[test]
    fn the_client_of_the_tour_takes_one_line(
        length in 4090..4100_usize,
        more: bool,
        lengths in proptest::collection::vec(1..2000_usize, 0..8),
    ) {
        let line = "x".repeat(length);
        let answer = [line.as_str(), if more { "\nmore\nand no end" } else { "\n" }].concat();
        let expected = if length <= 4096 { Ok(line) } else { Err("ValueError: the server's line is too long".to_owned()) };
        prop_assert_eq!(&understood(answer.as_bytes(), Chunks::Whole), &expected);
        prop_assert_eq!(&understood(answer.as_bytes(), Chunks::Lengths(lengths.clone())), &expected);
        let cut_off = Err("RuntimeError: the server closed the connection without an answer".to_owned());
        prop_assert_eq!(understood(&answer.as_bytes()[..4000], Chunks::Lengths(lengths)), cut_off);
    }

    #[test]
    fn a_registered_socket_is_closed_by_the_first_piece(
        input in proptest::collection::vec(any::<u8>(), 1..100),
        lengths in proptest::collection::vec(1..20_usize, 0..8),
    ) {
        prop_assert_eq!(register(&input, Chunks::Whole), (true, true));
        prop_assert_eq!(register(&input, Chunks::Lengths(lengths)), (true, true));
        prop_assert_eq!(register(&[], Chunks::Whole), (false, false));
    }

    #[test]
    fn what_a_process_writes_is_collected_however_it_writes(
        pieces in proptest::collection::vec("[a-z]{1,9}", 0..6),
    ) {
        prop_assert_eq!(collected(&pieces), pieces.concat().into_bytes());
    }
}
