//! `create_unix_connection`, `create_unix_server`.

use std::cell::RefCell;
use std::future::IntoFuture;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpListener;
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::rc::Rc;

use asyncio::{Error, ExtraInfo, Transport, UnixAddress};
use socket2::{Domain, SockAddr, Socket, Type};

use crate::support::journal::Journal;
use crate::support::net::{Reports, off_loop, running, settle};
use crate::support::paths::Folder;
use crate::support::script::Script;
use crate::support::tasks::millis;

fn echo() -> Script {
    Script::new(&Journal::default()).on_data(|transport, data| {
        transport.write(data);
        Ok(())
    })
}

#[asyncio::test(timeout = "10s")]
async fn a_client_and_a_server_meet_at_a_path() {
    // CPython: test_events.EventLoopTestsMixin.{test_create_unix_connection,test_create_unix_server},
    // test_unix_events.SelectorEventLoopUnixSocketTests.{test_create_unix_server_pathlike,
    // test_create_unix_connection_pathlike}
    let (folder, journal) = (Folder::new(), Journal::default());
    let path = folder.path("echo");
    let server = running().create_unix_server(echo, &path).await.unwrap();
    assert!(server.is_serving());
    assert_eq!(server.sockets()[0].unix_sockname().unwrap(), UnixAddress::Path(path.clone()));
    let script = Script::new(&journal);
    let (transport, _) = running().create_unix_connection(move || script, path.to_str().unwrap()).await.unwrap();
    assert_eq!(journal.entries(), ["made"]);
    transport.write(b"there and back");
    journal.wait_for("data there and back").await;
    server.close_clients();
    journal.wait_for("lost").await;
    assert_eq!(journal.entries(), ["made", "data there and back", "eof", "lost"]);
    server.close();
    server.wait_closed().await.unwrap();
}

#[asyncio::test(timeout = "10s")]
async fn both_sides_know_the_addresses() {
    let (folder, seen) = (Folder::new(), Rc::new(RefCell::new(None)));
    let path = folder.path("server");
    let note = seen.clone();
    let journal = Journal::default();
    let made = journal.clone();
    let factory = move || {
        let note = note.clone();
        Script::new(&made).on_made(move |transport| {
            *note.borrow_mut() = Some(transport.clone());
            Ok(())
        })
    };
    let server = running().create_unix_server(factory, &path).await.unwrap();
    let (client, _) = running().create_unix_connection(|| Script::new(&Journal::default()), &path).await.unwrap();
    journal.wait_for("made").await;
    let accepted: Transport = seen.take().unwrap();
    let named = UnixAddress::Path(path.clone());
    assert_eq!((client.unix_peername(), client.unix_sockname()), (Some(named.clone()), Some(UnixAddress::Unnamed)));
    assert_eq!((accepted.unix_peername(), accepted.unix_sockname()), (Some(UnixAddress::Unnamed), Some(named.clone())));
    assert_eq!((client.peername(), client.sockname()), (None, None));
    let Some(ExtraInfo::UnixAddress(found)) = client.get_extra_info("peername") else { panic!("it has a peer") };
    assert_eq!(found, named);
    let socket = client.socket().unwrap();
    assert_eq!((socket.unix_peername().unwrap(), socket.family().unwrap()), (named.clone(), libc::AF_UNIX));
    assert_eq!(socket.unix_sockname().unwrap(), UnixAddress::Unnamed);
    let error = socket.getpeername().unwrap_err().to_string();
    assert!(error.contains("server") && error.contains("unix_peername"), "{error}");
    assert!(format!("{client:?}").contains(&format!("peer={}", path.display())), "{client:?}");

    // Also after the end.
    client.close();
    journal.wait_for("lost").await;
    assert_eq!(client.unix_peername(), Some(named.clone()));
    assert_eq!(accepted.unix_sockname(), Some(named));
    server.close();
}

#[asyncio::test(timeout = "10s")]
async fn a_socket_of_the_internet_has_no_unix_address() {
    let server = running().create_server(echo, "127.0.0.1", 0).await.unwrap();
    let address = server.sockets()[0].getsockname().unwrap();
    let error = server.sockets()[0].unix_sockname().unwrap_err().to_string();
    assert!(error.contains(&address.to_string()) && error.contains("getsockname"), "{error}");
    server.close();
}

