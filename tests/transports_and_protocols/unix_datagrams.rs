//! Datagrams between unix sockets: paths, abstract names, and receivers without room.

use std::io::ErrorKind;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::time::Duration;

use asyncio::{AddressFamily, DatagramTransport, Error, ExtraInfo, ProtocolHandle, Result, UnixAddress};

use crate::support::datagrams::Receiver;
use crate::support::journal::Journal;
use crate::support::net::{Reports, running, settle};
use crate::support::paths::Folder;

/// Notes what comes and from whom, and answers it.
struct Echo(Journal);

#[asyncio::protocol]
impl Echo {
    fn unix_datagram_received(
        &mut self,
        transport: &DatagramTransport,
        data: &[u8],
        addr: &UnixAddress,
    ) -> asyncio::Result<()> {
        self.0.note(format!("{} from {addr}", String::from_utf8_lossy(data)));
        if *addr == UnixAddress::Unnamed { Ok(()) } else { transport.sendto_path(data, addr.clone()) }
    }

    fn error_received(&mut self, exc: &Error) {
        self.0.note(format!("error {exc}"));
    }

    fn pause_writing(&mut self) {
        self.0.note("pause");
    }

    fn resume_writing(&mut self) {
        self.0.note("resume");
    }

    fn connection_lost(&mut self) {
        self.0.note("lost");
    }
}

type Endpoint = (DatagramTransport, ProtocolHandle<Echo>);

async fn bound_to(path: impl Into<UnixAddress>, journal: &Journal) -> Endpoint {
    let echo = Echo(journal.clone());
    running().create_datagram_endpoint(|| echo).local_path(path).await.unwrap()
}

/// A plain socket under this path.
fn plain(path: &Path) -> UnixDatagram {
    let socket = UnixDatagram::bind(path).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    socket
}

fn receive(socket: &UnixDatagram) -> (String, Option<PathBuf>) {
    let mut buffer = [0; 1000];
    let (length, from) = socket.recv_from(&mut buffer).unwrap();
    (String::from_utf8_lossy(&buffer[..length]).into(), from.as_pathname().map(Path::to_owned))
}

#[asyncio::test(timeout = "10s")]
async fn datagrams_come_with_the_path_of_their_sender_and_are_answered_there() {
    // CPython: test_base_events.BaseEventLoopWithSelectorTests.test_create_datagram_endpoint_nosock_unix
    let (folder, journal) = (Folder::new(), Journal::default());
    let (ours, theirs) = (folder.path("ours"), folder.path("theirs"));
    let (transport, _) = bound_to(&ours, &journal).await;
    let peer = plain(&theirs);
    peer.send_to(b"hello", &ours).unwrap();
    journal.wait_for("hello").await;
    assert_eq!(receive(&peer), ("hello".into(), Some(ours.clone())));
    peer.send_to(b"", &ours).unwrap();
    journal.wait_for(" from").await;
    assert_eq!(receive(&peer).0, "");
    UnixDatagram::unbound().unwrap().send_to(b"anonymous", &ours).unwrap();
    journal.wait_for("anonymous").await;
    let from = theirs.display();
    let entries =
        [format!("hello from {from}"), format!(" from {from}"), "anonymous from a socket without a name".into()];
    assert_eq!(journal.entries(), entries);
    transport.close();
    journal.wait_for("lost").await;
    assert!(ours.exists(), "as in Python");
}

#[asyncio::test(timeout = "10s")]
async fn an_endpoint_knows_both_names_also_after_its_end() {
    let (folder, journal) = (Folder::new(), Journal::default());
    let (ours, theirs) = (folder.path("ours"), folder.path("theirs"));
    let peer = plain(&theirs);
    let echo = Echo(journal.clone());
    let connecting = running().create_datagram_endpoint(|| echo).local_path(&ours).remote_path(&theirs);
    let (transport, _) = connecting.await.unwrap();
    transport.sendto(b"by default", None).unwrap();
    transport.sendto_path(b"by name", &theirs).unwrap();
    assert_eq!(receive(&peer), ("by default".into(), Some(ours.clone())));
    assert_eq!(receive(&peer).0, "by name");
    peer.send_to(b"answer", &ours).unwrap();
    journal.wait_for("answer").await;
    assert_eq!(receive(&peer).0, "answer");
    let stranger = plain(&folder.path("stranger"));
    assert_eq!(stranger.send_to(b"x", &ours).unwrap_err().kind(), ErrorKind::PermissionDenied);
    for _ in 0..2 {
        assert_eq!((transport.peername(), transport.sockname()), (None, None));
        assert_eq!(transport.unix_peername(), Some(UnixAddress::from(&theirs)));
        assert_eq!(transport.unix_sockname(), Some(UnixAddress::from(&ours)));
        let Some(ExtraInfo::UnixAddress(peername)) = transport.get_extra_info("peername") else { panic!("it has one") };
        assert_eq!(peername, UnixAddress::from(&theirs));
        transport.close();
        journal.wait_for("lost").await;
    }
}

