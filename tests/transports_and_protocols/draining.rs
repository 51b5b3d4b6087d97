//! `drain` of transports: who writes in a loop waits for the peer.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::io::Write;
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use asyncio::{Error, EventLoop, Result, Task, Transport};

use crate::support::datagrams::{Receiver, fill, narrow};
use crate::support::journal::Journal;
use crate::support::net::{clog, connected, connected_narrowly, read_all, read_exactly, reset, running, send, settle};
use crate::support::paths::Folder;
use crate::support::script::Script;

const PIECE: usize = 10_000;

/// Answers a line with this many pieces, and waits for room after each.
struct Flood(Journal, usize);

#[asyncio::protocol(lines)]
impl Flood {
    async fn line_received(&mut self, transport: &Transport) -> Result<()> {
        for _ in 0..self.1 {
            transport.write(&[b'x'; PIECE]);
            if let Err(error) = transport.drain().await {
                self.0.note(format!("stopped by {error}"));
                return Ok(());
            }
        }
        self.0.note("written");
        transport.close();
        Ok(())
    }

    fn connection_lost(&mut self, exc: Option<&Error>) {
        self.0.note(exc.map_or_else(|| "lost".to_owned(), |error| format!("lost {error}")));
    }
}

/// A handler in the middle of its flood, whose peer does not read.
async fn flooded(journal: &Journal, pieces: usize) -> (Transport, std::net::TcpStream) {
    let (transport, _, peer) = connected_narrowly(Flood(journal.clone(), pieces)).await;
    send(&peer, b"go\n");
    while transport.get_write_buffer_size() <= transport.get_write_buffer_limits().1 {
        settle().await;
    }
    (transport, peer)
}

/// A task that waits for room.
fn drains(transport: &Transport) -> Task<()> {
    let drain = transport.drain();
    asyncio::create_task(drain)
}

#[asyncio::test(timeout = "20s")]
async fn a_handler_that_writes_in_a_loop_waits_for_a_peer_that_does_not_read() {
    let journal = Journal::default();
    let (transport, peer) = flooded(&journal, 2000).await;
    for _ in 0..5 {
        settle().await;
        assert!(transport.get_write_buffer_size() <= transport.get_write_buffer_limits().1 + PIECE);
    }
    assert_eq!(journal.entries(), [""; 0]);
    assert_eq!(read_all(peer).await.len(), 2000 * PIECE);
    journal.wait_for("lost").await;
    assert_eq!(journal.entries(), ["written", "lost"]);
}

#[asyncio::test(timeout = "10s")]
async fn a_handler_that_waits_for_room_hears_of_the_end_of_the_connection() {
    let journal = Journal::default();
    let (_transport, peer) = flooded(&journal, 2000).await;
    let address = peer.local_addr().unwrap().to_string();
    reset(peer);
    let stopped = journal.wait_for("stopped").await;
    assert!(stopped.contains(&address) && stopped.contains("reset"), "{stopped}");
    let lost = journal.wait_for("lost").await;
    assert_eq!(journal.entries(), [stopped, lost]);
}

#[asyncio::test(timeout = "10s")]
async fn a_handler_that_waits_for_room_stops_when_somebody_else_ends_the_connection() {
    for ends in [Transport::close as fn(&Transport), Transport::abort] {
        let journal = Journal::default();
        let (transport, peer) = flooded(&journal, 2000).await;
        ends(&transport);
        let stopped = journal.wait_for("stopped").await;
        assert!(stopped.contains("closing or closed"), "{stopped}");
        read_all(peer).await;
        journal.wait_for("lost").await;
        assert_eq!(journal.entries(), [stopped.as_str(), "lost"]);
    }
}

#[asyncio::test(timeout = "10s")]
async fn there_is_no_wait_where_there_is_room_and_an_error_where_nothing_can_be_written() {
    let journal = Journal::default();
    let (transport, _, _peer) = connected(Script::new(&journal)).await;
    transport.drain().await.unwrap();
    transport.write(b"x");
    transport.drain().await.unwrap();
    transport.close();
    let refused = transport.drain().await.unwrap_err();
    assert_eq!(refused.io_kind(), Some(std::io::ErrorKind::NotConnected), "{refused}");
    journal.wait_for("lost").await;
    let refused = transport.drain().await.unwrap_err();
    assert!(refused.to_string().contains("closing or closed"), "{refused}");
}