#[cfg(target_os = "linux")]
#[asyncio::test(timeout = "10s")]
async fn an_abstract_name_is_no_file() {
    let name = format!("\0asyncio-{}-abstract", std::process::id());
    let journal = Journal::default();
    let server = running().create_unix_server(echo, &name).await.unwrap();
    let script = Script::new(&journal);
    let (transport, _) = running().create_unix_connection(move || script, name.as_bytes()).await.unwrap();
    let expected = UnixAddress::Abstract(name.as_bytes()[1..].to_vec());
    assert_eq!(transport.unix_peername(), Some(expected));
    transport.write(b"x");
    journal.wait_for("data x").await;
    let error = running().create_unix_server(echo, &name).await.unwrap_err();
    assert_eq!(error.io_kind(), Some(ErrorKind::AddrInUse));
    assert!(error.to_string().contains(&format!("@{}", &name[1..])), "{error}");
    server.close();
    server.close_clients();
    server.wait_closed().await.unwrap();

    // Without a name Linux gives one.
    let server = running().create_unix_server(echo, "").await.unwrap();
    assert!(matches!(server.sockets()[0].unix_sockname().unwrap(), UnixAddress::Abstract(_)));
    server.close();
}

#[asyncio::test(timeout = "10s")]
async fn megabytes_go_both_ways_over_a_unix_socket() {
    let folder = Folder::new();
    let path = folder.path("echo");
    let server = running().create_unix_server(echo, &path).await.unwrap();
    let returned = off_loop(move || {
        let mut peer = UnixStream::connect(path).unwrap();
        let sent: Vec<u8> = (0..3_000_000_u32).map(|index| (index / 7) as u8).collect();
        let (mut writer, data) = (peer.try_clone().unwrap(), sent.clone());
        let writing = std::thread::spawn(move || writer.write_all(&data).unwrap());
        let mut received = vec![0; sent.len()];
        peer.read_exact(&mut received).unwrap();
        writing.join().unwrap();
        received == sent
    })
    .await;
    assert!(returned);
    server.close();
    server.close_clients();
}

#[asyncio::test(timeout = "10s")]
async fn a_server_that_is_not_there_is_an_error_with_its_path() {
    let folder = Folder::new();
    let missing = folder.path("missing");
    let refused = folder.path("refused");
    drop(UnixListener::bind(&refused).unwrap());
    for (path, kind) in [(missing, ErrorKind::NotFound), (refused, ErrorKind::ConnectionRefused)] {
        let outcome = running().create_unix_connection(echo, &path).await;
        let error = outcome.unwrap_err();
        assert_eq!(error.io_kind(), Some(kind));
        assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
    }
    let long = running().create_unix_connection(echo, "/x".repeat(100)).await.unwrap_err();
    assert!(long.to_string().contains("/x/x"), "{long}");
}

#[asyncio::test(timeout = "10s")]
async fn a_busy_server_is_waited_for() {
    let folder = Folder::new();
    let path = folder.path("busy");
    let listener = socket2::Socket::new(socket2::Domain::UNIX, socket2::Type::STREAM, None).unwrap();
    listener.bind(&socket2::SockAddr::unix(&path).unwrap()).unwrap();
    listener.listen(0).unwrap();
    let first = UnixStream::connect(&path).unwrap();
    let journal = Journal::default();
    let (script, goal) = (Script::new(&journal), path.clone());
    let task = asyncio::create_task(async move {
        running().create_unix_connection(move || script, goal).await?;
        Ok::<_, Error>(())
    });
    settle().await;
    assert_eq!(journal.entries(), Vec::<String>::new());
    let accepted = listener.accept().unwrap();
    task.await.unwrap();
    assert_eq!(journal.entries(), ["made"]);
    drop((first, accepted));
}

