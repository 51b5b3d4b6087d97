//! Both ways to make batches, on real sockets of loopback.

use std::cell::Cell;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr};

use super::{Parcel, each};
use crate::sys::Socket;

fn bound() -> (Socket, SocketAddr) {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let socket = Socket::datagram(&address, None).unwrap();
    socket.bind(&address).unwrap();
    let address = socket.local_addr().unwrap().unwrap();
    (socket, address)
}

/// What waits at a socket, by the calls of this system.
fn received(socket: &Socket) -> Vec<(Vec<u8>, Option<SocketAddr>)> {
    let mut incoming = super::Incoming::new();
    let mut received = Vec::new();
    loop {
        match incoming.receive(socket, false) {
            Ok(look) => {
                for arrived in (0..look.count).map(|index| incoming.get(index)) {
                    assert!(!arrived.cut);
                    received.extend(arrived.datagrams().map(|data| (data.to_vec(), arrived.from)));
                }
            }
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::WouldBlock);
                return received;
            }
        }
    }
}

/// Sends all of them, as batches.
fn send(socket: &Socket, mut bytes: &[u8], mut parcels: Vec<Parcel>, most: usize, segments: bool) {
    let segments = Cell::new(segments);
    while !parcels.is_empty() {
        let sent = socket.send_batch(bytes, &parcels, most, &segments).unwrap();
        assert!((1..=most).contains(&sent));
        bytes = &bytes[gone(&mut parcels, sent)..];
    }
}

/// Takes the first datagrams away, and says how many bytes they had.
fn gone(parcels: &mut Vec<Parcel>, mut count: usize) -> usize {
    let mut bytes = 0;
    while count > 0 {
        let first = &mut parcels[0];
        let gone = count.min(first.count);
        bytes += gone * first.length;
        first.count -= gone;
        count -= gone;
        if first.count == 0 {
            parcels.remove(0);
        }
    }
    bytes
}

/// Datagrams of these lengths to these places, with bytes that tell them apart. Neighbours that are alike are one parcel.
fn parcels(places: &[(usize, SocketAddr)]) -> (Vec<u8>, Vec<Parcel>) {
    let bytes = places.iter().enumerate().flat_map(|(number, (length, _))| vec![number as u8; *length]).collect();
    let mut parcels: Vec<Parcel> = Vec::new();
    for &(length, to) in places {
        let to = Some(to.into());
        match parcels.last_mut() {
            Some(last) if last.length == length && last.to == to => last.count += 1,
            _ => parcels.push(Parcel { length, count: 1, to }),
        }
    }
    (bytes, parcels)
}

#[test]
fn each_datagram_arrives_whole_in_order_and_where_it_shall() {
    let lengths = [7, 7, 7, 3, 0, 0, 5, 1452, 1452, 1453, 9000, 1, 1, 1];
    for (segments, most) in [(true, usize::MAX), (true, 5), (false, usize::MAX)] {
        for merged in [true, false] {
            let (sender, from) = bound();
            let [(first, first_address), (second, second_address)] = [bound(), bound()];
            if merged {
                first.merge_incoming();
                second.merge_incoming();
            }
            // Runs to one place, and each second datagram to another.
            let places: Vec<(usize, SocketAddr)> = lengths
                .iter()
                .map(|length| (*length, first_address))
                .chain(lengths.iter().flat_map(|length| [(*length, first_address), (*length, second_address)]))
                .collect();
            let (bytes, parcels) = parcels(&places);
            send(&sender, &bytes, parcels, most, segments);
            for (socket, address) in [(first, first_address), (second, second_address)] {
                let expected: Vec<(Vec<u8>, Option<SocketAddr>)> = places
                    .iter()
                    .enumerate()
                    .filter(|(_, (_, to))| *to == address)
                    .map(|(number, (length, _))| (vec![number as u8; *length], Some(from)))
                    .collect();
                assert_eq!(received(&socket), expected, "segments: {segments}, at most {most}, merged: {merged}");
            }
        }
    }
}

#[test]
fn a_connected_socket_sends_batches_too() {
    let [(sender, from), (receiver, to)] = [bound(), bound()];
    sender.connect(&to).unwrap();
    let (bytes, mut parcels) = parcels(&[(4, to); 200]);
    parcels.iter_mut().for_each(|parcel| parcel.to = None);
    send(&sender, &bytes, parcels, usize::MAX, true);
    let received = received(&receiver);
    assert_eq!(received.len(), 200);
    assert!(received.iter().enumerate().all(|(number, (data, by))| *data == [number as u8; 4] && *by == Some(from)));
}

#[test]
fn an_error_is_one_of_the_first_datagram_alone() {
    let [(sender, _), (receiver, to)] = [bound(), bound()];
    let too_long = 70_000;
    for segments in [true, false] {
        let (bytes, mut parcels) = parcels(&[(4, to), (4, to), (too_long, to), (4, to)]);
        let segments = Cell::new(segments);
        let mut bytes = &bytes[..];
        while parcels[0].length == 4 {
            let sent = sender.send_batch(bytes, &parcels, usize::MAX, &segments).unwrap();
            bytes = &bytes[gone(&mut parcels, sent)..];
        }
        assert_eq!(parcels.len(), 2);
        assert!(sender.send_batch(bytes, &parcels, usize::MAX, &segments).is_err());
        assert_eq!(sender.send_batch(&bytes[too_long..], &parcels[1..], usize::MAX, &segments).unwrap(), 1);
        assert_eq!(received(&receiver).len(), 3);
    }
}

#[test]
fn what_a_socket_was_refused_before_costs_one_datagram() {
    let (sender, _) = bound();
    let nobody = bound().1;
    sender.connect(&nobody).unwrap();
    let (bytes, mut parcels) = parcels(&[(4, nobody); 3]);
    parcels.iter_mut().for_each(|parcel| parcel.to = None);
    let segments = Cell::new(true);
    assert_eq!(sender.send_batch(&bytes, &parcels, usize::MAX, &segments).unwrap(), 3);
    let refused = sender.send_batch(&bytes, &parcels, usize::MAX, &segments).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    assert_eq!(sender.send_batch(&bytes, &parcels, usize::MAX, &segments).unwrap(), 3, "the error is told once");
    assert!(segments.get());
}

#[test]
fn without_calls_for_many_it_is_one_after_the_other() {
    let [(sender, from), (receiver, to)] = [bound(), bound()];
    let (bytes, parcels) = parcels(&[(3, to), (0, to), (1500, to)]);
    let mut incoming = each::Incoming::new();
    assert_eq!(incoming.receive(&receiver, false).unwrap_err().kind(), ErrorKind::WouldBlock);
    let mut rest = &bytes[..];
    for (number, parcel) in parcels.iter().enumerate() {
        assert_eq!(each::send_first(&sender, rest, &parcels[number..]).unwrap(), 1);
        rest = &rest[parcel.length..];
        let look = incoming.receive(&receiver, false).unwrap();
        assert_eq!((look.count, look.more), (1, true));
        let arrived = incoming.get(0);
        assert_eq!((arrived.data, arrived.from), (vec![number as u8; parcel.length].as_slice(), Some(from)));
        assert_eq!(arrived.datagrams().count(), 1);
    }
}
