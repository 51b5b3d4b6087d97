//! A system that takes no more datagrams of a batch, which between the sockets of one machine does not happen, or has no
//! memory to watch a socket: a filter of system calls makes this one such a system.

use std::cell::RefCell;
use std::net::UdpSocket;
use std::rc::Rc;
use std::time::Duration;

use asyncio::{DatagramTransport, Error, Queue};

use crate::filter::refuse_calls;
use crate::program::{Test, succeed, test};

pub(crate) const TESTS: &[Test] = &[
    test!(what_the_system_refuses_of_a_batch_waits_within_the_limits_and_the_newest_are_dropped, refused),
    test!(an_endpoint_that_the_system_cannot_watch_again_after_a_stream_goes_on_receiving, unwatched),
];

succeed! {
    what_the_system_refuses_of_a_batch_waits_within_the_limits_and_the_newest_are_dropped
    an_endpoint_that_the_system_cannot_watch_again_after_a_stream_goes_on_receiving
}

/// Notes what it is told.
struct Sender(Rc<RefCell<Vec<String>>>);

#[asyncio::protocol]
impl Sender {
    fn error_received(&mut self, exc: &Error) {
        self.0.borrow_mut().push(exc.to_string());
    }

    fn pause_writing(&mut self) {
        self.0.borrow_mut().push("pause".to_owned());
    }

    fn connection_lost(&mut self) {
        self.0.borrow_mut().push("lost".to_owned());
    }
}

#[asyncio::main]
async fn refused() {
    let told = Rc::new(RefCell::new(Vec::new()));
    let peer = UdpSocket::bind("127.0.0.1:0").unwrap();
    let (address, sender) = (peer.local_addr().unwrap(), Sender(told.clone()));
    let endpoint = asyncio::get_running_loop().unwrap().create_datagram_endpoint(|| sender);
    let (transport, _) = endpoint.remote_addr("127.0.0.1", address.port()).await.unwrap();
    transport.set_write_buffer_limits(50, 10).unwrap();
    transport.set_write_hard_limit(96);
    transport.sendto(b"0000", None).unwrap();
    refuse_calls(&[libc::SYS_sendto, libc::SYS_sendmsg, libc::SYS_sendmmsg], libc::EAGAIN);
    for number in 1..=20 {
        transport.sendto(format!("{number:04}").as_bytes(), None).unwrap();
    }
    assert_eq!(told.borrow().len(), 0, "they were only gathered");
    asyncio::sleep(Duration::ZERO).await;
    assert_eq!((transport.get_write_buffer_size(), transport.dropped_datagrams()), (96, 12), "eight of them wait");
    let (last, errors) = told.borrow().split_last().map(|(last, errors)| (last.clone(), errors.to_vec())).unwrap();
    assert_eq!((last.as_str(), errors.len()), ("pause", 12));
    let told_well = |error: &String| error.contains("set_write_hard_limit()") && error.contains(&address.to_string());
    assert!(errors.iter().all(told_well), "{errors:?}");
    // In their order: one that is sent now waits behind them, or is dropped.
    transport.set_write_hard_limit(108);
    transport.sendto(b"last", None).unwrap();
    transport.sendto(b"more", None).unwrap();
    assert_eq!((transport.get_write_buffer_size(), transport.dropped_datagrams()), (108, 13));
    let mut buffer = [0; 10];
    assert_eq!(peer.recv(&mut buffer).unwrap(), 4);
    peer.set_nonblocking(true).unwrap();
    assert!(peer.recv(&mut buffer).is_err(), "the first has left alone");
    transport.close();
    asyncio::sleep(Duration::from_millis(1)).await;
    assert_ne!(told.borrow().last().unwrap(), "lost", "it waits for the system");
    transport.abort();
    asyncio::sleep(Duration::ZERO).await;
    assert_eq!(told.borrow().last().unwrap(), "lost");
}

/// Counts what comes; a peer sends it four more for each four, up to a hundred.
struct Stream {
    peer: Rc<UdpSocket>,
    came: Queue<usize>,
    seen: usize,
}

#[asyncio::protocol]
impl Stream {
    fn datagram_received(&mut self, transport: &DatagramTransport) -> asyncio::Result<()> {
        self.seen += 1;
        if self.seen.is_multiple_of(4) && self.seen < 100 {
            for _ in 0..4 {
                self.peer.send_to(b"x", transport.sockname().unwrap())?;
            }
        }
        if self.seen == 48 {
            refuse_calls(&[libc::SYS_epoll_ctl], libc::ENOMEM);
        }
        self.came.put_nowait(self.seen).unwrap();
        Ok(())
    }
}

#[asyncio::main]
async fn unwatched() {
    let (peer, came) = (Rc::new(UdpSocket::bind("127.0.0.1:0").unwrap()), Queue::new());
    let stream = Stream { peer: peer.clone(), came: came.clone(), seen: 0 };
    let endpoint = asyncio::get_running_loop().unwrap().create_datagram_endpoint(|| stream);
    let (transport, _) = endpoint.local_addr("127.0.0.1", 0).await.unwrap();
    for _ in 0..4 {
        peer.send_to(b"x", transport.sockname().unwrap()).unwrap();
    }
    for number in 1..104 {
        if number > 100 {
            peer.send_to(b"x", transport.sockname().unwrap()).unwrap();
        }
        assert_eq!(came.get().await.unwrap(), number);
    }
    transport.close();
    asyncio::sleep(Duration::ZERO).await;
}