#[asyncio::test(timeout = "10s")]
async fn all_who_wait_go_on_when_no_more_than_the_low_limit_waits_and_a_cancelled_one_takes_nothing_along() {
    let journal = Journal::default();
    let (transport, _, peer) = connected_narrowly(Script::new(&journal)).await;
    let size = clog(&transport);
    let waiting: Vec<Task<()>> = (0..3).map(|_| drains(&transport)).collect();
    settle().await;
    assert!(waiting.iter().all(|task| !task.done()));
    waiting[1].cancel();
    settle().await;
    assert!(waiting[1].cancelled() && !waiting[0].done() && !waiting[2].done());
    read_exactly(&peer, size / 2).await;
    settle().await;
    assert!(!waiting[0].done(), "{} bytes wait", transport.get_write_buffer_size());
    read_exactly(&peer, size - size / 2).await;
    for task in [&waiting[0], &waiting[2]] {
        while !task.done() {
            settle().await;
        }
        assert!(!task.cancelled());
    }
    assert_eq!(journal.entries(), ["made", "pause", "resume"], "the protocol is told as ever");
    transport.abort();
}

#[asyncio::test(timeout = "10s")]
async fn all_who_wait_hear_why_the_connection_has_ended() {
    let (transport, _, peer) = connected_narrowly(Script::new(&Journal::default())).await;
    clog(&transport);
    let waiting: Vec<Task<()>> = (0..2).map(|_| drains(&transport)).collect();
    settle().await;
    reset(peer);
    for task in waiting {
        let error = task.await.unwrap_err();
        assert_eq!(error.io_kind(), Some(std::io::ErrorKind::ConnectionReset), "{error}");
    }
}

#[asyncio::test(timeout = "10s")]
async fn a_writer_that_keeps_its_bytes_itself_can_wait_as_well() {
    let (transport, _, peer) = connected_narrowly(Script::new(&Journal::default())).await;
    let data = vec![b'x'; 8 << 20];
    let reader = asyncio::create_task(async move { Ok::<_, Error>(read_all(peer).await.len()) });
    let mut sent = 0;
    while sent < data.len() {
        sent += transport.try_write(&data[sent..]).unwrap();
        transport.drain().await.unwrap();
        assert_eq!(transport.get_write_buffer_size(), 0, "nothing is kept");
    }
    transport.close();
    assert_eq!(reader.await.unwrap(), data.len());
}

#[asyncio::test(timeout = "10s")]
async fn who_sends_datagrams_waits_for_the_receiver() {
    let (folder, journal) = (Folder::new(), Journal::default());
    let path = folder.path("receiver");
    let receiver = UnixDatagram::bind(&path).unwrap();
    receiver.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    let sender = Receiver::new(&journal);
    let (transport, _) = running().create_datagram_endpoint(|| sender).remote_path(&path).await.unwrap();
    transport.drain().await.unwrap();
    let flood = asyncio::create_task({
        let transport = transport.clone();
        async move {
            for _ in 0..1000 {
                transport.sendto(&[b'x'; 1000], None)?;
                transport.drain().await?;
            }
            Ok::<_, Error>(())
        }
    });
    journal.wait_for("pause").await;
    settle().await;
    assert!(!flood.done());
    assert!(transport.get_write_buffer_size() <= transport.get_write_buffer_limits().1 + 1008);
    let received = crate::support::net::off_loop(move || {
        let mut buffer = [0; 2000];
        (0..1000).map(|_| receiver.recv(&mut buffer).unwrap()).sum::<usize>()
    });
    assert_eq!(received.await, 1_000_000);
    flood.await.unwrap();
    transport.close();
    assert!(transport.drain().await.unwrap_err().to_string().contains("closing or closed"));
}

#[asyncio::test(timeout = "10s")]
async fn an_endpoint_that_is_aborted_lets_nobody_wait() {
    let (folder, journal) = (Folder::new(), Journal::default());
    let path = folder.path("receiver");
    let _receiver = UnixDatagram::bind(&path).unwrap();
    let sender = Receiver::new(&journal);
    let (transport, _) = running().create_datagram_endpoint(|| sender).remote_path(&path).await.unwrap();
    while journal.count("pause") == 0 {
        transport.sendto(&[b'x'; 1000], None).unwrap();
    }
    let waiting = asyncio::create_task(transport.drain());
    settle().await;
    assert!(!waiting.done());
    transport.abort();
    assert!(waiting.await.unwrap_err().to_string().contains("closing or closed"));
}