#[asyncio::test(timeout = "10s")]
async fn a_connected_socket_is_taken_over() {
    let journal = Journal::default();
    let (near, mut far) = UnixStream::pair().unwrap();
    let script = Script::new(&journal);
    running().create_unix_connection_with_sock(move || script, near).await.unwrap();
    far.write_all(b"hello").unwrap();
    journal.wait_for("data hello").await;

    // create_connection takes it as well.
    let (near, far) = UnixStream::pair().unwrap();
    let other = Journal::default();
    let script = Script::new(&other);
    let (transport, _) = running().create_connection_with_sock(move || script, near).await.unwrap();
    assert_eq!(transport.unix_peername(), Some(UnixAddress::Unnamed));
    drop(far);
    other.wait_for("lost").await;
}

#[asyncio::test(timeout = "10s")]
async fn a_socket_of_another_kind_is_refused() {
    // CPython: test_unix_events.SelectorEventLoopUnixSocketTests.{test_create_unix_connection_path_inetsock,
    // test_create_unix_server_path_inetsock,test_create_unix_server_path_dgram}
    let internet = || TcpListener::bind("127.0.0.1:0").unwrap();
    let datagrams = || UnixDatagram::unbound().unwrap();
    let outcomes = [
        running().create_unix_connection_with_sock(echo, internet()).await.map(drop),
        running().create_unix_connection_with_sock(echo, datagrams()).await.map(drop),
        running().create_unix_server_with_sock(echo, internet()).await.map(drop),
        running().create_unix_server_with_sock(echo, datagrams()).await.map(drop),
    ];
    for outcome in outcomes {
        let error = outcome.unwrap_err();
        assert!(matches!(error, Error::ValueError(_)), "{error}");
        let text = error.to_string();
        assert!(text.contains("a unix stream socket was expected") && text.contains("_with_sock"), "{text}");
    }
}

#[asyncio::test(timeout = "10s")]
async fn the_file_that_a_server_left_is_removed_and_other_files_are_not() {
    // CPython: test_unix_events.SelectorEventLoopUnixSocketTests.{test_create_unix_server_existing_path_sock,
    // test_create_unix_server_existing_path_nonsock,test_create_unix_server_bind_error}
    let folder = Folder::new();
    let path = folder.path("server");
    drop(UnixListener::bind(&path).unwrap());
    let server = running().create_unix_server(echo, &path).await.unwrap();
    server.close();

    let precious = folder.path("precious");
    std::fs::write(&precious, "words").unwrap();
    let error = running().create_unix_server(echo, &precious).await.unwrap_err();
    assert_eq!(error.io_kind(), Some(ErrorKind::AddrInUse));
    assert!(error.to_string().contains(precious.to_str().unwrap()), "{error}");
    assert_eq!(std::fs::read_to_string(&precious).unwrap(), "words");

    let error = running().create_unix_server(echo, folder.path("no/such/folder")).await.unwrap_err();
    assert_eq!(error.io_kind(), Some(ErrorKind::NotFound));
}

#[asyncio::test(timeout = "10s")]
async fn closing_a_server_removes_its_file() {
    // CPython: test_server.UnixServerCleanupTests.{test_unix_server_addr_cleanup,test_unix_server_sock_cleanup}
    let folder = Folder::new();
    let path = folder.path("server");
    for by_path in [true, false] {
        let server = if by_path {
            running().create_unix_server(echo, &path).await
        } else {
            running().create_unix_server_with_sock(echo, UnixListener::bind(&path).unwrap()).await
        };
        let server = server.unwrap();
        assert!(path.exists());
        server.close();
        assert!(!path.exists());
        server.close();
    }
}

#[asyncio::test(timeout = "10s")]
async fn a_server_that_never_served_goes_with_its_last_handle_and_its_file_too() {
    let folder = Folder::new();
    let path = folder.path("server");
    let server = running().create_unix_server(echo, &path).start_serving(false).await.unwrap();
    let another = server.clone();
    drop(server);
    assert!(path.exists());
    drop(another);
    assert!(!path.exists());
}

