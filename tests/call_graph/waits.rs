//! What is waited for beyond this loop: sockets with their peers, processes, threads, futures of other people's.

use std::os::fd::AsRawFd;
use std::rc::Rc;

use asyncio::{AnyTask, Error, Result};

use crate::support::tasks::{HOUR, tick, ticks};

/// What a task waits for: the first line of its stack.
fn wait(task: &AnyTask) -> String {
    task.get_stack(None).last().unwrap().to_string()
}

#[asyncio::test]
async fn a_socket_is_named_with_its_peer() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let sock = Rc::new(asyncio::Socket::from(std::net::TcpStream::connect(address).unwrap()));
    sock.set_nonblocking(true).unwrap();
    let reads = sock.clone();
    let task = asyncio::create_task(async move { asyncio::get_running_loop()?.sock_recv(&reads, 1).await.map(drop) });
    tick().await;
    let fd = sock.as_raw_fd();
    assert_eq!(wait(&task), format!("waits for the socket {fd} to {address}"));
    drop(listener);
    task.cancel();
}

#[asyncio::test]
async fn a_stream_is_named_with_its_peer_as_long_as_it_is_connected() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (mut reader, writer) = asyncio::open_connection("127.0.0.1", address.port()).await.unwrap();
    let peer = listener.accept().unwrap().0;
    let reads = asyncio::create_task(async move { reader.read(1).await.map(drop) });
    writer.transport().set_write_buffer_limits(Some(0), Some(0)).unwrap();
    let writes = asyncio::create_task(async move {
        let full = vec![0; 8 << 20];
        writer.write(&full);
        writer.drain().await?;
        writer.close();
        writer.wait_closed().await
    });
    ticks(2).await;
    assert_eq!(wait(&reads), format!("waits for bytes of a stream from {address}"));
    assert_eq!(wait(&writes), format!("waits in drain() to {address}"));
    let text = asyncio::ProcessTasks::read(std::process::id()).map(|tasks| tasks.table());
    if cfg!(target_os = "linux") {
        // Read from the tables of the kernel.
        assert!(text.unwrap().contains(&format!("waits for bytes of a stream from {address}")));
    }
    drop((peer, listener));
    drop((reads.await, writes.await));
}

#[asyncio::test]
async fn a_stream_without_a_network_is_named_as_one() {
    let (near, _far) = std::os::unix::net::UnixStream::pair().unwrap();
    let (mut reader, writer) = asyncio::open_connection_with_sock(near).await.unwrap();
    let reads = asyncio::create_task(async move { reader.read(1).await.map(drop) });
    let closes = asyncio::create_task(async move { writer.wait_closed().await });
    tick().await;
    assert_eq!((wait(&reads), wait(&closes)), ("waits for bytes of a stream".into(), "waits in wait_closed()".into()));
    assert!(reads.cancel() && closes.cancel());
    tick().await;
}

#[asyncio::test]
async fn a_process_is_named_with_its_number() {
    let child = asyncio::create_subprocess_exec("cat").stdin(asyncio::subprocess::PIPE).await.unwrap();
    let pid = child.pid();
    let waits = asyncio::create_task(async move { child.wait().await.map(drop) });
    tick().await;
    assert_eq!(wait(&waits), format!("waits for the process {pid}"));
    if cfg!(target_os = "linux") {
        let table = asyncio::ProcessTasks::read(std::process::id()).unwrap().table();
        assert!(table.contains(&format!("waits for the process {pid}")), "{table}");
    }
    waits.cancel();
    assert!(waits.await.unwrap_err().is_cancelled());
}

#[asyncio::test]
async fn timers_threads_and_futures_of_other_people_s_are_named() {
    let (end, ended) = std::sync::mpsc::channel::<()>();
    let thread = asyncio::create_task(asyncio::to_thread(move || assert!(ended.recv().is_err())));
    let (_sender, foreign) = futures::channel::oneshot::channel::<()>();
    let foreign = asyncio::create_task(async move { foreign.await.map_err(Error::other) });
    let sleeps = asyncio::create_task(asyncio::sleep(HOUR));
    let future = asyncio::Future::<()>::new().unwrap();
    let awaits = asyncio::create_task(asyncio::wait_for(future.clone(), 2 * HOUR));
    tick().await;
    assert_eq!(wait(&thread), "waits for a thread");
    assert_eq!(wait(&foreign), "waits for a future that is not asyncio's");
    assert_eq!(wait(&sleeps), "waits in sleep()");
    assert_eq!(wait(&awaits), "waits for a future");
    assert!(foreign.cancel() && sleeps.cancel());
    drop(end);
    thread.await.unwrap();
    future.set_result(()).unwrap();
    let done: Result<()> = awaits.await;
    done.unwrap();
}