#[test]
fn who_waits_for_room_when_the_loop_is_closed_hears_of_it() {
    let event_loop = EventLoop::new().unwrap();
    let waits = async {
        let (stream, _, peer) = connected_narrowly(Script::new(&Journal::default())).await;
        clog(&stream);
        let ((datagrams, _), receiver) = narrow(Receiver::new(&Journal::default())).await;
        datagrams.set_write_buffer_limits(0, None).unwrap();
        fill(&datagrams);
        Ok::<_, Error>(((stream, peer), (datagrams, receiver)))
    };
    let ((stream, _peer), (datagrams, _receiver)) = event_loop.run_until_complete(waits).unwrap();
    let (mut first, mut second) = (pin!(stream.drain()), pin!(datagrams.drain()));
    let mut nobody = Context::from_waker(Waker::noop());
    assert!(first.as_mut().poll(&mut nobody).is_pending() && second.as_mut().poll(&mut nobody).is_pending());
    event_loop.close().unwrap();
    assert_eq!((stream.get_write_buffer_size(), datagrams.get_write_buffer_size()), (0, 0), "it is given back");
    for outcome in [first.poll(&mut nobody), second.poll(&mut nobody)] {
        assert!(matches!(&outcome, Poll::Ready(Err(Error::OsError(_)))), "{outcome:?}");
    }
}

#[asyncio::test(timeout = "10s")]
async fn who_waits_hears_of_a_close_although_what_was_written_is_still_being_sent() {
    let (stream, _, _peer) = connected_narrowly(Script::new(&Journal::default())).await;
    clog(&stream);
    let ((datagrams, _), _receiver) = narrow(Receiver::new(&Journal::default())).await;
    datagrams.set_write_buffer_limits(0, None).unwrap();
    fill(&datagrams);
    let waiting = [drains(&stream), asyncio::create_task(datagrams.drain())];
    settle().await;
    stream.close();
    datagrams.close();
    for task in waiting {
        assert!(task.await.unwrap_err().to_string().contains("closing or closed"));
    }
    assert!(stream.get_write_buffer_size() > 0 && datagrams.get_write_buffer_size() > 0);
    stream.abort();
    datagrams.abort();
    assert_eq!((stream.get_write_buffer_size(), datagrams.get_write_buffer_size()), (0, 0));
}

/// Answers a line with as much as goes, keeps its own bytes, and waits for room for more.
struct Careful(Journal);

#[asyncio::protocol(lines)]
impl Careful {
    async fn line_received(&mut self, transport: &Transport) -> Result<()> {
        while transport.try_write(&[b'x'; PIECE])? == PIECE {}
        self.0.note("waits");
        let outcome = transport.drain().await;
        self.0.note(format!("stopped by {}", outcome.unwrap_err()));
        Ok(())
    }

    fn connection_lost(&mut self) {
        self.0.note("lost");
    }
}

#[asyncio::test(timeout = "10s")]
async fn a_handler_that_waits_with_nothing_in_the_buffer_stops_when_somebody_else_closes() {
    let journal = Journal::default();
    let (near, mut far) = UnixStream::pair().unwrap();
    let careful = Careful(journal.clone());
    let (transport, _) = running().create_unix_connection_with_sock(move || careful, near).await.unwrap();
    far.write_all(b"go\n").unwrap();
    journal.wait_for("waits").await;
    assert_eq!(transport.get_write_buffer_size(), 0);
    transport.close();
    journal.wait_for("lost").await;
    assert!(journal.entries()[1].starts_with("stopped by "), "{:?}", journal.entries());
}

#[asyncio::test(timeout = "10s")]
async fn a_cancel_that_comes_together_with_the_room_counts() {
    let (transport, _, peer) = connected_narrowly(Script::new(&Journal::default())).await;
    let size = clog(&transport);
    let second = Rc::new(RefCell::new(None::<Task<()>>));
    let (waits, cancelled) = (transport.clone(), second.clone());
    let first = asyncio::create_task(async move {
        waits.drain().await?;
        cancelled.borrow().as_ref().unwrap().cancel();
        Ok::<_, Error>(())
    });
    settle().await;
    let (waits, went_on) = (transport.clone(), Rc::new(Cell::new(false)));
    let goes_on = went_on.clone();
    *second.borrow_mut() = Some(asyncio::create_task(async move {
        waits.drain().await?;
        goes_on.set(true);
        Ok::<_, Error>(())
    }));
    settle().await;
    read_exactly(&peer, size).await;
    first.await.unwrap();
    let second = second.take().unwrap();
    assert!(second.await.unwrap_err().is_cancelled() && !went_on.get());
    transport.abort();
}
