//! The datagram protocols of the examples: in which bursts datagrams come makes no difference to what they answer.

use std::iter;
use std::net::UdpSocket;
use std::os::unix::net::UnixDatagram;

use asyncio::{DatagramProtocol, Error, Future};
use proptest::prelude::*;

use crate::support::net::{running, settle};
use crate::support::paths::Folder;

examples! {
    "../../examples/name_server/main.rs" name_server
    "../../examples/udp_echo_client.rs" udp_echo_client
    "../../examples/udp_echo_server.rs" udp_echo_server
    "../../examples/unix_datagrams.rs" unix_datagrams
}

/// Sends the datagrams in bursts of these sizes, the last one with all that is left; what came back by the end.
async fn echoed(
    datagrams: &[Vec<u8>],
    bursts: &[usize],
    send: impl Fn(&[u8]),
    mut receive: impl FnMut(&mut [u8]) -> Option<usize>,
) -> Vec<Vec<u8>> {
    let (mut left, mut echoed) = (datagrams, Vec::new());
    let mut buffer = [0; 4096];
    for size in bursts.iter().copied().chain([usize::MAX]) {
        let (burst, rest) = left.split_at(size.min(left.len()));
        burst.iter().for_each(|datagram| send(datagram));
        settle().await;
        let next = || receive(&mut buffer).map(|length| buffer[..length].to_vec());
        echoed.extend(iter::from_fn(next));
        left = rest;
    }
    echoed
}

fn by_udp(datagrams: &[Vec<u8>], bursts: &[usize]) -> Vec<Vec<u8>> {
    let (datagrams, bursts) = (datagrams.to_vec(), bursts.to_vec());
    asyncio::run(async move {
        let echo = running().create_datagram_endpoint(|| udp_echo_server::Echo);
        let (transport, _) = echo.local_addr("127.0.0.1", 0).await?;
        let peer = UdpSocket::bind("127.0.0.1:0")?;
        peer.connect(transport.sockname().unwrap())?;
        peer.set_nonblocking(true)?;
        let send = |datagram: &[u8]| assert_eq!(peer.send(datagram).unwrap(), datagram.len());
        Ok::<_, Error>(echoed(&datagrams, &bursts, send, |buffer| peer.recv(buffer).ok()).await)
    })
    .unwrap()
}

fn by_path(datagrams: &[Vec<u8>], bursts: &[usize]) -> Vec<Vec<u8>> {
    let (datagrams, bursts) = (datagrams.to_vec(), bursts.to_vec());
    asyncio::run(async move {
        let folder = Folder::new();
        let echo = running().create_datagram_endpoint(|| unix_datagrams::Echo);
        let (_transport, _) = echo.local_path(folder.path("echo")).await?;
        let peer = UnixDatagram::bind(folder.path("peer"))?;
        peer.connect(folder.path("echo"))?;
        peer.set_nonblocking(true)?;
        let send = |datagram: &[u8]| assert_eq!(peer.send(datagram).unwrap(), datagram.len());
        Ok::<_, Error>(echoed(&datagrams, &bursts, send, |buffer| peer.recv(buffer).ok()).await)
    })
    .unwrap()
}

/// What becomes of the future of a protocol whose peer sends these datagrams, so many at a time.
fn answer<P: DatagramProtocol, T: Clone + 'static>(
    make: impl FnOnce(Future<T>) -> P + 'static,
    datagrams: &[Vec<u8>],
    burst: usize,
) -> Option<T> {
    let datagrams = datagrams.to_vec();
    asyncio::run(async move {
        let answer = running().create_future();
        let protocol = make(answer.clone());
        let peer = UdpSocket::bind("127.0.0.1:0")?;
        let endpoint = running().create_datagram_endpoint(|| protocol);
        let (transport, _) = endpoint.remote_addr("127.0.0.1", peer.local_addr()?.port()).await?;
        peer.connect(transport.sockname().unwrap())?;
        for burst in datagrams.chunks(burst) {
            for datagram in burst {
                peer.send(datagram)?;
            }
            settle().await;
        }
        Ok::<_, Error>(if answer.done() { Some(answer.await?) } else { None })
    })
    .unwrap()
}

fn client(answer: Future<String>) -> udp_echo_client::EchoClient {
    udp_echo_client::EchoClient { message: "spam".to_owned(), answer }
}

fn question(answer: Future<Vec<u8>>) -> name_server::Question {
    name_server::Question { number: 7, answer }
}

/// Datagrams, few enough for the queue of a unix socket.
fn datagrams(least: usize) -> impl Strategy<Value = Vec<Vec<u8>>> {
    proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..2000), least..10)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn echoes_are_the_datagrams_that_were_sent(
        datagrams in datagrams(0),
        bursts in proptest::collection::vec(0..5_usize, 0..4),
    ) {
        prop_assert_eq!(&by_udp(&datagrams, &bursts), &datagrams);
        prop_assert_eq!(&by_path(&datagrams, &bursts), &datagrams);
    }

    #[test]
    fn the_first_datagram_is_the_answer(datagrams in datagrams(1), burst in 1..5_usize) {
        let first = String::from_utf8_lossy(&datagrams[0]).into_owned();
        prop_assert_eq!(answer(client, &datagrams, burst), Some(first));
    }

    #[test]
    fn only_the_answer_to_the_question_is_taken(
        mut datagrams in datagrams(1),
        place: prop::sample::Index,
        burst in 1..5_usize,
    ) {
        // Others may come before and after it: of another question, or nobody's.
        datagrams.retain(|datagram| !datagram.starts_with(&[0, 7]));
        prop_assert_eq!(answer(question, &datagrams, burst), None);
        let reply = [&[0, 7, 0x81, 0x80, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 0, 1], &[0; 4][..], &[0, 4, 192, 0, 2, 1]].concat();
        datagrams.insert(place.index(datagrams.len() + 1), reply.clone());
        prop_assert_eq!(answer(question, &datagrams, burst), Some(reply.clone()));
        let addresses = name_server::message::addresses(&reply).unwrap();
        prop_assert_eq!(addresses, [std::net::Ipv4Addr::new(192, 0, 2, 1)]);
    }

    #[test]
    fn no_answer_of_a_name_server_is_too_strange_to_be_read(message: Vec<u8>, cut: prop::sample::Index) {
        let header = [0, 7, 0x81, 0x80, 0, 0, 0, 3, 0, 0, 0, 0];
        let _ = name_server::message::addresses(&message);
        let _ = name_server::message::addresses(&[&header[..], &message].concat());
        let reply = name_server::message::question(7, "one.test").unwrap();
        // A question has no addresses, wherever it is cut off.
        let found = name_server::message::addresses(&reply[..cut.index(reply.len() + 1)]);
        prop_assert!(found.is_err() || found.unwrap().is_empty());
    }
}
