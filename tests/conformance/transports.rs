//! Connections with protocols: which callback comes when, and what a transport says of itself.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};

use asyncio::{Error, Future, Result, Transport, get_running_loop};

use crate::harness::connections::{Noting, connected, nobody, reset, until};
use crate::harness::program::{Difference, Program, program, ticks};
use crate::harness::trace::{Boom, report, say};

pub(crate) const PROGRAMS: &[Program] = &[
    program!(a_connection_from_its_beginning_to_its_end).strict_only(),
    program!(close_ends_the_connection_a_tick_later),
    program!(what_was_written_is_sent_before_the_end),
    program!(much_is_flushed_after_close),
    program!(abort_drops_what_waits),
    program!(who_keeps_the_connection_at_the_end_may_still_write),
    program!(write_eof_ends_one_direction),
    program!(a_reset_is_an_error),
    program!(a_port_where_nobody_listens_refuses),
    program!(limits_of_the_write_buffer),
    program!(the_writer_is_paused_once_and_resumed_once),
    program!(limits_that_are_lowered_pause_at_once),
    program!(reading_pauses_and_goes_on),
    program!(a_callback_that_fails_ends_the_connection),
    program!(the_first_and_the_last_callback_may_fail).differs(&[
        Difference {
            row: "is reported as that of any callback",
            python: &["made made", "reported: Exception in callback Boom(in a callback) [handle]"],
            here: &[
                "made made",
                "reported: protocol.connection_made() call failed Boom(in a callback) [protocol, transport]",
            ],
        },
        Difference {
            row: "is reported as that of any callback",
            python: &["lost lost none", "reported: Exception in callback Boom(in a callback) [handle]"],
            here: &[
                "lost lost none",
                "reported: protocol.connection_lost() call failed Boom(in a callback) [protocol, transport]",
            ],
        },
    ]),
    program!(a_protocol_answers_where_it_is_told),
    program!(a_connection_is_handed_to_another_protocol),
    program!(a_buffered_protocol_lends_its_memory),
    program!(a_transport_knows_both_addresses),
];

static MUCH: &[u8] = &[b'x'; 16 << 20];

/// All that a plain peer receives until the end; in a thread of its own.
async fn read_all(peer: &TcpStream) -> Result<usize> {
    let mut peer = peer.try_clone()?;
    let read = move || Ok::<_, Error>(std::io::copy(&mut peer, &mut std::io::sink())? as usize);
    get_running_loop()?.run_in_executor(None, read)?.await
}

/// What one call of the system gives.
fn recv(mut peer: &TcpStream) -> Result<Vec<u8>> {
    let mut received = vec![0; 100];
    let count = peer.read(&mut received)?;
    received.truncate(count);
    Ok(received)
}

async fn a_connection_from_its_beginning_to_its_end() -> Result<()> {
    let protocol = Noting::new("ours")?;
    let lost = protocol.lost();
    get_running_loop()?.call_soon(|| say!("connecting"))?;
    let (transport, mut peer) = connected(protocol).await?;
    say!("connected", transport.is_closing(), transport.is_reading());
    peer.write_all(b"hello")?;
    ticks(3).await;
    peer.write_all(b"again")?;
    drop(peer);
    lost.await?;
    say!(transport.is_closing(), transport.is_reading());
    Ok(())
}

async fn close_ends_the_connection_a_tick_later() -> Result<()> {
    let protocol = Noting::new("ours")?;
    let lost = protocol.lost();
    let (transport, peer) = connected(protocol).await?;
    transport.close();
    transport.close();
    say!(transport.is_closing(), lost.done());
    ticks(1).await;
    say!(recv(&peer), "end");
    Ok(())
}

async fn what_was_written_is_sent_before_the_end() -> Result<()> {
    let protocol = Noting::new("ours")?;
    let lost = protocol.lost();
    let (transport, peer) = connected(protocol).await?;
    transport.write(b"one ");
    transport.writelines([&b"two "[..], b"", b"three"]);
    transport.write(b"");
    transport.close();
    transport.write(b"dropped");
    lost.await?;
    say!(read_all(&peer).await);
    Ok(())
}

async fn much_is_flushed_after_close() -> Result<()> {
    let protocol = Noting::new("ours")?;
    let lost = protocol.lost();
    let (transport, peer) = connected(protocol).await?;
    transport.write(MUCH);
    transport.close();
    say!("closing", transport.get_write_buffer_size() > 0);
    say!(read_all(&peer).await? == MUCH.len());
    lost.await
}

