//! `sendfile` over TLS: read and encrypted by hand, in its place among what is written.

use asyncio::{Error, Task, Transport};

use super::kinds::against;
use super::peers::{ServerPeer, end, read, write};
use crate::support::files::{content, file_of, position};
use crate::support::journal::Journal;
use crate::support::net::{Reports, running, settle};
use crate::support::script::Script;

/// More than sockets hold.
const LARGE: usize = 12 << 20;

/// Sends a file of `LARGE` bytes in a task, which has begun and waits for its peer.
async fn sending(transport: &Transport) -> Task<u64> {
    let (transport, file) = (transport.clone(), file_of(&content(LARGE)));
    let sender = transport.clone();
    let task = asyncio::create_task(async move { running().sendfile(&sender, &file).await });
    while transport.get_write_buffer_size() == 0 {
        asyncio::sleep(std::time::Duration::from_millis(1)).await;
    }
    assert!(!task.done(), "it waits for its peer");
    task
}

/// Waits for leave, and then reads so much.
fn reader(length: usize) -> (std::sync::mpsc::Sender<()>, impl FnOnce(ServerPeer) -> Vec<u8> + Send) {
    let (go, wait) = std::sync::mpsc::channel::<()>();
    let does = move |mut peer: ServerPeer| {
        let _ = wait.recv();
        let data = read(&mut peer, length);
        end(&mut peer);
        data
    };
    (go, does)
}

#[asyncio::test(timeout = "20s")]
async fn a_file_arrives_between_what_is_written_before_and_after() {
    // CPython: test_sendfile.SendfileMixin.{test_sendfile_ssl,test_sendfile_ssl_pre_and_post_data,test_sendfile_ssl_partial}
    let journal = Journal::default();
    let content = content(LARGE);
    let (go, does) = reader(11 + LARGE - 6 + 5);
    let (transport, _, peer) = against(Script::new(&journal), does).await;
    go.send(()).unwrap();
    let file = file_of(&content);
    transport.write(b"before the ");
    let refused = running().sendfile(&transport, &file).fallback(false).await;
    assert!(matches!(refused, Err(Error::SendfileNotAvailableError(_))), "{refused:?}");
    assert_eq!(running().sendfile(&transport, &file).offset(6).count(100).await.unwrap(), 100);
    assert_eq!(position(&file), 106);
    assert_eq!(running().sendfile(&transport, &file).offset(106).await.unwrap(), LARGE as u64 - 106);
    assert_eq!(position(&file), LARGE as u64);
    transport.write(b"after");
    assert!(peer.await.unwrap() == [b"before the ", &content[6..], b"after"].concat());
    journal.wait_for("lost").await;
    assert_eq!(journal.count("data"), 0);
}

#[asyncio::test(timeout = "20s")]
async fn the_connection_is_the_files_alone_and_close_waits_for_it() {
    let (journal, reports) = (Journal::default(), Reports::collect());
    let (go, does) = reader(LARGE);
    let (transport, _, peer) = against(Script::new(&journal), does).await;
    let task = sending(&transport).await;
    transport.write(b"never");
    transport.writelines([b"never"]);
    assert!(matches!(transport.try_write(b"never"), Err(Error::RuntimeError(_))));
    assert_eq!(reports.all().len(), 2);
    assert!(reports.all()[0].contains("while a file was being sent"), "{:?}", reports.all());
    let second = running().sendfile(&transport, &file_of(b"second")).await.unwrap_err();
    assert!(second.to_string().contains("in progress"), "{second}");
    transport.close();
    assert!(transport.is_closing());
    settle().await;
    assert!(!task.done());
    go.send(()).unwrap();
    assert_eq!(task.await.unwrap(), LARGE as u64);
    assert!(peer.await.unwrap() == content(LARGE));
    journal.wait_for("lost").await;
    assert_eq!(journal.entries(), ["made", "lost"]);
    let late = running().sendfile(&transport, &file_of(b"late")).await.unwrap_err();
    assert!(late.to_string().contains("closing or closed"), "{late}");
}

#[asyncio::test(timeout = "20s")]
async fn abort_and_a_peer_that_leaves_end_the_file() {
    // CPython: test_sendfile.SendfileMixin.test_sendfile_close_peer_in_the_middle_of_receiving
    for aborts in [true, false] {
        let journal = Journal::default();
        let (go, wait) = std::sync::mpsc::channel::<()>();
        let (transport, _, peer) = against(Script::new(&journal), move |peer| {
            let _ = wait.recv();
            drop(peer);
        })
        .await;
        let task = sending(&transport).await;
        if aborts {
            transport.abort();
        } else {
            go.send(()).unwrap();
        }
        assert!(matches!(task.await, Err(Error::OsError(_))));
        journal.wait_for("lost").await;
        drop(go);
        peer.await.unwrap();
    }
}

#[asyncio::test(timeout = "20s")]
async fn who_listens_again_while_a_file_is_sent_gets_what_comes_afterwards() {
    let journal = Journal::default();
    let (go, wait) = std::sync::mpsc::channel::<()>();
    let (transport, _, peer) = against(Script::new(&journal), move |mut peer| {
        let _ = wait.recv();
        let length = read(&mut peer, LARGE).len();
        write(&mut peer, b"thanks");
        end(&mut peer);
        length
    })
    .await;
    let task = sending(&transport).await;
    transport.pause_reading();
    transport.resume_reading();
    go.send(()).unwrap();
    assert_eq!(task.await.unwrap(), LARGE as u64);
    journal.wait_for("lost").await;
    assert_eq!(peer.await.unwrap(), LARGE);
    assert_eq!(journal.entries(), ["made", "data thanks", "eof", "lost"]);
}
