//! Sockets of the program's own: readers and writers, and the operations `sock_…`.

use std::cell::Cell;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::net::UnixStream;
use std::rc::Rc;

use asyncio::{Error, Future, Result, Socket, create_task, get_running_loop};
use socket2::{Domain, Type};

use crate::harness::connections::nobody;
use crate::harness::program::{Program, program, ticks};
use crate::harness::trace::{Boom, report, say};

pub(crate) const PROGRAMS: &[Program] = &[
    program!(a_reader_is_called_as_long_as_there_is_something),
    program!(a_writer_is_called_while_there_is_room),
    program!(a_second_reader_takes_the_place_of_the_first),
    program!(a_reader_that_fails_is_reported_and_called_again),
    program!(bytes_go_through_a_pair_of_sockets),
    program!(a_cancelled_receiver_takes_nothing),
    program!(a_listener_accepts_and_a_client_connects),
    program!(a_client_of_nobody_is_refused),
];

fn pair() -> Result<(UnixStream, UnixStream)> {
    let (ours, peer) = UnixStream::pair()?;
    ours.set_nonblocking(true)?;
    Ok((ours, peer))
}

/// What one call of the system gives.
fn recv(mut socket: &UnixStream, count: usize) -> Result<Vec<u8>> {
    let mut received = vec![0; count];
    let count = socket.read(&mut received)?;
    received.truncate(count);
    Ok(received)
}

async fn a_reader_is_called_as_long_as_there_is_something() -> Result<()> {
    let event_loop = get_running_loop()?;
    let (ours, mut peer) = pair()?;
    let done = Future::new()?;
    let ours = Rc::new(ours);
    let (inner, socket, end) = (event_loop.clone(), ours.clone(), done.clone());
    event_loop.add_reader(&*ours, move || {
        let data = recv(&socket, 3).unwrap();
        say!("read", data);
        if data.is_empty() {
            inner.remove_reader(&*socket);
            end.set_result(()).unwrap();
        }
    })?;
    peer.write_all(b"01234567")?;
    drop(peer);
    done.await?;
    say!(event_loop.remove_reader(&*ours));
    Ok(())
}

async fn a_writer_is_called_while_there_is_room() -> Result<()> {
    let event_loop = get_running_loop()?;
    let (ours, _peer) = pair()?;
    let done = Future::new()?;
    let ours = Rc::new(ours);
    let (inner, socket, end) = (event_loop.clone(), ours.clone(), done.clone());
    let mut count = 0_u32;
    event_loop.add_writer(&*ours, move || {
        count += 1;
        say!("writable", count);
        if count == 3 {
            say!(inner.remove_writer(&*socket), inner.remove_writer(&*socket));
            end.set_result(()).unwrap();
        }
    })?;
    done.await?;
    ticks(200).await;
    Ok(())
}

async fn a_second_reader_takes_the_place_of_the_first() -> Result<()> {
    let event_loop = get_running_loop()?;
    let (ours, mut peer) = pair()?;
    let done = Future::new()?;
    let (socket, end) = (ours.try_clone()?, done.clone());
    event_loop.add_reader(&ours, || say!("never"))?;
    event_loop.add_reader(&ours, move || {
        say!("second", recv(&socket, 100));
        end.set_result(()).unwrap();
    })?;
    peer.write_all(b"data")?;
    done.await?;
    say!(event_loop.remove_reader(&ours), event_loop.remove_reader(&ours));
    Ok(())
}

async fn a_reader_that_fails_is_reported_and_called_again() -> Result<()> {
    let event_loop = get_running_loop()?;
    event_loop.set_exception_handler(report);
    let (ours, mut peer) = pair()?;
    let done = Future::new()?;
    let ours = Rc::new(ours);
    let (inner, socket, end, count) = (event_loop.clone(), ours.clone(), done.clone(), Cell::new(0));
    event_loop.add_reader(&*ours, move || {
        count.set(count.get() + 1);
        if count.get() == 2 {
            inner.remove_reader(&*socket);
            end.set_result(()).unwrap();
        }
        // Without the panic hook, which would print it.
        std::panic::resume_unwind(Box::new(Boom("reader").to_string()));
    })?;
    peer.write_all(b"data")?;
    done.await?;
    ticks(2).await;
    Ok(())
}

/// A pair of the sockets that the loop's operations take.
fn sockets() -> Result<(Socket, Socket)> {
    let (ours, peer) = Socket::pair(Domain::UNIX, Type::STREAM, None)?;
    ours.set_nonblocking(true)?;
    peer.set_nonblocking(true)?;
    Ok((ours, peer))
}

async fn bytes_go_through_a_pair_of_sockets() -> Result<()> {
    let event_loop = get_running_loop()?;
    let (ours, peer) = sockets()?;
    let peer = Rc::new(peer);
    let (inner, receiver) = (event_loop.clone(), peer.clone());
    let task = create_task(async move { inner.sock_recv(&receiver, 100).await });
    ticks(1).await;
    event_loop.sock_sendall(&ours, b"hello").await?;
    say!(task.await);
    let mut memory = [0; 4];
    event_loop.sock_sendall(&ours, b"hello").await?;
    let count = event_loop.sock_recv_into(&peer, &mut memory).await?;
    say!(count, memory, event_loop.sock_recv(&peer, 100).await);
    drop(ours);
    say!(event_loop.sock_recv(&peer, 100).await?.len());
    Ok(())
}

async fn a_cancelled_receiver_takes_nothing() -> Result<()> {
    let event_loop = get_running_loop()?;
    let (ours, peer) = sockets()?;
    let ours = Rc::new(ours);
    let (inner, receiver) = (event_loop.clone(), ours.clone());
    let task = create_task(async move { inner.sock_recv(&receiver, 100).await });
    ticks(2).await;
    task.cancel_with("why");
    say!(task.await);
    event_loop.sock_sendall(&peer, b"kept").await?;
    say!(event_loop.sock_recv(&ours, 100).await);
    Ok(())
}

async fn a_listener_accepts_and_a_client_connects() -> Result<()> {
    let event_loop = get_running_loop()?;
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let listener = Socket::from(listener);
    listener.set_nonblocking(true)?;
    let client = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    client.set_nonblocking(true)?;
    let inner = event_loop.clone();
    let task = create_task(async move { inner.sock_accept(&listener).await });
    event_loop.sock_connect(&client, address).await?;
    let (connection, from) = task.await?;
    say!(from.as_socket() == client.local_addr()?.as_socket());
    event_loop.sock_sendall(&client, b"hello").await?;
    say!(event_loop.sock_recv(&connection, 100).await);
    Ok::<_, Error>(())
}

async fn a_client_of_nobody_is_refused() -> Result<()> {
    let client = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    client.set_nonblocking(true)?;
    let (_reserved, address) = nobody()?;
    say!(get_running_loop()?.sock_connect(&client, address).await);
    Ok(())
}