#[cfg(target_os = "linux")]
#[asyncio::test(timeout = "10s")]
async fn an_abstract_name_leaves_no_file() {
    let journal = Journal::default();
    let name = UnixAddress::from(format!("\0asyncio-datagrams-{}", std::process::id()));
    let (server, _) = bound_to(name.clone(), &journal).await;
    let client = Journal::default();
    let echo = Echo(client.clone());
    // Who binds to no name gets one from the system.
    let connecting =
        running().create_datagram_endpoint(|| echo).local_path(UnixAddress::Unnamed).remote_path(name.clone());
    let (transport, _) = connecting.await.unwrap();
    transport.sendto(b"hello", None).unwrap();
    let heard = journal.wait_for("hello").await;
    assert!(heard.starts_with("hello from @"), "{heard}");
    assert_eq!(client.wait_for("hello").await, format!("hello from {name}"));
    transport.close();
    server.close();
}

#[asyncio::test(timeout = "10s")]
async fn a_stale_socket_is_replaced_and_nothing_else_is() {
    // CPython: test_base_events.BaseEventLoopWithSelectorTests.test_create_datagram_endpoint_existing_sock_unix
    let (folder, journal) = (Folder::new(), Journal::default());
    let path = folder.path("socket");
    drop(UnixDatagram::bind(&path).unwrap());
    let (transport, _) = bound_to(&path, &journal).await;
    UnixDatagram::unbound().unwrap().send_to(b"hello", &path).unwrap();
    journal.wait_for("hello").await;
    transport.close();
    let file = folder.path("file");
    std::fs::write(&file, "precious").unwrap();
    let echo = Echo(journal.clone());
    let error = running().create_datagram_endpoint(|| echo).local_path(&file).await.unwrap_err();
    assert_eq!(error.io_kind(), Some(ErrorKind::AddrInUse));
    assert!(error.to_string().contains(&*file.to_string_lossy()), "{error}");
    assert_eq!(std::fs::read(&file).unwrap(), b"precious");
}

#[asyncio::test(timeout = "10s")]
async fn a_receiver_that_is_not_there_is_an_error_of_that_datagram() {
    let (folder, journal) = (Folder::new(), Journal::default());
    let (transport, _) = bound_to(&folder.path("ours"), &journal).await;
    let nobody = folder.path("nobody");
    transport.sendto_path(b"x", &nobody).unwrap();
    let error = journal.wait_for("error").await;
    assert!(error.contains(&*nobody.to_string_lossy()), "{error}");
    let peer = plain(&folder.path("theirs"));
    transport.sendto_path(b"still open", folder.path("theirs")).unwrap();
    assert_eq!(receive(&peer).0, "still open");
    let echo = Echo(journal.clone());
    let error = running().create_datagram_endpoint(|| echo).remote_path(&nobody).await.unwrap_err();
    assert_eq!(error.io_kind(), Some(ErrorKind::NotFound));
    assert!(error.to_string().contains(&*nobody.to_string_lossy()), "{error}");
    transport.close();
}

#[track_caller]
fn value_error<T: std::fmt::Debug>(outcome: Result<T>, part: &str) {
    let Err(Error::ValueError(message)) = outcome else { panic!("{outcome:?}") };
    assert!(message.to_string().contains(part), "{message}");
}

#[asyncio::test(timeout = "10s")]
async fn the_two_kinds_of_addresses_do_not_mix() {
    let (folder, journal) = (Folder::new(), Journal::default());
    let path = folder.path("ours");
    let internet = "127.0.0.1:9".parse::<std::net::SocketAddr>().unwrap();
    let (transport, _) = bound_to(&path, &journal).await;
    value_error(transport.sendto(b"x", internet), "use sendto_path()");
    value_error(transport.sendto(b"x", None), "needs an address");
    value_error(transport.sendto_path(b"x", "y".repeat(200)), "cannot be the name of a socket");
    transport.close();
    let udp = || running().create_datagram_endpoint(|| Receiver::new(&Journal::default()));
    let (transport, _) = udp().local_addr("127.0.0.1", 0).await.unwrap();
    value_error(transport.sendto_path(b"x", &path), "use sendto()");
    transport.close();
    value_error(udp().local_path(&path).family(AddressFamily::Ipv4).await, "family is for sockets of the Internet's");
    let (sock, _peer) = UnixDatagram::pair().unwrap();
    value_error(udp().local_path(&path).remote_path(&path).sock(sock).await, "remove local_path, remote_path");
}

