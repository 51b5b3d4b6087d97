//! `sock_sendfile`: all of a file or a part, by the system or by hand, and where the file's position is afterwards.

use std::io::{Read, Seek, SeekFrom, Write};
use std::net::TcpListener;
use std::rc::Rc;

use asyncio::{Error, Socket};

use super::{fill, message_pair, non_blocking, pair, tcp, until_it_waits};
use crate::support::files::{content, file_of, pipe_of, position};
use crate::support::net::{off_loop, running};

/// More than the buffers of any connection.
const LARGE: usize = 8 << 20;

/// What comes out at the other end, until it ends.
async fn all_of(far: Socket) -> Vec<u8> {
    let mut received = Vec::new();
    loop {
        let data = running().sock_recv(&far, 1 << 16).await.unwrap();
        if data.is_empty() {
            return received;
        }
        received.extend(data);
    }
}

#[asyncio::test(timeout = "20s")]
async fn all_of_a_file_arrives_and_its_position_is_at_the_end() {
    // CPython: test_sendfile.SockSendfileMixin.test_sock_sendfile_success
    let content = content(LARGE);
    let mut file = file_of(&content);
    file.seek(SeekFrom::Start(5)).unwrap();
    let (near, far) = pair();
    let receiving = asyncio::create_task(async move { Ok::<_, Error>(all_of(far).await) });
    assert_eq!(running().sock_sendfile(&near, &file).fallback(false).await.unwrap(), LARGE as u64);
    drop(near);
    assert!(receiving.await.unwrap() == content);
    assert_eq!(position(&file), LARGE as u64);
}

#[asyncio::test(timeout = "20s")]
async fn a_part_of_a_file_arrives_and_its_position_is_behind_it() {
    // CPython: test_sendfile.SockSendfileMixin.test_sock_sendfile_with_offset_and_count
    let content = content(10_000);
    let file = file_of(&content);
    for (offset, count, wanted) in [(0, 10, 10), (1000, 2000, 2000), (9_990, 100, 10)] {
        let (near, far) = pair();
        let sent = running().sock_sendfile(&near, &file).offset(offset).count(count).await.unwrap();
        drop(near);
        assert_eq!(sent, wanted);
        let (from, to) = (offset as usize, (offset + wanted) as usize);
        assert_eq!(all_of(far).await, content[from..to]);
        assert_eq!(position(&file), offset + wanted);
    }
}

#[asyncio::test(timeout = "20s")]
async fn nothing_of_an_empty_file_is_sent() {
    // CPython: test_sendfile.SockSendfileMixin.test_sock_sendfile_zero_size
    let (near, _far) = pair();
    let mut file = file_of(b"");
    assert_eq!(running().sock_sendfile(&near, &file).await.unwrap(), 0);
    file.write_all(b"four").unwrap();
    assert_eq!(running().sock_sendfile(&near, &file).offset(100).await.unwrap(), 0);
    assert_eq!(position(&file), 4, "it stays where it was");
}

#[asyncio::test(timeout = "20s")]
async fn what_is_no_file_is_read_and_sent_by_hand() {
    // CPython: test_sendfile.SockSendfileMixin.test_sock_sendfile_force_fallback,
    // test_unix_events.SelectorEventLoopUnixSockSendfileTests.test_sock_sendfile_not_a_file
    let file = pipe_of(b"through a pipe");
    let (near, far) = pair();
    let refused = running().sock_sendfile(&near, &file).fallback(false).await;
    assert!(matches!(refused, Err(Error::SendfileNotAvailableError(_))), "{refused:?}");
    assert_eq!(running().sock_sendfile(&near, &file).count(7).await.unwrap(), 7);
    assert_eq!(running().sock_sendfile(&near, &file).await.unwrap(), 7);
    drop(near);
    assert_eq!(all_of(far).await, b"through a pipe");
}

#[asyncio::test(timeout = "20s")]
async fn mistakes_are_told() {
    // CPython: test_base_events.BaseLoopSockSendfileTests.test_nonstream_socket, test_negative_count, test_blocking_socket
    let file = file_of(b"content");
    let (near, _far) = message_pair();
    let refused = running().sock_sendfile(&near, &file).await;
    assert!(matches!(&refused, Err(Error::ValueError(text)) if text.to_string().contains("stream")), "{refused:?}");
    let (near, _far) = pair();
    let refused = running().sock_sendfile(&near, &file).count(0).await;
    assert!(matches!(&refused, Err(Error::ValueError(text)) if text.to_string().contains("count")), "{refused:?}");
    near.set_nonblocking(false).unwrap();
    let refused = running().sock_sendfile(&near, &file).fallback(false).await;
    assert!(refused.is_err(), "it would stop the loop: {refused:?}");
}

#[asyncio::test(timeout = "20s")]
async fn a_peer_that_goes_in_the_middle_is_an_error_and_the_position_says_how_far_it_came() {
    // CPython: test_sendfile.SendfileMixin.test_sendfile_close_peer_in_the_middle_of_receiving
    let file = Rc::new(file_of(&content(LARGE)));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let sock = tcp();
    running().sock_connect(&sock, listener.local_addr().unwrap()).await.unwrap();
    let peer = off_loop(move || {
        let (mut peer, _) = listener.accept().unwrap();
        peer.read_exact(&mut [0; 1000]).unwrap();
        // What it has not read makes this a reset.
    });
    let peer = asyncio::create_task(peer);
    let sent = running().sock_sendfile(&sock, &file).await;
    peer.await.unwrap();
    assert!(matches!(sent, Err(Error::OsError(_))), "{sent:?}");
    assert!((1..LARGE as u64).contains(&position(&file)), "{}", position(&file));
}

#[asyncio::test(timeout = "20s")]
async fn a_cancel_leaves_the_position_behind_what_was_sent() {
    // CPython: test_unix_events.SelectorEventLoopUnixSockSendfileTests.test_sock_sendfile_cancel1
    let (near, far) = pair();
    let (file, content) = (Rc::new(file_of(&content(LARGE))), content(LARGE));
    let sending = file.clone();
    let task = asyncio::create_task(async move { running().sock_sendfile(&near, &sending).await });
    until_it_waits(&task).await;
    task.cancel();
    assert!(matches!(task.await, Err(Error::CancelledError(_))));
    let received = all_of(far).await;
    assert!(!received.is_empty() && received[..] == content[..received.len()]);
    assert_eq!(position(&file), received.len() as u64);
}

#[asyncio::test(timeout = "20s")]
async fn a_file_waits_until_there_is_room() {
    let (near, far) = pair();
    let filled = fill(&near, 1);
    let near = non_blocking(near.try_clone().unwrap());
    let file = file_of(b"at last");
    let task = asyncio::create_task(async move { running().sock_sendfile(&near, &file).await });
    until_it_waits(&task).await;
    let mut received = Vec::new();
    while received.len() < filled + 7 {
        received.extend(running().sock_recv(&far, 1 << 16).await.unwrap());
    }
    assert!(received.ends_with(b"at last"));
    assert_eq!(task.await.unwrap(), 7);
}

#[asyncio::test(timeout = "20s")]
async fn a_file_that_the_system_refuses_to_send_is_told_as_such() {
    let (near, _far) = pair();
    let path = std::env::temp_dir().join(format!("asyncio-write-only-{}", std::process::id()));
    let unreadable = std::fs::File::create(&path).unwrap();
    std::fs::remove_file(path).unwrap();
    let refused = running().sock_sendfile(&near, &unreadable).fallback(false).await;
    assert!(matches!(refused, Err(Error::SendfileNotAvailableError(_))), "{refused:?}");
}