#[asyncio::test(timeout = "10s")]
async fn a_file_that_is_gone_replaced_or_to_be_kept_is_left_alone() {
    // CPython: test_server.UnixServerCleanupTests.{test_unix_server_cleanup_gone,test_unix_server_cleanup_replaced,
    // test_unix_server_cleanup_prevented}
    let folder = Folder::new();
    let path = folder.path("server");
    let server = running().create_unix_server(echo, &path).await.unwrap();
    std::fs::remove_file(&path).unwrap();
    server.close();

    let server = running().create_unix_server(echo, &path).await.unwrap();
    let successor = running().create_unix_server(echo, &path).await.unwrap();
    server.close();
    assert!(path.exists(), "it is its successor's");
    drop(UnixStream::connect(&path).unwrap());
    successor.close();
    assert!(!path.exists());

    let server = running().create_unix_server(echo, &path).cleanup_socket(false).await.unwrap();
    server.close();
    assert!(path.exists());
}

#[asyncio::test(timeout = "10s")]
async fn a_server_that_does_not_serve_yet_refuses_its_clients() {
    let folder = Folder::new();
    let path = folder.path("server");
    let server = running().create_unix_server(echo, &path).start_serving(false).backlog(7).await.unwrap();
    assert!(!server.is_serving());
    assert_eq!(UnixStream::connect(&path).unwrap_err().kind(), ErrorKind::ConnectionRefused);
    server.start_serving().await.unwrap();
    let (journal, goal) = (Journal::default(), path.clone());
    let script = Script::new(&journal);
    running().create_unix_connection(move || script, goal).await.unwrap();
    server.close();
    assert!(!path.exists());
}

#[asyncio::test(timeout = "10s")]
async fn a_server_whose_making_is_cancelled_leaves_no_file() {
    let folder = Folder::new();
    let path = folder.path("server");
    let creating = running().create_unix_server(echo, &path).into_future();
    let task = asyncio::create_task(async move {
        creating.await?;
        Ok::<_, Error>(())
    });
    asyncio::sleep(std::time::Duration::ZERO).await;
    assert!(path.exists());
    task.cancel();
    assert!(task.await.unwrap_err().is_cancelled());
    assert!(!path.exists());
}

#[asyncio::test(timeout = "10s")]
async fn a_unix_client_that_vanishes_is_told_to_its_protocol_only() {
    let (folder, journal, reports) = (Folder::new(), Journal::default(), Reports::collect());
    let path = folder.path("server");
    let note = journal.clone();
    let server = running().create_unix_server(move || Script::new(&note), &path).await.unwrap();
    let mut client = UnixStream::connect(&path).unwrap();
    client.write_all(b"bye").unwrap();
    drop(client);
    journal.wait_for("lost").await;
    assert_eq!(journal.entries(), ["made", "data bye", "eof", "lost"]);
    assert_eq!(reports.all(), Vec::<String>::new());
    server.close();
}

#[asyncio::test(virtual_time)]
async fn a_server_without_room_is_tried_less_and_less_often() {
    let folder = Folder::new();
    let address = SockAddr::unix(folder.path("busy")).unwrap();
    let listener = Socket::new(Domain::UNIX, Type::STREAM, None).unwrap();
    listener.set_nonblocking(true).unwrap();
    listener.bind(&address).unwrap();
    listener.listen(1).unwrap();
    let mut others = Vec::new();
    // After 1 ms, 3, 7, 15, 31, 63, 127, and then every 64.
    for (emptied, connects) in [(2, 3), (130, 191), (1000, 1023)] {
        loop {
            let other = Socket::new(Domain::UNIX, Type::STREAM, None).unwrap();
            other.set_nonblocking(true).unwrap();
            match other.connect(&address) {
                Ok(()) => others.push(other),
                Err(_) => break,
            }
        }
        let (start, path) = (running().time(), folder.path("busy"));
        let connecting = asyncio::create_task(async move { running().create_unix_connection(echo, path).await });
        asyncio::sleep(millis(emptied)).await;
        while listener.accept().is_ok() {}
        let (transport, _) = connecting.await.unwrap();
        let took = (running().time() - start).as_millis();
        assert!((connects..=connects + 1).contains(&took), "emptied after {emptied} ms, it took {took} ms");
        transport.abort();
        asyncio::sleep(millis(1)).await;
        while listener.accept().is_ok() {}
    }
}
