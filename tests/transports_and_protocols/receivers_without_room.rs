//! Unix sockets whose receivers take nothing more: when it is tried again, and what errors name. And datagrams that are
//! larger than any of the Internet's.

use std::os::unix::net::UnixDatagram;
use std::path::Path;

use crate::support::datagrams::{Receiver, bound_to, fill, plain};
use crate::support::journal::Journal;
use crate::support::net::running;
use crate::support::paths::Folder;
use crate::support::tasks::millis;

/// Fills the queue of a receiver with what somebody else sends.
fn occupy(path: &Path) {
    let other = UnixDatagram::unbound().unwrap();
    other.set_nonblocking(true).unwrap();
    while other.send_to(b"somebody else's", path).is_ok() {}
}

/// Empties the queue of a receiver. Whether something of ours was there.
fn empty(peer: &UnixDatagram) -> bool {
    let mut buffer = [0; 100];
    let lengths = std::iter::from_fn(|| peer.recv(&mut buffer).ok());
    lengths.filter(|length| *length == b"ours".len()).count() > 0
}

#[asyncio::test(virtual_time)]
async fn it_is_tried_again_less_and_less_often_and_after_a_success_soon_again() {
    let folder = Folder::new();
    let path = folder.path("theirs");
    let peer = UnixDatagram::bind(&path).unwrap();
    peer.set_nonblocking(true).unwrap();
    let sender = Receiver::new(&Journal::default());
    let (transport, _) = running().create_datagram_endpoint(|| sender).local_path(folder.path("ours")).await.unwrap();
    // After 1 ms, 3, 7, 15, 31, 63, 127, and then every 64.
    for (emptied, arrives) in [(0, 1), (2, 3), (130, 191), (1000, 1023)] {
        occupy(&path);
        let start = running().time();
        transport.sendto_path(b"ours", &path).unwrap();
        asyncio::sleep(millis(emptied)).await;
        assert!(!empty(&peer));
        while !empty(&peer) {
            assert!(running().time() - start < millis(2000), "it does not arrive");
            asyncio::sleep(millis(1)).await;
        }
        let took = (running().time() - start).as_millis();
        assert!((arrives..=arrives + 1).contains(&took), "emptied after {emptied} ms, it took {took} ms");
    }
    transport.close();
}

#[asyncio::test(timeout = "10s")]
async fn errors_name_the_receiver_that_was_connected_to() {
    let (folder, journal) = (Folder::new(), Journal::default());
    let path = folder.path("theirs");
    let peer = UnixDatagram::bind(&path).unwrap();
    let sender = Receiver::new(&journal);
    let (transport, _) = running().create_datagram_endpoint(|| sender).remote_path(&path).await.unwrap();
    fill(&transport);
    transport.set_write_hard_limit(1);
    transport.sendto(b"too much", None).unwrap();
    // What waits is refused.
    drop(peer);
    journal.until(|entries| entries.len() == 3).await;
    let errors = journal.entries().split_off(1);
    assert!(errors[0].contains("set_write_hard_limit()") && errors[1].contains("refused"), "{errors:?}");
    assert!(errors.iter().all(|error| error.contains(&path.display().to_string())), "{errors:?}");
    transport.close();
}

#[asyncio::test(timeout = "10s")]
async fn a_datagram_may_be_larger_than_any_of_the_internets() {
    let (folder, journal) = (Folder::new(), Journal::default());
    let path = folder.path("ours");
    let receiver = Receiver::new(&journal);
    let (unix, _) = running().create_datagram_endpoint(|| receiver).local_path(&path).await.unwrap();
    // The two take turns at the same memory.
    let (udp, _) = bound_to("127.0.0.1", Receiver::new(&journal)).await;
    for round in 1..=2 {
        let before = journal.entries().len();
        UnixDatagram::unbound().unwrap().send_to(&[b'x'; 150_000], &path).unwrap();
        journal.until(|entries| entries.len() == before + 1).await;
        plain("127.0.0.1").send_to(&[b'x'; 60_000], udp.sockname().unwrap()).unwrap();
        journal.until(|entries| entries.len() == before + 2).await;
        assert_eq!(journal.count("datagram 150000 bytes"), round, "{:?}", journal.entries());
        assert_eq!(journal.count("datagram 60000 bytes"), round, "{:?}", journal.entries());
    }
    unix.close();
    udp.close();
}
