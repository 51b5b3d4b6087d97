//! A conversation in pieces of any size, and cut off at every byte.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use super::certificates::{Authority, trusting};
use super::peers::{client_config, echo_server};
use crate::support::journal::Journal;
use crate::support::log::{collect, collected};
use crate::support::net::{address, off_loop, read_all, running, settle};
use crate::support::script::Script;

/// Forwards in pieces whose sizes the numbers say, and keeps what went by.
fn forward(mut from: TcpStream, mut to: TcpStream, mut seed: u64, seen: &Mutex<Vec<u8>>) {
    let mut buffer = vec![0; 1 << 16];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        let mut rest = &buffer[..length];
        while !rest.is_empty() {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let size = [1, 2, 5, 17, 300, 5000][(seed >> 33) as usize % 6].min(rest.len());
            let (piece, others) = rest.split_at(size);
            if to.write_all(piece).is_err() {
                return;
            }
            seen.lock().unwrap().extend_from_slice(piece);
            rest = others;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
}

/// What went by in one direction.
type Said = Arc<Mutex<Vec<u8>>>;

/// A port that leads to another one by way of [`forward`], once. What the client and the server said is kept.
fn in_pieces(to: std::net::SocketAddr, seed: u64) -> (u16, [Said; 2]) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let seen = [Said::default(), Said::default()];
    let [said, answered] = seen.clone();
    std::thread::spawn(move || {
        let (client, _) = listener.accept().unwrap();
        let server = TcpStream::connect(to).unwrap();
        for socket in [&client, &server] {
            socket.set_nodelay(true).unwrap();
        }
        let (back_from, back_to) = (server.try_clone().unwrap(), client.try_clone().unwrap());
        let back = std::thread::spawn(move || forward(back_from, back_to, seed ^ 77, &answered));
        forward(client, server, seed, &said);
        back.join().unwrap();
    });
    (port, seen)
}

#[asyncio::test(timeout = "30s")]
async fn the_sizes_of_the_pieces_mean_nothing() {
    let authority = Authority::new("tests");
    let server_context = authority.issue(&["127.0.0.1"]).server().build().unwrap();
    let server = echo_server(&Journal::default(), &server_context).await;
    let context = trusting(&authority).build().unwrap();
    for seed in 0..6 {
        let (port, _) = in_pieces(address(&server), seed);
        let (journal, done) = (Journal::default(), Journal::default());
        let data: Vec<u8> = (0..40_000).map(|index| (index % 253) as u8).collect();
        let (mut so_far, noted, wanted) = (0, done.clone(), data.clone());
        let script = Script::new(&journal).on_data(move |_, data| {
            assert_eq!(data, &wanted[so_far..so_far + data.len()]);
            so_far += data.len();
            if so_far == wanted.len() {
                noted.note("all");
            }
            Ok(())
        });
        let connecting = running().create_connection(move || script, "127.0.0.1", port).ssl(&context);
        let (transport, _) = connecting.await.unwrap();
        transport.write(&data);
        done.wait_for("all").await;
        transport.close();
        assert_eq!(journal.wait_for("lost").await, "lost");
    }
}

#[asyncio::test(timeout = "60s")]
async fn a_handshake_that_is_cut_off_at_any_byte_fails_and_hangs_nobody() {
    let authority = Authority::new("tests");
    let context = authority.issue(&["localhost"]).server().build().unwrap();
    let [recorded, _] = recorded(&authority, &context).await;
    assert!(recorded.len() > 200, "a greeting and an answer");
    let journal = Journal::default();
    let server = echo_server(&journal, &context).await;
    collect();
    for length in 1..recorded.len() {
        let peer = TcpStream::connect(address(&server)).unwrap();
        (&peer).write_all(&recorded[..length]).unwrap();
        peer.shutdown(Shutdown::Write).unwrap();
        read_all(peer).await;
    }
    settle().await;
    assert_eq!(journal.entries(), [""; 0], "the recording is of another key, so no cut makes a connection");
    assert_eq!(collected(log::Level::Warn).len(), recorded.len() - 1, "each is reported once");
}

#[asyncio::test(timeout = "60s")]
async fn a_server_that_is_cut_off_at_any_byte_of_its_handshake_has_no_client() {
    let authority = Authority::new("tests");
    let context = authority.issue(&["localhost"]).server().build().unwrap();
    let [_, recorded] = recorded(&authority, &context).await;
    assert!(recorded.len() > 500, "an answer and a certificate");
    let context = trusting(&authority).build().unwrap();
    let (listener, journal) = (TcpListener::bind("127.0.0.1:0").unwrap(), Journal::default());
    let (port, last) = (listener.local_addr().unwrap().port(), recorded.len());
    let answering = asyncio::create_task(async move {
        off_loop(move || {
            for length in 0..recorded.len() {
                let (mut peer, _) = listener.accept().unwrap();
                // The greeting is read, so that closing is no reset of the system's.
                let _ = peer.read(&mut [0; 4096]).unwrap();
                let _ = peer.write_all(&recorded[..length]);
            }
        })
        .await;
        Ok::<_, asyncio::Error>(())
    });
    for length in 0..last {
        let script = Script::new(&journal);
        let connecting = running().create_connection(move || script, "127.0.0.1", port).ssl(&context);
        let error = connecting.server_hostname("localhost").await.unwrap_err();
        assert!(matches!(error, asyncio::Error::SslError(_) | asyncio::Error::OsError(_)), "{length}: {error:?}");
    }
    answering.await.unwrap();
    assert_eq!(journal.entries(), [""; 0], "the recording is for another client's key");
}

/// What a client and a server say in a handshake.
async fn recorded(authority: &Authority, context: &asyncio::ssl::SslContext) -> [Vec<u8>; 2] {
    let server = echo_server(&Journal::default(), context).await;
    let (port, said) = in_pieces(address(&server), 1);
    let config = client_config(authority);
    off_loop(move || drop(super::peers::connect(port, &config))).await;
    settle().await;
    said.map(|said| said.lock().unwrap().clone())
}