async fn abort_drops_what_waits() -> Result<()> {
    let protocol = Noting::new("ours")?;
    let lost = protocol.lost();
    let (transport, peer) = connected(protocol).await?;
    transport.write(MUCH);
    transport.abort();
    say!(transport.is_closing(), lost.done());
    ticks(2).await;
    say!(transport.get_write_buffer_size());
    drop(peer);
    Ok(())
}

async fn who_keeps_the_connection_at_the_end_may_still_write() -> Result<()> {
    let ended = Future::new()?;
    let seen = ended.clone();
    let protocol = Noting::new("ours")?.on_eof(move |_| seen.set_result(()).map(|()| true));
    let lost = protocol.lost();
    let (transport, peer) = connected(protocol).await?;
    peer.shutdown(Shutdown::Write)?;
    ended.await?;
    say!("open", !transport.is_closing());
    transport.write(b"after the end");
    say!(recv(&peer));
    transport.close();
    lost.await
}

async fn write_eof_ends_one_direction() -> Result<()> {
    let protocol = Noting::new("ours")?;
    let lost = protocol.lost();
    let heard = protocol.heard();
    let (transport, mut peer) = connected(protocol).await?;
    say!(transport.can_write_eof());
    transport.write(b"last words");
    transport.write_eof();
    transport.write_eof();
    say!(recv(&peer), recv(&peer), "end");
    peer.write_all(b"still heard")?;
    until(|| heard.get() > 0).await;
    say!(transport.is_closing());
    drop(peer);
    lost.await
}

async fn a_reset_is_an_error() -> Result<()> {
    let protocol = Noting::new("ours")?;
    let lost = protocol.lost();
    let (transport, peer) = connected(protocol).await?;
    reset(peer)?;
    lost.await?;
    say!(transport.is_closing());
    Ok(())
}

async fn a_port_where_nobody_listens_refuses() -> Result<()> {
    let (_reserved, address) = nobody()?;
    let protocol = Noting::new("never")?;
    let refused = get_running_loop()?.create_connection(move || protocol, "127.0.0.1", address.port()).await;
    say!(refused.map(drop));
    Ok(())
}

async fn limits_of_the_write_buffer() -> Result<()> {
    fn say_limits(transport: &Transport) {
        let (low, high) = transport.get_write_buffer_limits();
        say!(low, high);
    }
    fn limits(transport: &Transport, high: Option<usize>, low: Option<usize>) {
        let failed = transport.set_write_buffer_limits(high, low);
        let (low, high) = transport.get_write_buffer_limits();
        say!(failed, low, high);
    }
    let (transport, peer) = connected(Noting::new("ours")?).await?;
    say_limits(&transport);
    limits(&transport, Some(1000), None);
    limits(&transport, Some(1000), Some(100));
    limits(&transport, None, Some(100));
    limits(&transport, Some(0), None);
    limits(&transport, Some(0), Some(10));
    limits(&transport, Some(10), Some(20));
    limits(&transport, None, None);
    transport.close();
    ticks(2).await;
    drop(peer);
    Ok(())
}

async fn the_writer_is_paused_once_and_resumed_once() -> Result<()> {
    let protocol = Noting::new("ours")?;
    let lost = protocol.lost();
    let (transport, peer) = connected(protocol).await?;
    transport.set_write_buffer_limits(1 << 20, 1 << 10)?;
    transport.write(b"little");
    say!("written");
    transport.write(MUCH);
    say!("written much");
    transport.write(MUCH);
    say!("written more");
    transport.close();
    say!(read_all(&peer).await);
    lost.await
}

async fn limits_that_are_lowered_pause_at_once() -> Result<()> {
    let protocol = Noting::new("ours")?;
    let lost = protocol.lost();
    let (transport, peer) = connected(protocol).await?;
    transport.set_write_buffer_limits(1 << 30, None)?;
    transport.write(MUCH);
    say!("written");
    transport.set_write_buffer_limits(1000, None)?;
    say!("lowered");
    transport.abort();
    lost.await?;
    drop(peer);
    Ok(())
}

