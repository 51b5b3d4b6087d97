//! Datagrams that come in a stream: the poller is not told of each, and nothing is lost when that begins and ends.

use std::cell::{Cell, RefCell};
use std::fs;
use std::net::UdpSocket;
use std::rc::Rc;

use asyncio::DatagramTransport;

use crate::support::datagrams::{Endpoint, Receiver, bound_to, plain};
use crate::support::journal::Journal;
use crate::support::net::{Reports, running, settle};

/// Whether any poller of this process watches the endpoint's socket.
fn is_watched(transport: &DatagramTransport) -> bool {
    let fd = transport.socket().fileno().unwrap();
    let link = fs::read_link(format!("/proc/self/fd/{fd}")).unwrap();
    let inode: u64 = link.to_str().unwrap().trim_start_matches("socket:[").trim_end_matches(']').parse().unwrap();
    let entry = format!(" ino:{inode:x} ");
    let watches = |path: fs::DirEntry| {
        let info = fs::read_to_string(path.path()).unwrap_or_default();
        info.lines().any(|line| line.starts_with("tfd:") && line.contains(&entry))
    };
    fs::read_dir("/proc/self/fdinfo").unwrap().flatten().any(watches)
}

type Look = Box<dyn FnMut(&DatagramTransport, usize)>;

/// An endpoint to which a peer sends numbers, the next burst as soon as one comes in. `look` is called for each number.
async fn stream(journal: &Journal, burst: usize, total: usize, mut look: Look) -> (Endpoint, Rc<UdpSocket>) {
    let peer = Rc::new(plain("127.0.0.1"));
    let sender = peer.clone();
    let (mut sent, mut seen) = (1, 0);
    let receiver = Receiver::new(journal).on_datagram(move |transport, _, _| {
        if seen + 1 == sent {
            for _ in 0..burst.min(total - sent) {
                sender.send_to(sent.to_string().as_bytes(), transport.sockname().unwrap())?;
                sent += 1;
            }
        }
        look(transport, seen);
        seen += 1;
        Ok(())
    });
    let endpoint = bound_to("127.0.0.1", receiver).await;
    peer.send_to(b"0", endpoint.0.sockname().unwrap()).unwrap();
    (endpoint, peer)
}

/// What the journal says if all these numbers came in order.
fn numbers(count: usize) -> Vec<String> {
    std::iter::once("made".to_owned()).chain((0..count).map(|number| format!("datagram {number}"))).collect()
}

#[asyncio::test(timeout = "10s")]
async fn while_they_come_in_a_stream_the_poller_is_not_told_and_at_its_end_it_is_again() {
    let (journal, watched) = (Journal::default(), Rc::new(RefCell::new(Vec::new())));
    let states = watched.clone();
    let look = move |transport: &DatagramTransport, _| states.borrow_mut().push(is_watched(transport));
    let ((transport, _), peer) = stream(&journal, 3, 100, Box::new(look)).await;
    journal.until(|entries| entries.len() == 101).await;
    assert_eq!(journal.entries(), numbers(100));
    let states = watched.take();
    assert!(states[..10].iter().all(|watched| *watched), "{states:?}");
    assert!(states[30..].iter().all(|watched| !watched), "{states:?}");
    settle().await;
    assert!(is_watched(&transport));
    peer.send_to(b"100", transport.sockname().unwrap()).unwrap();
    journal.wait_for("datagram 100").await;
    transport.close();
}

#[asyncio::test(timeout = "10s")]
async fn those_that_come_one_by_one_are_told_by_the_poller() {
    let (journal, unwatched) = (Journal::default(), Rc::new(Cell::new(0)));
    let count = unwatched.clone();
    let look = move |transport: &DatagramTransport, _| count.set(count.get() + usize::from(!is_watched(transport)));
    let ((transport, _), _peer) = stream(&journal, 1, 100, Box::new(look)).await;
    journal.until(|entries| entries.len() == 101).await;
    assert_eq!((journal.entries(), unwatched.get()), (numbers(100), 0));
    transport.close();
}