#[asyncio::test(timeout = "10s")]
async fn a_bound_unix_socket_is_taken_as_it_is() {
    let (folder, journal) = (Folder::new(), Journal::default());
    let (ours, theirs) = (folder.path("ours"), folder.path("theirs"));
    let (sock, peer) = (plain(&ours), plain(&theirs));
    let echo = Echo(journal.clone());
    let (transport, _) = running().create_datagram_endpoint(|| echo).sock(sock).await.unwrap();
    peer.send_to(b"hello", &ours).unwrap();
    journal.wait_for("hello").await;
    assert_eq!(receive(&peer).0, "hello");
    transport.close();
    let unbound = UnixDatagram::unbound().unwrap();
    let echo = Echo(journal.clone());
    let (transport, _) = running().create_datagram_endpoint(|| echo).sock(unbound).await.unwrap();
    transport.sendto_path(b"from nowhere", &theirs).unwrap();
    assert_eq!(receive(&peer), ("from nowhere".into(), None));
    transport.close();
}

#[asyncio::test(timeout = "10s")]
async fn a_protocol_of_plain_datagrams_serves_unix_sockets_too() {
    let (folder, journal) = (Folder::new(), Journal::default());
    let receiver = Receiver::new(&journal).on_datagram(|_, _, addr| {
        assert_eq!(addr.to_string(), "0.0.0.0:0");
        Ok(())
    });
    let path = folder.path("ours");
    let (transport, _) = running().create_datagram_endpoint(|| receiver).local_path(&path).await.unwrap();
    let reports = Reports::collect();
    UnixDatagram::unbound().unwrap().send_to(b"hello", &path).unwrap();
    journal.wait_for("datagram hello").await;
    assert_eq!(reports.all(), [""; 0]);
    transport.close();
}

/// Sends numbers to this path until some have to wait; how many there are.
fn flood(transport: &DatagramTransport, path: &Path) -> usize {
    transport.set_write_buffer_limits(100, None).unwrap();
    let mut count = 0;
    while transport.get_write_buffer_size() <= 100 {
        transport.sendto_path(count.to_string().as_bytes(), path).unwrap();
        count += 1;
    }
    count
}

#[asyncio::test(timeout = "10s")]
async fn what_a_receiver_has_no_room_for_comes_later_and_in_order() {
    for connected in [false, true] {
        let (folder, journal) = (Folder::new(), Journal::default());
        let theirs = folder.path("theirs");
        let peer = plain(&theirs);
        let echo = Echo(journal.clone());
        let endpoint = running().create_datagram_endpoint(|| echo).local_path(folder.path("ours"));
        let endpoint = if connected { endpoint.remote_path(&theirs) } else { endpoint };
        let (transport, _) = endpoint.await.unwrap();
        let count = flood(&transport, &theirs);
        assert_eq!(journal.entries(), ["pause"]);
        settle().await;
        assert!(transport.get_write_buffer_size() > 0);
        peer.set_nonblocking(true).unwrap();
        let (mut received, mut buffer) = (Vec::new(), [0; 100]);
        while received.len() < count {
            match peer.recv(&mut buffer) {
                Ok(length) => received.push(String::from_utf8_lossy(&buffer[..length]).into_owned()),
                Err(_) => settle().await,
            }
        }
        assert_eq!(received, (0..count).map(|number| number.to_string()).collect::<Vec<_>>());
        journal.wait_for("resume").await;
        transport.close();
        journal.wait_for("lost").await;
        assert_eq!(journal.entries(), ["pause", "resume", "lost"]);
    }
}

#[asyncio::test(timeout = "10s")]
async fn an_endpoint_that_waits_for_room_sends_before_it_closes_and_drops_what_waits_when_it_is_aborted() {
    for abort in [false, true] {
        let (folder, journal) = (Folder::new(), Journal::default());
        let theirs = folder.path("theirs");
        let peer = plain(&theirs);
        let (transport, _) = bound_to(&folder.path("ours"), &journal).await;
        let count = flood(&transport, &theirs);
        if abort {
            transport.abort()
        } else {
            transport.close()
        }
        settle().await;
        assert_eq!(journal.count("lost") == 1, abort);
        peer.set_nonblocking(true).unwrap();
        let (mut received, mut buffer) = (0, [0; 100]);
        while received < count && !(abort && peer.recv(&mut buffer).is_err()) {
            match peer.recv(&mut buffer) {
                Ok(_) => received += 1,
                Err(_) => settle().await,
            }
        }
        journal.wait_for("lost").await;
        assert_eq!(received == count, !abort);
    }
}

#[asyncio::test(timeout = "10s")]
async fn what_came_with_the_datagram_at_which_reading_paused_keeps_its_sender() {
    let (folder, journal) = (Folder::new(), Journal::default());
    let (ours, theirs) = (folder.path("ours"), folder.path("theirs"));
    let (transport, _) = bound_to(&ours, &journal).await;
    let peer = plain(&theirs);
    transport.pause_reading();
    for text in ["one", "two"] {
        peer.send_to(text.as_bytes(), &ours).unwrap();
    }
    settle().await;
    assert_eq!(journal.entries(), [""; 0]);
    transport.resume_reading();
    journal.wait_for("two").await;
    let from = theirs.display();
    assert_eq!(journal.entries(), [format!("one from {from}"), format!("two from {from}")]);
    transport.close();
}