async fn reading_pauses_and_goes_on() -> Result<()> {
    let protocol = Noting::new("ours")?;
    let lost = protocol.lost();
    let heard = protocol.heard();
    let (transport, mut peer) = connected(protocol).await?;
    transport.pause_reading();
    transport.pause_reading();
    say!(transport.is_reading());
    peer.write_all(b"kept")?;
    ticks(200).await;
    say!("nothing yet");
    transport.resume_reading();
    transport.resume_reading();
    say!(transport.is_reading());
    until(|| heard.get() > 0).await;
    transport.close();
    lost.await?;
    transport.resume_reading();
    say!(transport.is_reading());
    Ok(())
}

async fn a_callback_that_fails_ends_the_connection() -> Result<()> {
    get_running_loop()?.set_exception_handler(report);
    let fails = || Boom("in a callback").into();
    let data = Noting::new("data")?.on_data(move |_, _| Err(fails()));
    let eof = Noting::new("eof")?.on_eof(move |_| Err(fails()));
    for protocol in [data, eof] {
        let lost = protocol.lost();
        let (_, mut peer) = connected(protocol).await?;
        peer.write_all(b"hello")?;
        peer.shutdown(Shutdown::Write)?;
        lost.await?;
    }
    Ok(())
}

async fn the_first_and_the_last_callback_may_fail() -> Result<()> {
    get_running_loop()?.set_exception_handler(report);
    let fails = |_: &Transport| Err(Boom("in a callback").into());
    let protocols = [("made", Noting::new("made")?.on_made(fails)), ("lost", Noting::new("lost")?.on_lost(fails))];
    for (what, protocol) in protocols {
        let lost = protocol.lost();
        let (transport, peer) = connected(protocol).await?;
        say!(what, "connected");
        transport.close();
        lost.await?;
        drop(peer);
    }
    Ok(())
}

async fn a_protocol_answers_where_it_is_told() -> Result<()> {
    let protocol = Noting::new("ours")?
        .on_made(|transport| {
            transport.write(b"welcome ");
            Ok(())
        })
        .on_data(|transport, data| {
            transport.writelines([b"you said ", data]);
            Ok(())
        })
        .on_eof(|transport| {
            transport.write(b" goodbye");
            Ok(false)
        });
    let lost = protocol.lost();
    let (_, mut peer) = connected(protocol).await?;
    peer.write_all(b"hello")?;
    peer.shutdown(Shutdown::Write)?;
    lost.await?;
    let mut received = Vec::new();
    peer.read_to_end(&mut received)?;
    say!(received);
    Ok(())
}

async fn a_connection_is_handed_to_another_protocol() -> Result<()> {
    let (first, second) = (Noting::new("first")?, Noting::new("second")?);
    let (first_lost, second_lost) = (first.lost(), second.lost());
    let heard = first.heard();
    let (transport, mut peer) = connected(first).await?;
    peer.write_all(b"for the first")?;
    until(|| heard.get() > 0).await;
    transport.set_protocol(second);
    say!(
        transport
            .get_protocol::<Noting>()
            .is_some_and(|protocol| protocol.with(|protocol| protocol.lost() == second_lost))
    );
    peer.write_all(b"for the second")?;
    drop(peer);
    second_lost.await?;
    say!(first_lost.done());
    Ok(())
}

/// Four bytes of memory, and who waits for the end.
struct Lending([u8; 4], Future<()>);

#[asyncio::protocol]
impl Lending {
    fn connection_made(&mut self) {
        say!("made");
    }

    fn get_buffer(&mut self, _sizehint: Option<usize>) -> &mut [u8] {
        &mut self.0
    }

    fn buffer_updated(&mut self, nbytes: usize) {
        say!("updated", nbytes, &self.0[..nbytes]);
    }

    fn eof_received(&mut self) -> bool {
        say!("eof");
        false
    }

    fn connection_lost(&mut self, exc: Option<&Error>) -> Result<()> {
        say!("lost", exc);
        self.1.set_result(())
    }
}

async fn a_buffered_protocol_lends_its_memory() -> Result<()> {
    let lost = Future::new()?;
    let (_, mut peer) = connected(Lending([0; 4], lost.clone())).await?;
    peer.write_all(b"0123456789")?;
    drop(peer);
    lost.await
}

async fn a_transport_knows_both_addresses() -> Result<()> {
    let (transport, peer) = connected(Noting::new("ours")?).await?;
    say!(transport.peername() == Some(peer.local_addr()?));
    say!(transport.sockname() == Some(peer.peer_addr()?));
    say!(transport.get_extra_info("nonsense").map(drop));
    transport.close();
    ticks(2).await;
    say!(transport.peername() == Some(peer.local_addr()?));
    Ok(())
}