#[asyncio::test(timeout = "10s")]
async fn who_pauses_in_a_stream_gets_the_rest_when_it_goes_on() {
    let journal = Journal::default();
    let look = |transport: &DatagramTransport, number| {
        if number == 50 {
            assert!(!is_watched(transport));
            transport.pause_reading();
        }
    };
    let ((transport, _), peer) = stream(&journal, 4, 100, Box::new(look)).await;
    journal.wait_for("datagram 50").await;
    settle().await;
    assert_eq!(journal.entries(), numbers(51));
    assert!(is_watched(&transport), "nobody reads in each batch");
    transport.resume_reading();
    journal.until(|entries| entries.len() == 101).await;
    assert_eq!(journal.entries(), numbers(100));

    // Paused once more, with nothing there; what comes then is told by the poller.
    transport.pause_reading();
    peer.send_to(b"100", transport.sockname().unwrap()).unwrap();
    settle().await;
    transport.resume_reading();
    journal.wait_for("datagram 100").await;
    transport.close();
}

#[asyncio::test(timeout = "10s")]
async fn an_endpoint_that_ends_in_a_stream_is_lost_once_and_leaves_nothing() {
    for aborts in [true, false] {
        let journal = Journal::default();
        let look = move |transport: &DatagramTransport, number| {
            if number == 50 {
                assert!(!is_watched(transport));
                if aborts { transport.abort() } else { transport.close() }
            }
        };
        let ((transport, _), _peer) = stream(&journal, 4, 100, Box::new(look)).await;
        let socket = transport.socket();
        journal.wait_for("lost").await;
        settle().await;
        assert_eq!(journal.entries(), [numbers(51), vec!["lost".to_owned()]].concat());
        assert_eq!(socket.fileno(), None);
    }
}

#[asyncio::test(timeout = "10s")]
async fn a_stream_takes_turns_with_all_else() {
    let (journal, ticks) = (Journal::default(), Rc::new(Cell::new(0)));
    let counted = ticks.clone();
    let ticking = asyncio::create_task(async move {
        loop {
            counted.set(counted.get() + 1);
            asyncio::sleep(std::time::Duration::ZERO).await;
        }
    });
    let ((transport, _), _peer) = stream(&journal, 2, 400, Box::new(|_, _| ())).await;
    journal.until(|entries| entries.len() == 401).await;
    assert!(ticks.get() >= 150, "{} batches for 400 datagrams, two at a time", ticks.get());
    ticking.cancel();
    transport.close();
}

/// Hands the endpoint on in the middle of a stream, and panics when it is dropped for that.
struct Fragile {
    peer: Rc<UdpSocket>,
    next: Option<Receiver>,
    seen: usize,
}

#[asyncio::protocol]
impl Fragile {
    fn datagram_received(&mut self, transport: &DatagramTransport) -> asyncio::Result<()> {
        self.seen += 1;
        if self.seen.is_multiple_of(4) {
            for _ in 0..4 {
                self.peer.send_to(b"x", transport.sockname().unwrap())?;
            }
        }
        if self.seen == 48 {
            assert!(!is_watched(transport));
            transport.set_protocol(self.next.take().unwrap());
        }
        Ok(())
    }
}

impl Drop for Fragile {
    fn drop(&mut self) {
        panic!("it breaks");
    }
}

#[asyncio::test(timeout = "10s")]
async fn a_protocol_that_panics_when_it_is_replaced_in_a_stream_does_not_make_the_endpoint_deaf() {
    let (journal, reports, peer) = (Journal::default(), Reports::collect(), Rc::new(plain("127.0.0.1")));
    let fragile = Fragile { peer: peer.clone(), next: Some(Receiver::new(&journal)), seen: 0 };
    let (transport, _) = running().create_datagram_endpoint(|| fragile).local_addr("127.0.0.1", 0).await.unwrap();
    for _ in 0..4 {
        peer.send_to(b"x", transport.sockname().unwrap()).unwrap();
    }
    while reports.all().is_empty() {
        settle().await;
    }
    assert!(reports.all()[0].contains("it breaks"), "{:?}", reports.all());
    settle().await;
    assert!(is_watched(&transport));
    peer.send_to(b"later", transport.sockname().unwrap()).unwrap();
    journal.wait_for("datagram later").await;
    transport.close();
}
